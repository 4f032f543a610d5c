#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "router/base/ae_title.h"
#include "router/base/uid.h"
#include "router/config/config.h"
#include "router/dimse/command.h"

// Who may call, and as what: pure decisions on the configuration, no I/O. Default deny. Pointers
// into the configuration are good for as long as the session's shared_ptr<const Config>.
namespace router::session {

// What an A-ASSOCIATE-RQ says of its sender, and where it came from.
struct Caller {
  std::string address;  // numeric, of the connection or of its PROXY header
  AeTitle calling, called;
  Uid implementation_class;  // empty if the request had none
};

// A listed client calls an application.
struct AdmittedClient {
  const config::Client* client;
  const config::Application* application;  // has an address: what it called, or rules say
};

// A listed client calls one of our own titles: C-ECHO is answered by us, nothing else is offered.
struct OwnEcho {
  const config::Client* client;
  AeTitle called;
};

// An application calls one of our titles from its own address: it brings the sub-operations of a
// C-MOVE (and may C-ECHO).
struct SubOperations {
  const config::Application* application;
  AeTitle called;
};

// The label `reason` of sluice_rejected_associations_total.
enum class RejectReason : uint8_t {
  kCallingUnknown,  // no client and no application has this title
  kAddressUnknown,  // the title is configured, but not from this address
  kCalledUnknown,   // no application has this title, or none that can be called
  kLoop,            // the association is our own
  kLimit,           // too many associations, or we are stopping (Serve, not Admit)
};
std::string_view NameOf(RejectReason reason);

// An A-ASSOCIATE-RJ (PS3.8 9.3.4). `for_log` names the nearest configured title and what to
// change; it must not go on the wire.
struct Rejected {
  uint8_t result, source, reason;
  RejectReason why;
  std::string for_log;
};

using Admission = std::variant<AdmittedClient, OwnEcho, SubOperations, Rejected>;

// `ours`: our own implementation class UID, by which a loop is known. `routed`: the application to
// which rules send this association of a client, in place of the one that it called; or null.
Admission Admit(const config::Config& config, const Caller& caller, const Uid& ours,
                const config::Application* routed = nullptr);

// May the client send this request on a context of this abstract syntax? C-ECHO and C-CANCEL
// always. If not: 0124H, after draining its data set.
bool MayUse(const config::Client& client, dimse::Command request, const Uid& abstract_syntax);

// Is there any permitted command that could use the context? If not: result 1 (user rejection).
// A class that is in no table may be a private storage class: it takes store or get.
bool ContextPermitted(const config::Client& client, const Uid& abstract_syntax);

}  // namespace router::session
