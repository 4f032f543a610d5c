#include "router/session/suboperations.h"

#include <algorithm>

#include "router/association/protocol_errors.h"
#include "router/dataset/head.h"
#include "router/dimse/messages.h"
#include "router/dimse/sop_classes.h"
#include "router/session/held_store.h"
#include "router/session/legs.h"

namespace router::session {
namespace {

// Study and Series stand in the first few hundred bytes of real files; private elements before
// them have been seen to take some more.
constexpr size_t kHeadAtMost = 64 << 10;

// Upstream waits for our A-ASSOCIATE-AC while destinations are asked.
constexpr Milliseconds kNegotiateWithin{5'000};

// How often an idle session looks whether others wait for its legs.
constexpr Milliseconds kLookAtLegs{250};

// How long a busy session keeps a leg for which others wait.
constexpr Milliseconds kShareOfLeg{1'000};

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
      legs_(services, upstream_->loop(), config_->limits.max_pdu, application_.answer_within,
            rq_.contexts),
      limited_(upstream_->loop()),
      began_(services.clock.WallNow()) {}

SuboperationSession::~SuboperationSession() = default;

Task<> SuboperationSession::Run() {
  bool accepted = co_await Negotiate();
  Result<> how = Fail(Errc::kClosed, Blame::kUpstream, "not accepted");
  if (accepted) {
    Moves::Visit visit(services_.moves, application_.name, title_);
    how = co_await Serve();
  }
  // Upstream does not wait for the destinations' ends.
  co_await net::Both(EndUpstream(how.has_value()), legs_.CloseAll(how.has_value()));
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

Task<> SuboperationSession::EndUpstream(bool released) {
  if (released)
    co_await upstream_->ConfirmRelease();
  else
    co_await upstream_->Abort();
  co_await upstream_->End();
}

// ---- negotiation

// Upstream is answered with what the destination accepts to which this association can only bring:
// it is asked now, with upstream's own contexts. Where it may be several, what they are known to
// accept has to do: to call them all would keep each waiting for the slowest.
Task<bool> SuboperationSession::Negotiate() {
  NoteOffered(services_.Application(application_.name), rq_.contexts);
  const std::vector<MoveTarget> candidates = Candidates();
  if (candidates.size() == 1 && !candidates.front().bridge) {
    MoveTarget only = candidates.front();
    co_await legs_.OpenForNegotiation(std::move(only), kNegotiateWithin);
  }
  ul::TerminateTerms terms;
  terms.max_length = config_->limits.max_pdu;
  terms.choose = [&](const ul::ProposedContext& context) { return Choose(context, candidates); };
  ul::AssociateAc ac = ul::TerminateAccept(rq_, terms);
  contexts_ = ul::Agreed(rq_, ac);
  upstream_->SetReceiveLimit(terms.max_length);
  upstream_->SetSendLimit(rq_.user.max_length.value_or(0), config_->limits.max_pdu);
  auto accepted = co_await upstream_->Accept(std::move(ac));
  co_return accepted.has_value();
}

// Destinations of the moves that are open on this title; of those that have ended only where there
// is no other, for what comes late.
std::vector<MoveTarget> SuboperationSession::Candidates() const {
  std::vector<MoveTarget> targets;
  auto add = [&](const MoveTarget& target) {
    if (std::ranges::find(targets, target) == targets.end()) targets.push_back(target);
  };
  for (const auto& move : services_.moves.Candidates(application_.name, title_)) {
    add(move->request.target);
    std::ranges::for_each(move->request.also, add);
  }
  return targets;
}

// Nothing: it is not known.
std::optional<ul::ContextAnswer> SuboperationSession::AnswerOf(
    const MoveTarget& target, const ul::ProposedContext& context) const {
  if (!target.bridge) return services_.moves.AnswerOf(target, context);
  if (auto syntax = target.bridge->SyntaxFor(context))
    return ul::ContextAnswer::Accept(std::move(*syntax));
  return ul::ContextAnswer::Reject(ul::ContextResult::kAbstractSyntaxNotSupported);
}

ul::ContextAnswer SuboperationSession::Choose(const ul::ProposedContext& context,
                                              const std::vector<MoveTarget>& candidates) const {
  using ul::ContextAnswer, ul::ContextResult;
  if (context.abstract_syntax.view() == dimse::uid::kVerification)
    return ContextAnswer::Accept(context.transfer_syntaxes.front());
  std::vector<Uid> chosen;
  size_t known = 0;
  for (const MoveTarget& target : candidates)
    if (auto answer = AnswerOf(target, context)) {
      ++known;
      if (answer->result == ContextResult::kAcceptance) chosen.push_back(answer->transfer_syntax);
    }
  if (known == 0 && !dimse::MayBeStorage(context.abstract_syntax.view()))
    return ContextAnswer::Reject(ContextResult::kAbstractSyntaxNotSupported);
  if (known > 0 && known == candidates.size() && chosen.empty())
    return ContextAnswer::Reject(ContextResult::kAbstractSyntaxNotSupported);
  if (!chosen.empty() && chosen.size() == candidates.size() &&
      std::ranges::all_of(chosen, [&](const Uid& uid) { return uid == chosen.front(); }))
    return ContextAnswer::Accept(chosen.front());
  // They differ, or not all are known: what can be converted for each.
  for (std::string_view syntax :
       {dimse::uid::kExplicitVrLittleEndian, dimse::uid::kImplicitVrLittleEndian})
    if (std::ranges::find(context.transfer_syntaxes, Uid(syntax)) !=
        context.transfer_syntaxes.end())
      return ContextAnswer::Accept(Uid(syntax));
  // A destination that was never asked may take it; one that was has refused it.
  if (known < candidates.size()) return ContextAnswer::Accept(context.transfer_syntaxes.front());
  return ContextAnswer::Reject(ContextResult::kTransferSyntaxesNotSupported);
}

// ---- serving

Task<Result<>> SuboperationSession::Serve() {
  for (;;) {
    busy_ = false;
    if (stopping_ && MayEnd())
      co_return Fail(Errc::kInterrupted, Blame::kInternal, "Sluice is stopping");
    auto incoming = co_await ReceiveRequest();
    if (!incoming) co_return std::unexpected(incoming.error());
    if (incoming->kind == Incoming::Kind::kReleaseRequest) co_return Result<>();
    busy_ = true;
    ++messages_;
    Result<> served;
    if (upstream_->command().command() == dimse::Command::kCStoreRq)
      served = co_await OnStore(*incoming);
    else
      served = co_await OnOther(*incoming);
    if (!served) co_return std::unexpected(served.error());
    legs_.CloseWanted(kShareOfLeg);
  }
}

// Between messages: legs that others wait for are given up meanwhile.
Task<Result<Incoming>> SuboperationSession::ReceiveRequest() {
  const SteadyTime by = upstream_->loop().Now() + Silence();
  for (;;) {
    const bool look = legs_.HasOpen();
    auto incoming =
        co_await upstream_->Receive(look ? std::min(kLookAtLegs, Silence()) : Silence());
    const bool nothing = !incoming && incoming.error().code == Errc::kTimeout;
    if (!nothing || !look || upstream_->loop().Now() >= by || !upstream_->stream().Recover())
      co_return incoming;
    legs_.CloseWanted(Milliseconds(0));
  }
}

Task<Result<>> SuboperationSession::OnOther(Incoming first) {
  dimse::CommandSet request = upstream_->command();
  auto drained = co_await DrainAfter(first.last);
  if (!drained) co_return std::unexpected(drained.error());
  if (!dimse::IsRequest(request.command()) || request.command() == dimse::Command::kCCancelRq)
    co_return Result<>();
  auto response = request.command() == dimse::Command::kCEchoRq
                      ? dimse::CEchoRsp(request)
                      : dimse::Response(request, dimse::status::kUnrecognizedOperation,
                                        "only sub-operations are taken here");
  co_return co_await upstream_->Send(first.context, std::move(response));
}

Task<Result<>> SuboperationSession::OnStore(Incoming first) {
  dimse::CommandSet command = upstream_->command();
  bool complete = first.last;
  Buffer head;
  auto attribution = co_await Attribute(command, &complete, &head);
  if (!attribution) co_return std::unexpected(attribution.error());
  const Uid instance = command.affected_sop_instance();
  Answer answer;
  if (first.last) {
    answer = {dimse::status::kCannotUnderstand, "there is no data set"};
  } else if (!attribution->move) {
    auto drained = co_await DrainAfter(complete);
    if (!drained) co_return std::unexpected(drained.error());
    answer = {dimse::status::kNotAuthorized, attribution->why};
    services_.metrics.Get<metrics::Id::kMoveSuboperations>("none", "unattributed").Add();
    log::Warning("sub-operation not attributed", {{"application", application_.name},
                                                  {"title", title_.view()},
                                                  {"sop_instance_uid", instance.str()},
                                                  {"why", attribution->why}});
  } else {
    std::shared_ptr<OpenMove> move = attribution->move;
    services_.moves.Begin(move);
    const bool to_several = !move->request.also.empty();
    Result<Answer> delivered;
    if (to_several)
      delivered = co_await DeliverToAll(move, first.context, command, std::move(head), complete);
    else
      delivered = co_await Deliver(move, first.context, command, std::move(head), complete);
    const uint16_t status = delivered ? delivered->status : dimse::status::kOutOfResources;
    const SuboperationOutcome outcome = OutcomeOf(status);
    // The outcome is recorded before upstream is answered: its final response may follow at once.
    const bool late = services_.moves.End(move, outcome, instance);
    if (late || !to_several)  // of several, each has been counted
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
    auto piece = co_await ReceivePiece(*upstream_, complete, Silence());
    if (!piece) co_return std::unexpected(piece.error());
    head->insert(head->end(), piece->begin(), piece->end());
  }
  clues.head_read = true;
  co_return services_.moves.Attribute(application_.name, title_, clues);
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

// While moves are open on upstream, what it has still to send belongs to them.
bool SuboperationSession::MayEnd() const {
  return !busy_ && services_.moves.InProgress(application_.name) == 0;
}

void SuboperationSession::Stop(bool at_once) {
  const Error why{Errc::kInterrupted, Blame::kInternal, true, "Sluice is stopping"};
  stopping_ = true;
  if (at_once) legs_.Interrupt(why);
  if (at_once) limited_.Notify();
  if (at_once && held_) held_->GiveUp();
  if (at_once || MayEnd()) upstream_->Interrupt(why);
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
