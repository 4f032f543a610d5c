#include "router/dimse/messages.h"
#include "router/session/suboperations.h"

// The way of one sub-operation of a C-GET that is bridged: to the client's loop, and down its
// association.
namespace router::session {
namespace {

constexpr size_t kBatch = 256 << 10;  // bytes that go over at once

}  // namespace

Task<Result<SuboperationSession::Answer>> SuboperationSession::DeliverToClient(
    std::shared_ptr<GetBridge> bridge, ul::ContextId context, dimse::CommandSet command,
    Buffer head, bool complete) {
  const ul::AcceptedContext* from = ContextOf(context);
  const ul::AcceptedContext* to = bridge->ContextFor(from->abstract_syntax, from->transfer_syntax);
  if (!to) {
    auto drained = co_await DrainAfter(complete);
    if (!drained) co_return std::unexpected(drained.error());
    co_return Answer{dimse::status::kSopClassNotSupported,
                     "the client does not take this SOP class"};
  }
  // Move Originator belongs to C-MOVE (PS3.7 9.1.1.1).
  command.Remove(dimse::element::kMoveOriginator);
  command.Remove(dimse::element::kMoveOriginatorMessageId);
  Crossing crossing(bridge, to->id, command);
  if (to->transfer_syntax == from->transfer_syntax)
    co_return co_await Cross(crossing, std::move(head), complete);
  auto converted = co_await Convert(command, from->transfer_syntax, to->transfer_syntax,
                                    std::move(head), complete);
  if (!converted) co_return std::unexpected(converted.error());
  if (auto* answer = std::get_if<Answer>(&*converted)) co_return std::move(*answer);
  Buffer bytes = std::move(std::get<Buffer>(*converted));
  co_return co_await Cross(crossing, std::move(bytes), true);
}

// What fits into the credit is whole before the client's association is taken: a loss of upstream
// meanwhile costs that instance alone. What is larger is cut through, and broken off with the
// client's association, since half a message cannot be taken back: so it is if upstream is silent
// in its middle for `answer_within`.
Task<Result<SuboperationSession::Answer>> SuboperationSession::Cross(Crossing& crossing,
                                                                     Buffer head, bool complete) {
  size_t at_least = Crossing::kCredit;
  Buffer batch = std::move(head);
  bool taken = true, begun = false;
  Milliseconds silence = Silence();
  for (;;) {
    while (taken && !complete && batch.size() < at_least) {
      auto piece = co_await ReceivePiece(*upstream_, &complete, silence);
      if (!piece) {
        if (begun) crossing.BreakOff();
        co_return std::unexpected(piece.error());
      }
      batch.insert(batch.end(), piece->begin(), piece->end());
    }
    if (!taken) break;
    begun = true;
    silence = std::min(silence, application_.answer_within);
    Buffer next = std::move(batch);
    taken = co_await crossing.Send(std::move(next), complete);
    if (complete) break;
    batch = Buffer();
    batch.reserve(kBatch);
    at_least = kBatch;
  }
  auto drained = co_await DrainAfter(complete);
  if (!drained) co_return std::unexpected(drained.error());
  StoreAnswer answer = co_await crossing.Answer();
  co_return Answer{answer.status, std::move(answer.comment)};
}

}  // namespace router::session
