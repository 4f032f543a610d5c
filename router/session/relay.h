#pragma once
#include "router/association/association.h"

namespace router::session {

using association::Association;
using association::Incoming;
using net::Milliseconds;
using net::Task;

// Is shown the pieces of a data set as they pass, `last` with the last, and keeps none of them
// waiting.
class Onlooker {
 public:
  virtual void See(Bytes piece, bool last) = 0;

 protected:
  ~Onlooker() = default;
};

// How the relay of one message ended, and which side ended it if not well.
struct Relayed {
  enum class End : uint8_t { kDone, kSourceFailed, kSinkFailed };
  End end = End::kDone;
  Error error{};
  uint64_t data_bytes = 0;  // of the data set
};

// Sends `command`, the message whose command set has just come from `from`, to `to`, and its data
// set as it comes: cut-through, one chunk at a time, so that a slow sink slows the source down.
// The message is sent under the turn of `to`.
//
// If either fails the message is broken off at `to` (Association::BreakOff): where a part of it had
// left, nothing but an abort may follow there. If the sink failed, the rest of the data set is
// still to come from `from` (unless *complete says otherwise): Drain it.
// `head`: bytes of the data set that were received already; they go first. `onlooker`, if any, sees
// what is received here.
Task<Relayed> RelayMessage(Association& from, Association& to, ul::ContextId context,
                           dimse::CommandSet command, bool* complete, Milliseconds silence,
                           Bytes head = {}, Onlooker* onlooker = nullptr);

// The next piece of the data set under way; good until the next Fill. An error too if something
// else comes.
Task<Result<Bytes>> ReceivePiece(Association& from, bool* complete, Milliseconds silence);

// Receives the rest of the message under way and drops it.
Task<Result<>> Drain(Association& from, bool complete, Milliseconds silence);

// Receives the data set of the message under way into memory. kLimit beyond `at_most` bytes: the
// rest has been drained then.
Task<Result<Buffer>> Collect(Association& from, bool complete, size_t at_most,
                             Milliseconds silence);

}  // namespace router::session
