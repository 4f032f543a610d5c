#pragma once
#include <iosfwd>
#include <optional>
#include <string>

#include "router/admin/source.h"
#include "router/base/clock.h"
#include "router/base/result.h"

// What `sluice held|status|release|retry|discard|reload|drain|leave` do: ask the API of a running
// Sluice and print its answer. Each Run… returns the exit code: 0, or 1 after a line on `err` that
// says what went wrong and what to do.
namespace router::admin {

inline constexpr const char* kDefaultUrl = "http://127.0.0.1:8780";

struct ClientOptions {
  std::string url = kDefaultUrl;  // --url
  std::string token_file;         // --token-file; empty: the environment's SLUICE_TOKEN, if set
  std::string token = {};         // from the configuration; goes before those
  bool json = false;              // --json: the API's answer as it is
};

int RunHeld(const ClientOptions& options, std::ostream& out, std::ostream& err,
            const Clock& clock = Clock());
int RunStatus(const ClientOptions& options, std::ostream& out, std::ostream& err);

int RunObserveReport(const ClientOptions& options, std::ostream& out, std::ostream& err);

// `application` is needed where the same UID is held for several.
struct ActOn {
  std::string sop_instance_uid;
  std::string reason;  // discard demands one
  std::string application;
};
int RunAct(const ClientOptions& options, HeldAction action, const ActOn& on, std::ostream& out,
           std::ostream& err);

int RunCommand(const ClientOptions& options, Command command, std::ostream& out, std::ostream& err);

// Begins to leave and waits until that is done, telling how it goes. `to`: of this machine.
int RunLeave(const ClientOptions& options, const std::string& to, std::ostream& out,
             std::ostream& err);

// The token to send, without the white space around it, or empty.
Result<std::string> TokenOf(const ClientOptions& options);

}  // namespace router::admin
