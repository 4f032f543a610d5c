#include "router/session/relay.h"

namespace router::session {

Task<Relayed> RelayMessage(Association& from, Association& to, ul::ContextId context,
                           dimse::CommandSet command, bool* complete, Milliseconds silence,
                           Bytes head) {
  using End = Relayed::End;
  Relayed relayed;
  Buffer encoded = command.Encode();
  auto turn = co_await to.TakeTurn();
  to.Append(context, true, encoded, true);
  relayed.data_bytes = head.size();
  if (!head.empty()) to.Append(context, false, head, *complete);
  while (!*complete) {
    auto incoming = from.TryReceive();
    if (!incoming) {
      relayed.end = End::kSourceFailed;
      relayed.error = incoming.error();
      co_return relayed;
    }
    if (*incoming) {
      // A command set or a release in the middle of a data set: TryReceive has refused the first;
      // the second breaks PS3.7 just as well.
      if ((*incoming)->kind != Incoming::Kind::kData) {
        relayed.end = End::kSourceFailed;
        relayed.error = {Errc::kMalformedDimse, Blame::kDownstream, false,
                         "a release was asked for in the middle of a message"};
        co_return relayed;
      }
      relayed.data_bytes += (*incoming)->bytes.size();
      *complete = (*incoming)->last;
      to.Append(context, false, (*incoming)->bytes, *complete);
      continue;
    }
    auto sent = co_await to.Flush();
    if (!sent) {
      relayed.end = End::kSinkFailed;
      relayed.error = sent.error();
      co_return relayed;
    }
    auto filled = co_await from.Fill(silence);
    if (!filled) {
      relayed.end = End::kSourceFailed;
      relayed.error = filled.error();
      co_return relayed;
    }
  }
  auto sent = co_await to.Flush();
  if (!sent) {
    relayed.end = End::kSinkFailed;
    relayed.error = sent.error();
  }
  co_return relayed;
}

Task<Result<>> Drain(Association& from, bool complete, Milliseconds silence) {
  while (!complete) {
    auto incoming = co_await from.Receive(silence);
    if (!incoming) co_return std::unexpected(incoming.error());
    if (incoming->kind != Incoming::Kind::kData)
      co_return Fail(Errc::kMalformedDimse, Blame::kDownstream,
                     "a release was asked for in the middle of a message");
    complete = incoming->last;
  }
  co_return Result<>();
}

Task<Result<Buffer>> Collect(Association& from, bool complete, size_t at_most,
                             Milliseconds silence) {
  Buffer collected;
  while (!complete) {
    auto incoming = co_await from.Receive(silence);
    if (!incoming) co_return std::unexpected(incoming.error());
    if (incoming->kind != Incoming::Kind::kData)
      co_return Fail(Errc::kMalformedDimse, Blame::kDownstream,
                     "a release was asked for in the middle of a message");
    complete = incoming->last;
    if (collected.size() + incoming->bytes.size() > at_most) {
      auto drained = co_await Drain(from, complete, silence);
      if (!drained) co_return std::unexpected(drained.error());
      co_return Fail(Errc::kLimit, Blame::kDownstream,
                     "the data set has more than " + std::to_string(at_most) + " bytes");
    }
    collected.insert(collected.end(), incoming->bytes.begin(), incoming->bytes.end());
  }
  co_return collected;
}

}  // namespace router::session
