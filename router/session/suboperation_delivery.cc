#include "router/association/protocol_errors.h"
#include "router/dataset/convert.h"
#include "router/dataset/part10.h"
#include "router/dimse/messages.h"
#include "router/session/suboperations.h"
#include "router/store/spool.h"

// The way of one sub-operation to its destination.
namespace router::session {

// An error is upstream's end; everything else is an answer for it.
Task<Result<SuboperationSession::Answer>> SuboperationSession::Deliver(
    std::shared_ptr<OpenMove> move, ul::ContextId context, dimse::CommandSet command, Buffer head,
    bool complete) {
  MoveTarget target = move->request.target;
  auto leg = co_await legs_.For(upstream_->loop(), std::move(target), application_.answer_within);
  if (!leg) {
    auto drained = co_await DrainAfter(complete);
    if (!drained) co_return std::unexpected(drained.error());
    co_return Answer{dimse::status::kOutOfResources, leg.error().detail};
  }
  command.SetMoveOriginator(move->request.client, move->request.client_message_id);
  const ul::AcceptedContext* from = ContextOf(context);
  const ul::AcceptedContext* to = nullptr;
  for (const ul::AcceptedContext& accepted : (*leg)->association->agreed()) {
    if (accepted.abstract_syntax != from->abstract_syntax) continue;
    if (!to || accepted.transfer_syntax == from->transfer_syntax) to = &accepted;
    if (accepted.transfer_syntax == from->transfer_syntax) break;
  }
  if (!to) {
    auto drained = co_await DrainAfter(complete);
    if (!drained) co_return std::unexpected(drained.error());
    co_return Answer{dimse::status::kSopClassNotSupported,
                     "the destination does not take this SOP class"};
  }
  if (to->transfer_syntax == from->transfer_syntax) {
    const ul::ContextId leg_context = to->id;
    co_return co_await CutThrough(**leg, leg_context, std::move(command), std::move(head),
                                  complete);
  }
  co_return co_await Converted(**leg, *from, *to, std::move(command), std::move(head), complete);
}

Task<Result<SuboperationSession::Answer>> SuboperationSession::CutThrough(MoveLegs::Leg& leg,
                                                                          ul::ContextId leg_context,
                                                                          dimse::CommandSet command,
                                                                          Buffer head,
                                                                          bool complete) {
  command.SetMessageId(++leg.message_id);
  Relayed relayed = co_await RelayMessage(*upstream_, *leg.association, leg_context,
                                          std::move(command), &complete, Silence(), head);
  if (relayed.end == Relayed::End::kSourceFailed) co_return std::unexpected(relayed.error);
  if (relayed.end == Relayed::End::kSinkFailed) {
    co_await legs_.Close(leg, false);
    auto drained = co_await DrainAfter(complete);
    if (!drained) co_return std::unexpected(drained.error());
    co_return Answer{dimse::status::kOutOfResources, "the destination was lost"};
  }
  co_return co_await AwaitAnswer(leg);
}

// Another transfer syntax than upstream sends: through the spool, re-encoded by DCMTK.
Task<Result<SuboperationSession::Answer>> SuboperationSession::Converted(
    MoveLegs::Leg& leg, const ul::AcceptedContext& from, const ul::AcceptedContext& to,
    dimse::CommandSet command, Buffer head, bool complete) {
  dataset::FileMeta meta{command.affected_sop_class(),
                         command.affected_sop_instance(),
                         from.transfer_syntax,
                         Uid(ul::kImplementationClassUid),
                         std::string(ul::kImplementationVersion),
                         application_.ae_title};
  const Uid target = to.transfer_syntax;
  const ul::ContextId leg_context = to.id;
  Buffer header = dataset::MakeFileMetaHeader(meta);
  auto writer = co_await services_.spool.Write(std::move(header));
  Result<> written = writer ? Result<>() : std::unexpected(writer.error());
  if (written && !head.empty()) written = co_await (*writer)->Append(std::move(head));
  while (!complete) {
    auto piece = co_await ReceivePiece(*upstream_, &complete, Silence());
    if (!piece) {
      if (writer) co_await (*writer)->Drop();
      co_return std::unexpected(piece.error());
    }
    const Bytes bytes = *piece;
    if (written && !bytes.empty()) written = co_await (*writer)->Append(bytes);
  }
  if (!written) {
    if (writer) co_await (*writer)->Drop();
    co_return Answer{dimse::status::kOutOfResources, written.error().detail};
  }
  auto file = co_await (*writer)->Finish();
  if (!file) co_return Answer{dimse::status::kOutOfResources, file.error().detail};
  std::string path = (*writer)->path();
  auto convert = [path, target]() { return dataset::ConvertToBytes(path, target); };
  auto converted = co_await services_.cpu.Run<Result<Buffer>>(std::move(convert));
  co_await (*writer)->Drop();
  if (!converted) co_return Answer{dimse::status::kSopClassNotSupported, converted.error().detail};
  command.SetMessageId(++leg.message_id);
  Buffer bytes = std::move(*converted);
  auto sent = co_await leg.association->Send(leg_context, std::move(command), std::move(bytes));
  if (!sent) {
    co_await legs_.Close(leg, false);
    co_return Answer{dimse::status::kOutOfResources, "the destination was lost"};
  }
  co_return co_await AwaitAnswer(leg);
}

// What the destination answers, within `answer_within`; afterwards nobody knows, which is failed.
Task<SuboperationSession::Answer> SuboperationSession::AwaitAnswer(MoveLegs::Leg& leg) {
  for (;;) {
    auto incoming = co_await leg.association->Receive(application_.answer_within);
    if (!incoming || incoming->kind == Incoming::Kind::kReleaseRequest) {
      std::string why = incoming ? "the destination released" : incoming.error().detail;
      if (!incoming) association::CountProtocolError(services_.metrics, incoming.error());
      co_await legs_.Close(leg, false);
      co_return Answer{dimse::status::kOutOfResources, "the destination: " + why};
    }
    if (incoming->kind == Incoming::Kind::kData) continue;
    const dimse::CommandSet& response = leg.association->command();
    if (response.command() == dimse::Command::kCStoreRsp &&
        response.message_id_responded_to() == leg.message_id)
      co_return Answer{response.status(), std::string(response.error_comment())};
  }
}

}  // namespace router::session
