#pragma once
#include <optional>
#include <string>

#include "router/association/association.h"
#include "router/net/signal.h"
#include "router/session/ruling.h"
#include "router/session/services.h"

namespace router::session {

using association::Association;
using net::Milliseconds;
using net::Task;

// The requests of one association on their way through the rules, one after another, before each
// goes its own: what they want to see of its data
// set is received ahead of its turn, and no more; then it waits for its limits, is edited, and goes
// on or is to be answered here.
//
// Owned by the session that receives them, on its loop.
class RuledRequest {
 public:
  // The beginning of the data set, as far as it was received; edited once Obey has returned.
  struct Ahead {
    Buffer bytes;
    bool any = false;       // something was received
    bool complete = false;  // all of it
  };
  // Who asks for what, for log lines.
  struct Who {
    AeTitle calling;
    std::string application;  // for log lines
    const config::Application* to = nullptr;
  };

  // More of a client's instance than this is not kept in memory to be looked at or edited: it is
  // spooled first (late). A sub-operation has no spool of its own; beyond its limit it fails.
  static constexpr size_t kMostAhead = 256 << 10;          // bytes
  static constexpr size_t kMostOfSuboperation = 64 << 20;  // bytes

  // `woken`: ends a wait for a limit.
  RuledRequest(Services& services, Association& from, Ruling& ruling, net::Signal& woken, Who who,
               Milliseconds silence, size_t most_ahead = kMostAhead)
      : services_(services),
        from_(from),
        ruling_(ruling),
        woken_(woken),
        who_(std::move(who)),
        silence_(silence),
        most_ahead_(most_ahead) {}

  // Begins a request: finds out what rules say: then ruling.decisions() are it, but for what is
  // `late`. An error is the end of the association. `transfer_syntax`: of the data set.
  Task<Result<>> Look(const dimse::CommandSet& command, Ruling::Beside beside, Ahead* ahead);
  // Does what they say that is to be done before the request goes on: log lines and metrics,
  // limits, edits. Then `outcome` says how to answer it here, if it is to be.
  Task<Result<>> Obey(Ahead* ahead);
  // The same for an instance that lies in the spool, once Look has called it `late`: without edits.
  // Errors: those of its data set, and kDisk.
  Task<Result<>> ObeySpooled(dataset::Region region, uint64_t size);

  // All of it at once, for an instance that lies in the spool: without edits. Errors as above.
  Task<Result<>> ObeyWhole(const dimse::CommandSet& command, Ruling::Beside beside,
                           dataset::Region region, uint64_t size);

  // A C-STORE of which rules only say something once all of it is spooled, or that they edit beyond
  // what is kept in memory.
  bool late() const { return late_; }
  // Rules cannot be obeyed, or want it answered here. A drop has been logged.
  const std::optional<rules::Outcome>& outcome() const { return outcome_; }
  // What was edited, for people and for history; empty: nothing.
  const std::string& edits() const { return edits_; }
  void NoteEdits();
  // Where it goes, by its message if that leads elsewhere than its association.
  const config::Application* Target() const;

 private:
  const rules::Decisions& Begin(const dimse::CommandSet& command, Ruling::Beside beside);
  Task<Result<>> Receive(Ahead* ahead);
  Task<Result<>> Edit(Ahead* ahead);
  bool IsTooMuch(const Ahead& ahead, bool needs_whole);
  Task<> Decide();
  Task<std::optional<rules::Refuse>> AwaitLimits();
  void Count();
  void Fail(const Error& why);
  bool Objects();

  Services& services_;
  Association& from_;
  Ruling& ruling_;
  net::Signal& woken_;
  const Who who_;
  const Milliseconds silence_;
  const size_t most_ahead_;  // bytes
  dimse::Command command_ = dimse::Command::kCEchoRq;
  Uid transfer_syntax_, sop_instance_;
  Uid sop_class_;
  bool has_data_set_ = false, is_store_ = false, late_ = false, counted_ = false;
  std::optional<rules::Outcome> outcome_;
  std::string edits_;
};

// What rules would have done to a request of an application that is only observed: log lines and
// counters.
void NoteObservedRules(Services& services, ApplicationRuntime& runtime, const Ruling& ruling,
                       const dimse::CommandSet& command, const AeTitle& calling);

}  // namespace router::session
