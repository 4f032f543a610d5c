#include <algorithm>
#include <array>

#include "router/dataset/commitment.h"
#include "router/dataset/encoding.h"
#include "router/dimse/messages.h"
#include "router/dimse/sop_classes.h"
#include "router/net/future.h"
#include "router/session/client_report_line.h"
#include "router/session/client_session.h"
#include "router/session/commitments.h"

namespace router::session {
namespace {

constexpr size_t kMaxRequest = 4 << 20;     // bytes: beyond dataset::kMostCommitted
constexpr uint16_t kRequestCommitment = 1;  // Action Type ID, PS3.4 J.3.2

// What is wrong with a request before its data set is looked at (PS3.7 10.1.4.1.10).
std::optional<CommitmentAnswer> ObjectionTo(const dimse::CommandSet& request) {
  if (request.command() != dimse::Command::kNActionRq)
    return CommitmentAnswer{dimse::status::kUnrecognizedOperation,
                            "storage commitment is requested by N-ACTION"};
  if (request.sop_class().view() != dimse::uid::kStorageCommitment)
    return CommitmentAnswer{dimse::status::kNoSuchSopClass, "not the class of this context"};
  if (request.sop_instance().view() != dimse::uid::kStorageCommitmentInstance)
    return CommitmentAnswer{dimse::status::kNoSuchSopInstance, "not the well-known instance"};
  if (request.FindUs(dimse::element::kActionType) != kRequestCommitment)
    return CommitmentAnswer{dimse::status::kNoSuchAction, "not Action Type 1"};
  if (!request.HasDataSet())
    return CommitmentAnswer{dimse::status::kInvalidArgument, "there is no data set"};
  return std::nullopt;
}

// The first proposed that data sets of ours can be written in.
ul::ContextAnswer SyntaxFor(const ul::ProposedContext& proposed) {
  constexpr std::array kOurs = {dimse::uid::kImplicitVrLittleEndian,
                                dimse::uid::kExplicitVrLittleEndian,
                                dimse::uid::kExplicitVrBigEndian};
  for (const Uid& syntax : proposed.transfer_syntaxes)
    if (std::ranges::find(kOurs, syntax.view()) != kOurs.end())
      return ul::ContextAnswer::Accept(syntax);
  return ul::ContextAnswer::Reject(ul::ContextResult::kTransferSyntaxesNotSupported);
}

}  // namespace

// ---- negotiation

bool ClientSession::ServesCommitment(const Uid& abstract_syntax) const {
  return abstract_syntax.view() == dimse::uid::kStorageCommitment && application_.CommitsHere() &&
         runtime_.commitments && client_config_.May(config::Operation::kCommit);
}

// Does the application serve it, but for what we hold? Not where we only observe.
bool ClientSession::MayServeCommitment(const Uid& abstract_syntax,
                                       const dimse::CommandSet& command) const {
  return command.command() == dimse::Command::kNActionRq &&
         abstract_syntax.view() == dimse::uid::kStorageCommitment &&
         application_.mode == config::Mode::kEnforce && runtime_.commitments &&
         !ObjectionTo(command);
}

// Our answer in place of what stands there; roles as proposed (PS3.7 D.3.3.4).
void ClientSession::AnswerCommitment(ul::AssociateAc& ac) const {
  for (const ul::ProposedContext& proposed : rq_.contexts) {
    if (!ServesCommitment(proposed.abstract_syntax)) continue;
    auto answered = std::ranges::find(ac.contexts, proposed.id, &ul::AnsweredContext::id);
    if (answered == ac.contexts.end()) continue;
    ul::ContextAnswer ours = SyntaxFor(proposed);
    answered->result = ours.result;
    if (!ours.transfer_syntax.empty()) answered->transfer_syntax = std::move(ours.transfer_syntax);
  }
  for (const ul::RoleSelection& role : rq_.user.roles)
    if (ServesCommitment(role.sop_class)) ac.user.roles.push_back(role);
}

// ---- requests

// 0000H only when the ledger has it: from then on the client is owed a report.
Task<Result<>> ClientSession::OnCommitment(Incoming first, dimse::CommandSet command) {
  auto bytes = co_await Collect(*client_, first.last, kMaxRequest, MessageSilence());
  if (!bytes && bytes.error().code != Errc::kLimit) co_return std::unexpected(bytes.error());
  CommitmentAnswer answer;
  if (auto objection = ObjectionTo(command)) {
    answer = std::move(*objection);
  } else if (!bytes) {
    answer = {dimse::status::kResourceLimitation, "the request is too long"};
  } else {
    Buffer data_set = std::move(*bytes);
    Uid transfer_syntax = ContextOf(first.context)->transfer_syntax;
    auto asked = co_await ReadCommitment(std::move(transfer_syntax), std::move(data_set));
    if (asked)
      answer = co_await KeepCommitment(std::move(*asked));
    else
      answer = {asked.error().code == Errc::kLimit ? dimse::status::kResourceLimitation
                                                   : dimse::status::kInvalidArgument,
                asked.error().detail};
  }
  co_return co_await AnswerCommitmentRequest(first.context, std::move(command), std::move(answer));
}

Task<Result<>> ClientSession::AnswerCommitmentRequest(ul::ContextId context,
                                                      dimse::CommandSet command,
                                                      CommitmentAnswer answer) {
  if (answer.status != dimse::status::kSuccess) {
    services_.metrics.Get<metrics::Id::kCommitmentsTotal>(application_.name, "refused").Add();
    log::Warning("request for storage commitment refused", {{"calling", rq_.calling.title().view()},
                                                            {"application", application_.name},
                                                            {"status", answer.status},
                                                            {"why", answer.comment}});
  }
  std::string comment = answer.comment;
  auto answered =
      co_await AnswerRequest(context, std::move(command), answer.status, std::move(comment));
  if (answer.taken)
    runtime_.commitments->Answered(*answer.taken, answered ? LineOf(context) : nullptr);
  co_return answered;
}

// The application serves storage commitment. A request that names what we hold, which it cannot
// know of, is ours as a whole, since there is one report of it; any other passes as it came.
Task<Result<>> ClientSession::OnRelayedCommitment(Incoming first, dimse::CommandSet command) {
  Buffer head;
  while (!first.last && head.size() <= kMaxRequest) {
    auto piece = co_await ReceivePiece(*client_, &first.last, MessageSilence());
    if (!piece) co_return std::unexpected(piece.error());
    head.insert(head.end(), piece->begin(), piece->end());
  }
  if (first.last) {
    Uid transfer_syntax = ContextOf(first.context)->transfer_syntax;
    Buffer data_set = head;
    auto asked = co_await ReadCommitment(std::move(transfer_syntax), std::move(data_set));
    if (asked) {
      store::NewCommitment copy = *asked;
      auto concerns = co_await runtime_.commitments->Concerns(std::move(copy));
      CommitmentAnswer answer;
      if (!concerns)
        answer = {dimse::status::kResourceLimitation, "the ledger cannot be asked"};
      else if (*concerns)
        answer = co_await KeepCommitment(std::move(*asked));
      if (!concerns || *concerns)
        co_return co_await AnswerCommitmentRequest(first.context, std::move(command),
                                                   std::move(answer));
    }
  }
  asked_other_ = true;
  bool whole = false;
  const Bytes received = head;
  co_return co_await RelayTapped(first, std::move(command), nullptr, &whole, received);
}

// Errors: kLimit: it names too many; others: it is none.
Task<Result<store::NewCommitment>> ClientSession::ReadCommitment(Uid transfer_syntax,
                                                                 Buffer data_set) {
  auto read = [data_set = std::move(data_set), syntax = std::move(transfer_syntax)] {
    return dataset::ReadCommitmentRequest(data_set, syntax);
  };
  auto request = co_await services_.cpu.Run<Result<dataset::CommitmentRequest>>(std::move(read));
  if (!request) co_return std::unexpected(request.error());
  store::NewCommitment asked;
  asked.application = application_.name;
  asked.client = rq_.calling.title();
  asked.called = rq_.called.title();
  asked.address = client_->peer_address();
  asked.request = std::move(*request);
  asked.deadline = services_.clock.WallNow() + application_.commitment.at_most;
  asked.used_reason = dimse::status::kDuplicateTransaction;
  asked.most_owed = application_.commitment.most_owed;
  co_return asked;
}

Task<CommitmentAnswer> ClientSession::KeepCommitment(store::NewCommitment asked) {
  const Uid transaction = asked.request.transaction;
  const size_t instances = asked.request.instances.size();
  auto added = co_await runtime_.commitments->Add(std::move(asked));
  if (!added)
    co_return CommitmentAnswer{dimse::status::kResourceLimitation,
                               "Sluice cannot keep the request: " + added.error().detail};
  using Outcome = store::AddedCommitment::Outcome;
  const bool used = added->outcome == Outcome::kUsed;
  log::Write(used ? log::Level::kWarning : log::Level::kInfo,
             used ? "storage commitment requested under a Transaction UID that was used before"
                  : "storage commitment requested",
             {{"calling", rq_.calling.title().view()},
              {"application", application_.name},
              {"transaction_uid", transaction.view()},
              {"instances", instances}});
  CommitmentAnswer answer;
  answer.taken = added->id;
  co_return answer;
}

// ---- reports on this association

std::shared_ptr<ReportLine> ClientSession::LineOf(ul::ContextId context) {
  auto found = std::ranges::find_if(
      lines_, [context](const auto& line) { return line->context() == context; });
  if (found != lines_.end()) return *found;
  return lines_.emplace_back(std::make_shared<ClientReportLine>(*this, client_->loop(), context));
}

Task<Result<>> ClientReportLine::Report(CommitmentReport report) {
  return net::RunOn<Result<>>(loop_,
                              [line = shared_from_this(), report = std::move(report)]() mutable {
                                return ReportHere(std::move(line), std::move(report));
                              });
}

Task<Result<>> ClientReportLine::ReportHere(std::shared_ptr<ClientReportLine> line,
                                            CommitmentReport report) {
  if (!line->session_)
    co_return Fail(Errc::kClosed, Blame::kDownstream, "its association has ended", true);
  co_return co_await line->session_->ReportHere(line->context_, std::move(report));
}

// The session waits for its end before its own. Whoever was told of that end is resumed from the
// loop, after this has returned.
Task<Result<>> ClientSession::ReportHere(ul::ContextId context, CommitmentReport report) {
  if (report_ || !MayReport())
    co_return Fail(Errc::kLimit, Blame::kDownstream, "its association is not idle", true);
  OpenReport open(client_->loop());
  open.context = context;
  open.before = messages_;
  // From the top: the reports of an application that come through here are counted from the bottom.
  open.message_id = --last_report_ == 0 ? --last_report_ : last_report_;
  report_ = &open;
  Result<> told = Fail(Errc::kLimit, Blame::kDownstream, "its association is not idle", true);
  const uint16_t event_type = report.event_type();
  Uid transfer_syntax = ContextOf(context)->transfer_syntax;
  auto encoded = co_await EncodeReport(services_.cpu, std::move(report), transfer_syntax);
  if (encoded) {
    // Nothing may come between this and the report.
    const bool idle = co_await StaysIdle(open);
    if (idle) told = co_await SendReport(open, event_type, std::move(*encoded));
  } else {
    told = std::unexpected(encoded.error());
  }
  report_ = nullptr;
  report_ended_.Notify();
  co_return told;
}

bool ClientSession::MayReport() const {
  return !finishing_ && !stopping_ && IsIdle() && client_->IsEstablished();
}

// Between two requests of a client that sends one after another there is no room for one of ours:
// some cannot take it there. One that asked for nothing else here waits for it.
Task<bool> ClientSession::StaysIdle(OpenReport& open) {
  if (asked_other_ && !finishing_) co_await open.interrupted.Wait(application_.commitment.idle_for);
  co_return messages_ == open.before&& MayReport();
}

Task<Result<>> ClientSession::SendReport(OpenReport& open, uint16_t event_type, Buffer data_set) {
  const ul::AcceptedContext context = *ContextOf(open.context);
  auto request = dimse::NEventReportRq(open.message_id, context.abstract_syntax,
                                       Uid(dimse::uid::kStorageCommitmentInstance), event_type);
  open.sent = true;
  auto sent = co_await client_->Send(context.id, std::move(request), std::move(data_set));
  if (!sent) co_return std::unexpected(sent.error());
  co_await open.answered.Wait(kReportAnsweredWithin);
  if (open.status) co_return AcknowledgedBy(*open.status);
  if (finishing_)
    co_return Fail(Errc::kClosed, Blame::kDownstream, "its association ended in place of an answer",
                   true);
  co_return Fail(Errc::kTimeout, Blame::kDownstream, "it did not answer the report", true);
}

bool ClientSession::AnswersReport(Incoming first, const dimse::CommandSet& command) const {
  return report_ && report_->sent && report_->context == first.context &&
         command.command() == dimse::Command::kNEventReportRsp &&
         report_->message_id == command.message_id_responded_to();
}

// Also after we have ceased to wait for it: nobody upstream has asked for it.
bool ClientSession::AnswersReportOfOurs(Incoming first, const dimse::CommandSet& command) const {
  return last_report_ != 0 && command.command() == dimse::Command::kNEventReportRsp &&
         command.message_id_responded_to() >= last_report_ &&
         std::ranges::any_of(lines_,
                             [&](const auto& line) { return line->context() == first.context; });
}

// What comes on our context and is no request: the answer to a report, or nothing of ours.
Task<Result<>> ClientSession::OnReportAnswer(Incoming first, dimse::CommandSet command) {
  auto drained = co_await Drain(*client_, first.last, MessageSilence());
  if (!drained) co_return drained;
  if (AnswersReport(first, command)) {
    report_->status = command.status();
    report_->answered.Notify();
  }
  co_return Result<>();
}

Task<> ClientSession::EndReports() {
  for (const auto& line : lines_) line->End();
  if (report_) {
    report_->interrupted.Notify();
    report_->answered.Notify();
  }
  while (report_) co_await report_ended_.Wait();
}

}  // namespace router::session
