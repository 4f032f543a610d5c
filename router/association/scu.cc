#include "router/association/scu.h"

#include "router/base/fail_point.h"

namespace router::association {

Task<Result<std::unique_ptr<Scu>>> Scu::Open(net::Loop& loop, Peer peer,
                                             std::vector<ul::ProposedContext> contexts,
                                             ul::AssociateRj* rejected,
                                             Association::Opening* opening) {
  auto rq = ul::OriginateRequest(peer.calling, peer.called, peer.max_pdu, std::move(contexts));
  auto association = co_await Association::Request(loop, peer.endpoint, std::move(rq), peer.timers,
                                                   rejected, opening);
  if (!association) co_return std::unexpected(association.error());
  (*association)->SetSendLimit((*association)->answer().user.max_length.value_or(0), peer.max_pdu);
  co_return std::unique_ptr<Scu>(new Scu(std::move(*association), std::move(peer)));
}

const ul::AcceptedContext* Scu::Find(const Uid& abstract_syntax, const Uid& transfer_syntax) const {
  for (const ul::AcceptedContext& context : association_->agreed())
    if (context.abstract_syntax == abstract_syntax &&
        (transfer_syntax.empty() || context.transfer_syntax == transfer_syntax))
      return &context;
  return nullptr;
}

// The response to our one request, its data set appended to `data_set`. The peer may ask nothing
// of us meanwhile.
Task<Result<dimse::CommandSet>> Scu::AwaitResponse(ul::ContextId context, dimse::Command request,
                                                   uint16_t message_id, Buffer* data_set) {
  for (;;) {
    auto incoming = co_await association_->Receive(peer_.response);
    if (!incoming) co_return std::unexpected(incoming.error());
    if (incoming->kind == Incoming::Kind::kReleaseRequest)
      co_return Fail(Errc::kReleased, Blame::kUpstream,
                     "the peer released while a response was due", true);
    if (incoming->kind == Incoming::Kind::kData) {
      if (data_set)
        data_set->insert(data_set->end(), incoming->bytes.begin(), incoming->bytes.end());
    } else {
      const dimse::CommandSet& command = association_->command();
      if (command.command() != dimse::ResponseTo(request) || incoming->context != context ||
          command.message_id_responded_to() != message_id)
        co_return Fail(Errc::kMalformedDimse, Blame::kUpstream,
                       "the peer answered another message than the one that was sent");
    }
    if (incoming->last) co_return association_->command();
  }
}

Task<Result<uint16_t>> Scu::Echo() {
  const Uid verification(dimse::uid::kVerification);
  const ul::AcceptedContext* context = Find(verification);
  if (!context) co_return Fail(Errc::kRefused, Blame::kUpstream, "Verification was not accepted");
  const uint16_t id = NextMessageId();
  const ul::ContextId context_id = context->id;
  auto sent = co_await association_->Send(context_id, dimse::CEchoRq(id));
  if (!sent) co_return std::unexpected(sent.error());
  auto response = co_await AwaitResponse(context_id, dimse::Command::kCEchoRq, id, nullptr);
  if (!response) co_return std::unexpected(response.error());
  co_return response->status();
}

Task<Result<uint16_t>> Scu::Find(const ul::AcceptedContext& context, Buffer identifier,
                                 std::function<bool(Bytes)> on_answer) {
  const uint16_t id = NextMessageId();
  const ul::ContextId context_id = context.id;
  auto request = dimse::CFindRq(id, context.abstract_syntax);
  auto sent = co_await association_->Send(context_id, std::move(request), std::move(identifier));
  if (!sent) co_return std::unexpected(sent.error());
  bool cancelled = false;
  for (;;) {
    Buffer data_set;
    auto response = co_await AwaitResponse(context_id, dimse::Command::kCFindRq, id, &data_set);
    if (!response) co_return std::unexpected(response.error());
    auto of = dimse::ClassOf(dimse::Command::kCFindRsp, response->status());
    if (of != dimse::StatusClass::kPending) co_return response->status();
    if (cancelled || on_answer(data_set)) continue;
    cancelled = true;
    auto cancel = co_await association_->Send(context_id, dimse::CCancelRq(id));
    if (!cancel) co_return std::unexpected(cancel.error());
  }
}

Task<Result<StoreAnswer>> Scu::Store(const ul::AcceptedContext& context, Uid sop_class,
                                     Uid sop_instance, ByteSource& source, bool* sent_whole,
                                     std::optional<dimse::MoveOriginator> originator) {
  *sent_whole = false;
  const uint16_t id = NextMessageId();
  const ul::ContextId context_id = context.id;
  auto request = dimse::CStoreRq(id, sop_class, sop_instance, dimse::Priority::kMedium, originator);
  request.SetHasDataSet(true);
  Buffer command = request.Encode();
  auto turn = co_await association_->TakeTurn();
  association_->Append(context_id, true, command, true);
  for (bool ended = false; !ended;) {
    auto piece = co_await source.Next();
    if (!piece) co_return std::unexpected(piece.error());
    ended = piece->empty();
    association_->Append(context_id, false, *piece, ended);
    // A flush that fails may have handed the last byte to the kernel all the same.
    *sent_whole = ended;
    auto sent = co_await association_->Flush();
    if (!sent) co_return std::unexpected(sent.error());
  }
  Reach(FailPoint::kSent);
  turn.Release();
  auto response = co_await AwaitResponse(context_id, dimse::Command::kCStoreRq, id, nullptr);
  if (!response) co_return std::unexpected(response.error());
  co_return StoreAnswer{response->status(), std::string(response->error_comment())};
}

Task<> Scu::Release() {
  auto released = co_await association_->Release();
  if (!released) co_await association_->End();
}

Task<> Scu::Abort() { co_await association_->Abort(); }

}  // namespace router::association
