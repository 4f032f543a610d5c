#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "router/base/ae_title.h"
#include "router/base/uid.h"

namespace router::store {

// Where an application is, as far as it is known; what is empty the script asks for.
struct SendTo {
  std::string host, port;
  AeTitle called;
};

// A script of /bin/sh that sends exported instances with DCMTK's storescu, in the order in which
// they were added, and stops at the first that is not taken. A pure text: whatever titles and names
// hold, nothing of them is ever read as a command.
class SendScript {
 public:
  SendScript(std::string application, SendTo to)
      : application_(std::move(application)), to_(std::move(to)) {}

  // `file`: relative to the script's folder. `calling`: who must call, since an application may
  // treat (Varian: a character set), or trust, each title otherwise. `optional`: sent only when
  // the script is called with --quarantined.
  void Add(std::string_view file, const AeTitle& calling, const Uid& transfer_syntax,
           bool optional);
  std::string Text() const;

 private:
  struct Batch {
    AeTitle calling;
    std::string_view option;
    bool optional = false;
    std::vector<std::string> files;
  };
  std::string application_;
  SendTo to_;
  std::vector<Batch> batches_;
};

// As one word of /bin/sh.
std::string Quoted(std::string_view text);

// The option with which storescu proposes a transfer syntax; empty: it does so anyway, or cannot.
std::string_view StorescuOption(const Uid& transfer_syntax);

}  // namespace router::store
