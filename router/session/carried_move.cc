#include "router/session/carried_move.h"

#include <algorithm>

#include "router/dataset/identifier.h"
#include "router/dimse/messages.h"
#include "router/store/ledger.h"

namespace router::session {
namespace {

constexpr dataset::Tag kFailedSopInstanceUidList = 0x00080058;
constexpr size_t kMostProgress = 64;  // pending responses that wait for the client
constexpr Milliseconds kTryAgain{100};

std::string_view OutcomeOf(uint16_t status) {
  switch (dimse::ClassOf(dimse::Command::kCMoveRsp, status)) {
    case dimse::StatusClass::kSuccess:
      return "success";
    case dimse::StatusClass::kWarning:
      return "warning";
    case dimse::StatusClass::kCancel:
      return "cancelled";
    default:
      return "failure";
  }
}

}  // namespace

CarriedMove::CarriedMove(ClientSession& session, ul::ContextId context, dimse::CommandSet request,
                         Buffer identifier, MoveRequest move)
    : session_(session),
      context_(context),
      request_(std::move(request)),
      identifier_(std::move(identifier)),
      identifier_syntax_(session.ContextOf(context)->transfer_syntax),
      upstream_context_(context),
      asked_(std::move(move)),
      changed_(session.client_->loop()),
      inform_(session.client_->loop()) {}

Task<> CarriedMove::Run() {
  last_pending_ = loop().Now();
  asked_.on_change = [self = weak_from_this()] {
    if (auto move = self.lock()) move->changed_.Notify();
  };
  co_await net::Both(Carry(), KeepInformed());
  co_await SendFinal();
}

Task<> CarriedMove::Carry() {
  bool asked = co_await Begin();
  if (asked) co_await AwaitEnd();
  if (asked && MayComplete()) co_await Complete();
  carried_ = true;
  inform_.Notify();
}

// The association to upstream comes before the title. Who has the title never waits without end for
// an association: who has that may be waiting for the title.
Task<bool> CarriedMove::Begin() {
  auto leg = co_await AwaitLeg();
  bool ready = leg.has_value();
  if (ready && IsGet()) ready = co_await Translate(std::move(leg->context));
  while (ready) {
    ready = co_await AwaitTitle();
    if (!ready) break;
    auto still = co_await session_.EnsureMoveLeg(context_);  // it may have been lost in line
    if (still || still.error().code != Errc::kLimit) {
      Buffer identifier = asked_.keep_arrived ? identifier_ : std::move(identifier_);
      co_return co_await AskUpstream(std::move(still), std::move(identifier));
    }
    session_.services_.moves.Close(move_);
    move_ = nullptr;
    auto another = co_await AwaitLeg();
    ready = another.has_value();
  }
  co_return false;
}

// What the client hears while upstream says nothing: while the move waits for its turn, while the
// association to upstream is opened, while instances are slow to come. Not while upstream's own
// progress is being told.
Task<> CarriedMove::KeepInformed() {
  const auto interval = session_.application_.pending_interval;
  while (!carried_) {
    auto due = std::chrono::duration_cast<Milliseconds>(last_pending_ + interval - loop().Now());
    co_await inform_.Wait(std::max(due, Milliseconds(1)));
    if (!carried_ && progress_.empty() && loop().Now() - last_pending_ >= interval)
      co_await SendPending(OwnCounts());
  }
}

// No association is free within `wait_for`: a move waits on, for its client hears of it. Nothing:
// the move has its final response.
Task<std::optional<ClientSession::MoveLeg>> CarriedMove::AwaitLeg() {
  for (;;) {
    if (client_gone_ || cancel_wanted_) SetFinal(dimse::status::kCancelled, "");
    if (upstream_final_) co_return std::nullopt;
    auto leg = co_await session_.EnsureMoveLeg(context_);
    if (leg) {
      // As long as the move waits for its title it needs the leg: that is not idle.
      if (session_.terminated_) leg->upstream->stream().SetReadTimeout(session_.UpstreamSilence());
      co_return std::move(*leg);
    }
    if (leg.error().code == Errc::kLimit)
      co_await changed_.Wait(kTryAgain);
    else
      SetFinal(dimse::status::kUnableToPerformSuboperations, leg.error().detail);
  }
}

// Our title under which upstream will send, alone or shared.
Task<bool> CarriedMove::AwaitTitle() {
  Moves& moves = session_.services_.moves;
  Moves::Ticket ticket(moves, asked_);
  for (;;) {
    if (client_gone_ || cancel_wanted_) SetFinal(dimse::status::kCancelled, "");
    if (upstream_final_) co_return false;
    auto opened = moves.TryOpen(ticket);
    if (opened.move) {
      move_ = std::move(opened.move);
      co_return true;
    }
    co_await changed_.Wait(opened.retry.value_or(Milliseconds(-1)));
  }
}

Task<bool> CarriedMove::AskUpstream(Result<ClientSession::MoveLeg> leg, Buffer identifier) {
  if (!leg) {
    if (IsCalledOff()) SetFinal(dimse::status::kCancelled, "");
    SetFinal(dimse::status::kUnableToPerformSuboperations, leg.error().detail);
    co_return false;
  }
  auto& services = session_.services_;
  uint16_t id = 0;
  do {
    auto reserved = co_await services.ledger.ReserveMessageIds(asked_.upstream, asked_.calling, 1);
    if (!reserved) {
      SetFinal(dimse::status::kUnableToPerformSuboperations, "Sluice cannot store");
      co_return false;
    }
    id = *reserved;
  } while (!services.moves.AddMessageId(move_, id));
  ClientSession::Upstream upstream = leg->upstream;
  upstream_context_ = leg->context.id;
  message_id_ = id;
  dimse::CommandSet command = IsGet() ? RequestFor(leg->context.abstract_syntax) : request_;
  command.SetMessageId(message_id_);
  command.SetMoveDestination(move_->title);
  upstream->stream().SetReadTimeout(session_.UpstreamSilence());
  auto sent = co_await upstream->Send(upstream_context_, std::move(command), std::move(identifier));
  if (!sent) {
    SetFinal(dimse::status::kUnableToPerformSuboperations, sent.error().detail);
    co_return false;
  }
  co_return true;
}

// Until upstream has answered and what it sent has been answered by the destination.
Task<> CarriedMove::AwaitEnd() {
  const config::Application& application = session_.application_;
  for (;;) {
    MoveCounts ours = session_.services_.moves.Counts(move_);
    if (upstream_final_ && (abandoned_ || (progress_.empty() && IsSettled(ours)))) co_return;
    if (client_gone_ && StopsWithClient()) cancel_wanted_ = true;
    if (cancel_wanted_ && !cancel_sent_ && !upstream_final_) co_await Cancel();
    if (!progress_.empty()) {
      dimse::Suboperations counts = progress_.front();
      co_await SendPending(counts);
      progress_.pop_front();
      continue;
    }
    Milliseconds wait(-1);
    if (upstream_final_) {
      auto settled =
          std::chrono::duration_cast<Milliseconds>(final_at_ + application.settle - loop().Now());
      if (settled.count() >= 0) wait = settled + Milliseconds(1);
    }
    co_await changed_.Wait(wait);
  }
}

// All that upstream counted has come and was answered, or what is missing had its time.
bool CarriedMove::IsSettled(const MoveCounts& ours) const {
  if (ours.begun > ours.answered()) return false;
  const auto& counts = upstream_final_->counts;
  const uint32_t theirs =
      counts.completed.value_or(0) + counts.warning.value_or(0) + counts.failed.value_or(0);
  if (theirs <= ours.answered() - answered_before_) return true;
  return loop().Now() - final_at_ > session_.application_.settle;
}

Task<> CarriedMove::Cancel() {
  cancel_sent_ = true;
  if (!session_.upstream_open_) co_return;
  auto upstream = session_.upstream_;
  co_await upstream->Send(upstream_context_, dimse::CCancelRq(message_id_));
}

// What is told where upstream says nothing. Remaining is never 0: that would be the end.
dimse::Suboperations CarriedMove::OwnCounts() const {
  MoveCounts ours;
  if (move_) ours = session_.services_.moves.Counts(move_);
  dimse::Suboperations counts;
  counts.remaining = std::max<uint16_t>(1, remaining_.value_or(1));
  counts.completed = ClampedCount(ours.completed);
  counts.failed = ClampedCount(ours.failed);
  counts.warning = ClampedCount(ours.warning);
  return counts;
}

Task<> CarriedMove::SendPending(dimse::Suboperations counts) {
  last_pending_ = loop().Now();
  if (client_gone_) co_return;
  auto pending = ResponseWith({dimse::status::kPending, "", counts, {}, 0}, false);
  co_await session_.client_->Send(context_, std::move(pending));
}

Task<> CarriedMove::SendFinal() {
  auto& services = session_.services_;
  MoveCounts ours;
  if (move_) ours = services.moves.Close(move_, answered_ || message_id_ == 0);
  // From here on the client's association is no place for sub-operations.
  if (asked_.target.bridge) asked_.target.bridge->Close(false);
  MoveFinal final = Conclude(*upstream_final_, ours, remaining_);
  services.metrics.Get<metrics::Id::kMoves>(session_.application_.name, OutcomeOf(final.status))
      .Add();
  log::Write(final.status == dimse::status::kSuccess ? log::Level::kInfo : log::Level::kWarning,
             "move ended",
             {{"application", session_.application_.name},
              {"calling", session_.rq_.calling.title().view()},
              {"destination", asked_.destination},
              {"title", move_ ? move_->title.str() : ""},
              {"status", final.status},
              {"completed", ours.completed},
              {"failed", *final.counts.failed},
              {"warning", ours.warning},
              {"why", final.comment}});
  session_.Count(request_, final.status, since_);
  if (client_gone_) co_return;
  Buffer list;
  const ul::AcceptedContext* context = session_.ContextOf(context_);
  if (!final.failed.empty() && context) {
    dataset::Identifier failed;
    if (failed.SetUids(kFailedSopInstanceUidList, final.failed))
      if (auto encoded = failed.Encode(context->transfer_syntax)) list = std::move(*encoded);
  }
  const bool has_list = !list.empty();
  auto response = ResponseWith(final, has_list);
  co_await session_.client_->Send(context_, std::move(response), std::move(list));
}

// ---- what others tell it

bool CarriedMove::TakesCancel(uint16_t message_id) {
  if (message_id != request_.message_id()) return false;
  cancel_wanted_ = true;
  changed_.Notify();
  return true;
}

bool CarriedMove::IsAnsweredBy(const dimse::CommandSet& response) const {
  return message_id_ != 0 && response.command() == dimse::Command::kCMoveRsp &&
         response.message_id_responded_to() == message_id_;
}

void CarriedMove::OnUpstreamResponse(const dimse::CommandSet& response,
                                     const std::vector<Uid>& failed) {
  const uint16_t status = response.status();
  const dimse::Suboperations counts = response.suboperations();
  if (counts.remaining && !again_) remaining_ = counts.remaining;
  if (dimse::ClassOf(response.command(), status) == dimse::StatusClass::kPending) {
    if (upstream_final_ || again_) return;  // what is asked for again has counts of its own
    // A client that reads slowly is told the last of many.
    if (progress_.size() == kMostProgress) progress_.pop_back();
    progress_.push_back(Progress(counts, session_.services_.moves.Counts(move_)));
  } else {
    if (status == dimse::status::kMoveDestinationUnknown)
      log::Error(
          "upstream does not know our AE title as a move destination: have it configured "
          "there with this machine's address and port",
          {{"application", session_.application_.name}, {"title", move_->title.view()}});
    answered_ = true;
    upstream_final_ = MoveFinal{status, std::string(response.error_comment()), counts, failed, 0};
    final_at_ = loop().Now();
  }
  changed_.Notify();
}

void CarriedMove::SetFinal(uint16_t status, std::string comment) {
  if (upstream_final_) return;
  upstream_final_ = MoveFinal{status, std::move(comment), {}, {}, 0};
  final_at_ = loop().Now();
}

void CarriedMove::UpstreamLost(const Error& why) {
  if (message_id_ == 0 || upstream_final_) return;  // not asked yet: AskUpstream finds out
  SetFinal(dimse::status::kUnableToPerformSuboperations, "upstream was lost: " + why.detail);
  if (remaining_) upstream_final_->never_came = *remaining_;
  changed_.Notify();
}

void CarriedMove::Abandon(std::string why) {
  SetFinal(dimse::status::kUnableToPerformSuboperations, std::move(why));
  abandoned_ = true;
  // An instance that the client does not read would keep the final response waiting.
  if (asked_.target.bridge) asked_.target.bridge->Close(true);
  changed_.Notify();
}

void CarriedMove::ClientGone(bool) {
  client_gone_ = true;
  changed_.Notify();
}

net::Loop& CarriedMove::loop() const { return session_.client_->loop(); }

}  // namespace router::session
