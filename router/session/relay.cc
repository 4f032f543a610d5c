#include "router/session/relay.h"

namespace router::session {
namespace {

Error ReleaseWithinMessage(const Association& from) {
  return {Errc::kMalformedDimse, from.blame(), false,
          "a release was asked for in the middle of a message"};
}

}  // namespace

Task<Relayed> RelayMessage(Association& from, Association& to, ul::ContextId context,
                           dimse::CommandSet command, bool* complete, Milliseconds silence,
                           Bytes head, Onlooker* onlooker) {
  using End = Relayed::End;
  uint64_t data_bytes = head.size();
  auto broken_off = [&](End end, Error why) {
    const char* whose = why.blame == Blame::kUpstream ? "upstream: " : "client: ";
    to.BreakOff({Errc::kInterrupted, why.blame, true, whose + why.detail});
    return Relayed{end, std::move(why), data_bytes};
  };
  Buffer encoded = command.Encode();
  auto turn = co_await to.TakeTurn();
  to.Append(context, true, encoded, true);
  if (!head.empty() || (*complete && command.HasDataSet()))
    to.Append(context, false, head, *complete);
  while (!*complete) {
    auto incoming = from.TryReceive();
    if (!incoming) co_return broken_off(End::kSourceFailed, incoming.error());
    if (*incoming) {
      // A command set or a release in the middle of a data set: TryReceive has refused the first;
      // the second breaks PS3.7 just as well.
      if ((*incoming)->kind != Incoming::Kind::kData)
        co_return broken_off(End::kSourceFailed, ReleaseWithinMessage(from));
      data_bytes += (*incoming)->bytes.size();
      *complete = (*incoming)->last;
      to.Append(context, false, (*incoming)->bytes, *complete);
      if (onlooker) onlooker->See((*incoming)->bytes, *complete);
      continue;
    }
    auto sent = co_await to.Flush();
    if (!sent) co_return broken_off(End::kSinkFailed, sent.error());
    auto filled = co_await from.Fill(silence);
    if (!filled) co_return broken_off(End::kSourceFailed, filled.error());
  }
  auto sent = co_await to.Flush();
  if (!sent) co_return broken_off(End::kSinkFailed, sent.error());
  co_return Relayed{End::kDone, {}, data_bytes};
}

Task<Result<Bytes>> ReceivePiece(Association& from, bool* complete, Milliseconds silence) {
  auto incoming = co_await from.Receive(silence);
  if (!incoming) co_return std::unexpected(incoming.error());
  if (incoming->kind != Incoming::Kind::kData)
    co_return std::unexpected(ReleaseWithinMessage(from));
  *complete = incoming->last;
  co_return incoming->bytes;
}

Task<Result<>> Drain(Association& from, bool complete, Milliseconds silence) {
  while (!complete) {
    auto piece = co_await ReceivePiece(from, &complete, silence);
    if (!piece) co_return std::unexpected(piece.error());
  }
  co_return Result<>();
}

Task<Result<Buffer>> Collect(Association& from, bool complete, size_t at_most,
                             Milliseconds silence) {
  Buffer collected;
  while (!complete) {
    auto piece = co_await ReceivePiece(from, &complete, silence);
    if (!piece) co_return std::unexpected(piece.error());
    if (collected.size() + piece->size() > at_most) {
      auto drained = co_await Drain(from, complete, silence);
      if (!drained) co_return std::unexpected(drained.error());
      co_return Fail(Errc::kLimit, Blame::kDownstream,
                     "the data set has more than " + std::to_string(at_most) + " bytes");
    }
    collected.insert(collected.end(), piece->begin(), piece->end());
  }
  co_return collected;
}

}  // namespace router::session
