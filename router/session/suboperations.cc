#include "router/session/suboperations.h"

#include <algorithm>

#include "router/association/protocol_errors.h"
#include "router/dataset/convert.h"
#include "router/dataset/head.h"
#include "router/dataset/part10.h"
#include "router/dimse/messages.h"
#include "router/dimse/sop_classes.h"
#include "router/session/legs.h"
#include "router/store/spool.h"

namespace router::session {
namespace {

// Study and Series stand in the first few hundred bytes of real files; private elements before
// them have been seen to take some more.
constexpr size_t kHeadAtMost = 64 << 10;

SuboperationOutcome OutcomeOf(uint16_t status) {
  switch (dimse::ClassOf(dimse::Command::kCStoreRsp, status)) {
    case dimse::StatusClass::kSuccess:
      return SuboperationOutcome::kCompleted;
    case dimse::StatusClass::kWarning:
      return SuboperationOutcome::kWarning;
    default:
      return SuboperationOutcome::kFailed;
  }
}

std::string_view NameOf(SuboperationOutcome outcome) {
  switch (outcome) {
    case SuboperationOutcome::kCompleted:
      return "completed";
    case SuboperationOutcome::kWarning:
      return "warning";
    case SuboperationOutcome::kFailed:
      return "failed";
  }
  return "failed";
}

}  // namespace

SuboperationSession::SuboperationSession(Services& services,
                                         std::shared_ptr<const config::Config> config,
                                         SubOperations admitted, ul::AssociateRq rq,
                                         std::unique_ptr<Association> upstream)
    : services_(services),
      config_(std::move(config)),
      application_(*admitted.application),
      title_(admitted.called),
      rq_(std::move(rq)),
      upstream_(std::move(upstream)),
      entry_(services.roster(upstream_->loop()), this),
      began_(services.clock.WallNow()) {}

SuboperationSession::~SuboperationSession() = default;

Task<> SuboperationSession::Run() {
  bool accepted = co_await Negotiate();
  Result<> how = Fail(Errc::kClosed, Blame::kUpstream, "not accepted");
  if (accepted) how = co_await Serve();
  for (Leg& leg : legs_) co_await CloseLeg(leg, how.has_value());
  if (how)
    co_await upstream_->ConfirmRelease();
  else
    co_await upstream_->Abort();
  co_await upstream_->End();
  auto& registry = services_.metrics;
  registry
      .Get<metrics::Id::kAssociationsTotal>("upstream", application_.name,
                                            how ? "released" : "aborted")
      .Add();
  registry.Get<metrics::Id::kBytes>("upstream", "in")
      .Add(static_cast<double>(upstream_->stream().bytes_read()));
  registry.Get<metrics::Id::kBytes>("upstream", "out")
      .Add(static_cast<double>(upstream_->stream().bytes_written()));
  if (accepted && !how && how.error().blame == Blame::kUpstream)
    association::CountProtocolError(registry, how.error());
  log::Info("association of sub-operations ended", {{"application", application_.name},
                                                    {"title", title_.view()},
                                                    {"messages", messages_},
                                                    {"why", how ? "" : how.error().detail}});
}

// ---- negotiation

// Upstream is answered with what the destinations of the moves that are open on this title accept:
// they are asked now, with upstream's own contexts.
Task<bool> SuboperationSession::Negotiate() {
  offered_ = rq_.contexts;
  co_await OpenCandidates();
  ul::TerminateTerms terms;
  terms.max_length = config_->limits.max_pdu;
  terms.choose = [this](const ul::ProposedContext& context) { return Choose(context); };
  ul::AssociateAc ac = ul::TerminateAccept(rq_, terms);
  contexts_ = ul::Agreed(rq_, ac);
  upstream_->SetReceiveLimit(terms.max_length);
  upstream_->SetSendLimit(rq_.user.max_length.value_or(0), config_->limits.max_pdu);
  auto accepted = co_await upstream_->Accept(std::move(ac));
  co_return accepted.has_value();
}

Task<> SuboperationSession::OpenCandidates() {
  for (const auto& move : services_.moves.Candidates(application_.name, title_)) {
    auto leg = co_await LegFor(move->request.target);
    if (!leg)
      log::Warning("destination of a move not reached",
                   {{"destination", move->request.target.label}, {"why", leg.error().detail}});
  }
}

ul::ContextAnswer SuboperationSession::Choose(const ul::ProposedContext& context) const {
  using ul::ContextAnswer, ul::ContextResult;
  if (context.abstract_syntax.view() == dimse::uid::kVerification)
    return ContextAnswer::Accept(context.transfer_syntaxes.front());
  if (!dimse::IsStorage(context.abstract_syntax.view()) && legs_.empty())
    return ContextAnswer::Reject(ContextResult::kAbstractSyntaxNotSupported);
  std::vector<Uid> chosen;
  for (const Leg& leg : legs_)
    for (const ul::AcceptedContext& accepted : leg.association->agreed())
      if (accepted.id == context.id) chosen.push_back(accepted.transfer_syntax);
  auto offers = [&](std::string_view syntax) {
    return std::ranges::find(context.transfer_syntaxes, Uid(syntax)) !=
           context.transfer_syntaxes.end();
  };
  if (!legs_.empty() && chosen.empty())
    return ContextAnswer::Reject(ContextResult::kAbstractSyntaxNotSupported);
  if (!chosen.empty() && chosen.size() == legs_.size() &&
      std::ranges::all_of(chosen, [&](const Uid& uid) { return uid == chosen.front(); }))
    return ContextAnswer::Accept(chosen.front());
  // They differ, or nobody could be asked: what can be converted for each.
  for (std::string_view syntax :
       {dimse::uid::kExplicitVrLittleEndian, dimse::uid::kImplicitVrLittleEndian})
    if (offers(syntax)) return ContextAnswer::Accept(Uid(syntax));
  return ContextAnswer::Reject(ContextResult::kTransferSyntaxesNotSupported);
}

// ---- serving

Task<Result<>> SuboperationSession::Serve() {
  for (;;) {
    busy_ = false;
    if (stopping_) co_return Fail(Errc::kInterrupted, Blame::kInternal, "Sluice is stopping");
    auto incoming = co_await upstream_->Receive(Silence());
    if (!incoming) co_return std::unexpected(incoming.error());
    if (incoming->kind == Incoming::Kind::kReleaseRequest) co_return Result<>();
    busy_ = true;
    ++messages_;
    const dimse::Command command = upstream_->command().command();
    Result<> served;
    if (command == dimse::Command::kCStoreRq) {
      served = co_await OnStore(*incoming);
    } else if (command == dimse::Command::kCEchoRq) {
      auto response = dimse::CEchoRsp(upstream_->command());
      served = co_await upstream_->Send(incoming->context, std::move(response));
    } else {
      dimse::CommandSet request = upstream_->command();
      served = co_await DrainAfter(incoming->last);
      if (served && dimse::IsRequest(request.command()) &&
          request.command() != dimse::Command::kCCancelRq) {
        auto response = dimse::Response(request, dimse::status::kUnrecognizedOperation,
                                        "only sub-operations are taken here");
        served = co_await upstream_->Send(incoming->context, std::move(response));
      }
    }
    if (!served) co_return std::unexpected(served.error());
  }
}

Task<Result<>> SuboperationSession::OnStore(Incoming first) {
  dimse::CommandSet command = upstream_->command();
  bool complete = first.last;
  Buffer head;
  auto attribution = co_await Attribute(command, &complete, &head);
  if (!attribution) co_return std::unexpected(attribution.error());
  const Uid instance = command.affected_sop_instance();
  Answer answer;
  if (!attribution->move) {
    auto drained = co_await DrainAfter(complete);
    if (!drained) co_return std::unexpected(drained.error());
    answer = {dimse::status::kNotAuthorized, "no move to which this belongs"};
    services_.metrics.Get<metrics::Id::kMoveSuboperations>("none", "unattributed").Add();
    log::Warning("sub-operation not attributed", {{"application", application_.name},
                                                  {"title", title_.view()},
                                                  {"sop_instance_uid", instance.str()},
                                                  {"why", attribution->why}});
  } else {
    std::shared_ptr<OpenMove> move = attribution->move;
    services_.moves.Begin(move);
    auto delivered = co_await Deliver(move, first.context, command, std::move(head), complete);
    const uint16_t status = delivered ? delivered->status : dimse::status::kOutOfResources;
    const SuboperationOutcome outcome = OutcomeOf(status);
    // The outcome is recorded before upstream is answered: its final response may follow at once.
    const bool late = services_.moves.End(move, outcome, instance);
    services_.metrics
        .Get<metrics::Id::kMoveSuboperations>(move->request.target.label,
                                              late ? "late" : NameOf(outcome))
        .Add();
    if (late || outcome != SuboperationOutcome::kCompleted)
      log::Warning(late ? "sub-operation came after the end of its move" : "sub-operation failed",
                   {{"destination", move->request.target.label},
                    {"sop_instance_uid", instance.str()},
                    {"status", status},
                    {"why", delivered ? delivered->comment : delivered.error().detail}});
    if (!delivered) co_return std::unexpected(delivered.error());
    answer = std::move(*delivered);
  }
  auto response = dimse::CStoreRsp(command, answer.status, answer.comment);
  co_return co_await upstream_->Send(first.context, std::move(response));
}

// By title and originator; where these leave several, by the UIDs in the data set's head, which is
// kept in `head` then.
Task<Result<Moves::Attribution>> SuboperationSession::Attribute(const dimse::CommandSet& command,
                                                                bool* complete, Buffer* head) {
  Moves::Clues clues;
  clues.originator = command.move_originator();
  clues.originator_message_id = command.move_originator_message_id();
  clues.instance = command.affected_sop_instance();
  auto attribution = services_.moves.Attribute(application_.name, title_, clues);
  if (!attribution.needs_head) co_return attribution;
  const ul::AcceptedContext* context = ContextOf(upstream_->command_context());
  for (;;) {
    auto facts = dataset::ReadHead(*head, context->transfer_syntax, *complete);
    if (!facts) break;
    clues.study = facts->study;
    clues.series = facts->series;
    if (facts->reach != dataset::Reach::kPartial || *complete || head->size() >= kHeadAtMost) break;
    auto incoming = co_await upstream_->Receive(Silence());
    if (!incoming) co_return std::unexpected(incoming.error());
    if (incoming->kind != Incoming::Kind::kData)
      co_return Fail(Errc::kMalformedDimse, Blame::kUpstream, "a release within a message");
    head->insert(head->end(), incoming->bytes.begin(), incoming->bytes.end());
    *complete = incoming->last;
  }
  clues.head_read = true;
  co_return services_.moves.Attribute(application_.name, title_, clues);
}

// An error is upstream's end; everything else is an answer for it.
Task<Result<SuboperationSession::Answer>> SuboperationSession::Deliver(
    std::shared_ptr<OpenMove> move, ul::ContextId context, dimse::CommandSet command, Buffer head,
    bool complete) {
  auto leg = co_await LegFor(move->request.target);
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

Task<Result<SuboperationSession::Answer>> SuboperationSession::CutThrough(
    Leg& leg, ul::ContextId leg_context, dimse::CommandSet command, Buffer head, bool complete) {
  command.SetMessageId(++leg.message_id);
  Relayed relayed = co_await RelayMessage(*upstream_, *leg.association, leg_context,
                                          std::move(command), &complete, Silence(), head);
  if (relayed.end == Relayed::End::kSourceFailed) co_return std::unexpected(relayed.error);
  if (relayed.end == Relayed::End::kSinkFailed) {
    co_await CloseLeg(leg, false);
    auto drained = co_await DrainAfter(complete);
    if (!drained) co_return std::unexpected(drained.error());
    co_return Answer{dimse::status::kOutOfResources, "the destination was lost"};
  }
  co_return co_await AwaitAnswer(leg);
}

// Another transfer syntax than upstream sends: through the spool, re-encoded by DCMTK.
Task<Result<SuboperationSession::Answer>> SuboperationSession::Converted(
    Leg& leg, const ul::AcceptedContext& from, const ul::AcceptedContext& to,
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
    auto incoming = co_await upstream_->Receive(Silence());
    if (!incoming) {
      if (writer) co_await (*writer)->Drop();
      co_return std::unexpected(incoming.error());
    }
    complete = incoming->last;
    const Bytes piece = incoming->bytes;
    if (written && !piece.empty()) written = co_await (*writer)->Append(piece);
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
    co_await CloseLeg(leg, false);
    co_return Answer{dimse::status::kOutOfResources, "the destination was lost"};
  }
  co_return co_await AwaitAnswer(leg);
}

// What the destination answers, within `answer_within`; afterwards nobody knows, which is failed.
Task<SuboperationSession::Answer> SuboperationSession::AwaitAnswer(Leg& leg) {
  for (;;) {
    auto incoming = co_await leg.association->Receive(application_.answer_within);
    if (!incoming || incoming->kind == Incoming::Kind::kReleaseRequest) {
      std::string why = incoming ? "the destination released" : incoming.error().detail;
      if (!incoming) association::CountProtocolError(services_.metrics, incoming.error());
      co_await CloseLeg(leg, false);
      co_return Answer{dimse::status::kOutOfResources, "the destination: " + why};
    }
    if (incoming->kind == Incoming::Kind::kData) continue;
    const dimse::CommandSet& response = leg.association->command();
    if (response.command() == dimse::Command::kCStoreRsp &&
        response.message_id_responded_to() == leg.message_id)
      co_return Answer{response.status(), std::string(response.error_comment())};
  }
}

// ---- legs

Task<Result<SuboperationSession::Leg*>> SuboperationSession::LegFor(const MoveTarget& target) {
  Leg* found = nullptr;
  for (Leg& leg : legs_)
    if (leg.target == target) found = &leg;
  if (found && found->association && found->association->IsEstablished()) co_return found;
  delivery::Slot slot;
  if (!target.application.empty()) {
    auto taken = co_await TakeSlot(services_.Application(target.application),
                                   delivery::Purpose::kRelay, application_.answer_within);
    if (!taken) co_return std::unexpected(taken.error());
    slot = std::move(*taken);
  }
  auto rq = ul::OriginateRequest(target.calling, target.called, config_->limits.max_pdu, offered_);
  auto association = co_await Association::Request(upstream_->loop(), target.endpoint,
                                                   std::move(rq), target.timers);
  if (!association) co_return std::unexpected(association.error());
  (*association)
      ->SetSendLimit((*association)->answer().user.max_length.value_or(0), config_->limits.max_pdu);
  if (!found) found = &legs_.emplace_back(target);
  found->slot = std::move(slot);
  found->association = std::move(*association);
  found->message_id = 0;
  co_return found;
}

Task<> SuboperationSession::CloseLeg(Leg& leg, bool release) {
  if (!leg.association) co_return;
  if (release && leg.association->IsEstablished())
    co_await leg.association->Release();
  else
    co_await leg.association->Abort();
  co_await leg.association->End();
  auto& registry = services_.metrics;
  registry.Get<metrics::Id::kBytes>("upstream", "out")
      .Add(static_cast<double>(leg.association->stream().bytes_written()));
  leg.association.reset();
  leg.slot.Release();
}

// ---- small things

Task<Result<>> SuboperationSession::DrainAfter(bool complete) {
  co_return co_await Drain(*upstream_, complete, Silence());
}

const ul::AcceptedContext* SuboperationSession::ContextOf(ul::ContextId id) const {
  auto found = std::ranges::find(contexts_, id, &ul::AcceptedContext::id);
  return found != contexts_.end() ? &*found : nullptr;
}

Milliseconds SuboperationSession::Silence() const { return application_.timeouts.move_response; }

void SuboperationSession::Stop(bool at_once) {
  stopping_ = true;
  if (at_once || !busy_)
    upstream_->Interrupt({Errc::kInterrupted, Blame::kInternal, true, "Sluice is stopping"});
}

AssociationSnapshot SuboperationSession::Describe() const {
  return {"upstream",
          rq_.calling.title().str(),
          title_.str(),
          application_.name,
          upstream_->peer_address(),
          upstream_->IsEstablished() ? "open" : "negotiating",
          began_,
          messages_};
}

}  // namespace router::session
