#include "router/session/carried_move.h"

#include <algorithm>

#include "router/dataset/identifier.h"
#include "router/dimse/messages.h"
#include "router/session/legs.h"
#include "router/store/ledger.h"

namespace router::session {
namespace {

constexpr dataset::Tag kFailedSopInstanceUidList = 0x00080058;
constexpr size_t kMostProgress = 64;  // pending responses that wait for the client
constexpr Milliseconds kNoEnd{-1};

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
  if (asked && asked_.count_once) Forecast();
  if (asked) co_await AwaitEnd();
  if (forecast_) forecast_->CallOff();
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
    auto still = co_await LegWithin(session_.application_.wait_for);  // it may be lost meanwhile
    if (still || still.error().code != Errc::kLimit) {
      Buffer identifier = asked_.count_once ? identifier_ : std::move(identifier_);
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

// A move waits for its association as long as it takes, for its client hears of it. Nothing: the
// move has its final response.
Task<std::optional<ClientSession::MoveLeg>> CarriedMove::AwaitLeg() {
  for (;;) {
    if (WaitsNoLonger()) SetFinal(dimse::status::kCancelled, "");
    if (upstream_final_) co_return std::nullopt;
    auto leg = co_await LegWithin(kNoEnd);
    if (leg) {
      // As long as the move waits for its title it needs the leg: that is not idle.
      if (session_.terminated_) leg->upstream->stream().SetReadTimeout(session_.UpstreamSilence());
      co_return std::move(*leg);
    }
    if (leg.error().code != Errc::kLimit && !WaitsNoLonger())
      SetFinal(dimse::status::kUnableToPerformSuboperations, leg.error().detail);
  }
}

// In its place in the line for an association, if it needs one, until there is one or it is called
// off. Errors besides those of EnsureMoveLeg: kLimit, kInterrupted.
Task<Result<ClientSession::MoveLeg>> CarriedMove::LegWithin(Milliseconds at_most) {
  if (session_.terminated_ && !session_.upstream_open_) {
    slot_wait_ = std::make_shared<delivery::SlotWait>(*session_.runtime_.home);
    leg_opened_ = false;
    auto slot =
        co_await TakeSlot(session_.runtime_, delivery::Purpose::kRelay, at_most, slot_wait_);
    slot_wait_ = nullptr;
    if (slot)
      session_.spare_slot_ = std::move(*slot);
    else if (!leg_opened_)
      co_return std::unexpected(slot.error());
  }
  auto leg = co_await session_.EnsureMoveLeg(context_);
  session_.spare_slot_.Release();  // it was open already
  co_return leg;
}

// Our title under which upstream will send, alone or shared.
Task<bool> CarriedMove::AwaitTitle() {
  Moves& moves = session_.services_.moves;
  Moves::Ticket ticket(moves, asked_);
  for (;;) {
    if (WaitsNoLonger()) SetFinal(dimse::status::kCancelled, "");
    if (upstream_final_) co_return false;
    auto opened = moves.TryOpen(ticket);
    if (opened.move) {
      move_ = std::move(opened.move);
      co_return true;
    }
    co_await changed_.Wait(opened.retry.value_or(kNoEnd));
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
    Milliseconds wait = kNoEnd;
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

// What is told where upstream says nothing.
dimse::Suboperations CarriedMove::OwnCounts() const {
  MoveCounts ours;
  if (move_) ours = session_.services_.moves.Counts(move_);
  dimse::Suboperations counts;
  counts.remaining = Remaining(ours);
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
  std::set<Uid> arrived;
  if (move_) ours = services.moves.Close(move_, answered_ || message_id_ == 0, &arrived);
  // From here on the client's association is no place for sub-operations.
  if (asked_.target.bridge) asked_.target.bridge->Close(false);
  MoveFinal final = Conclude(*upstream_final_, ours, remaining_, arrived);
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
  CallOffWaits();
  return true;
}

bool CarriedMove::IsAnsweredBy(const dimse::CommandSet& response) const {
  return message_id_ != 0 && response.command() == dimse::Command::kCMoveRsp &&
         response.message_id_responded_to() == message_id_;
}

void CarriedMove::OnUpstreamResponse(const dimse::CommandSet& response,
                                     const std::vector<Uid>& failed) {
  const uint16_t status = response.status();
  dimse::Suboperations counts = response.suboperations();
  if (counts.remaining && !again_) remaining_ = counts.remaining;
  if (dimse::ClassOf(response.command(), status) == dimse::StatusClass::kPending) {
    if (upstream_final_ || again_) return;  // what is asked for again has counts of its own
    // A client that reads slowly is told the last of many.
    if (progress_.size() == kMostProgress) progress_.pop_back();
    const MoveCounts ours = session_.services_.moves.Counts(move_);
    if (!counts.remaining) counts.remaining = Remaining(ours);
    progress_.push_back(Progress(counts, ours));
  } else {
    if (status == dimse::status::kMoveDestinationUnknown)
      log::Error(
          "upstream does not know our AE title as a move destination: have it configured "
          "there with this machine's address and port",
          {{"application", session_.application_.name}, {"title", move_->title.view()}});
    answered_ = true;
    if (upstream_final_) return;  // it came twice, or too late
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

// Another move of this client, or a query, has opened the association that this one waits for.
void CarriedMove::UpstreamOpened() {
  leg_opened_ = true;
  if (slot_wait_) slot_wait_->CallOff();
}

void CarriedMove::UpstreamLost(const Error& why) {
  if (message_id_ == 0 || upstream_final_) return;  // not asked yet: AskUpstream finds out
  SetFinal(dimse::status::kUnableToPerformSuboperations, "upstream was lost: " + why.detail);
  if (remaining_) upstream_final_->never_came = *remaining_;
  changed_.Notify();
}

void CarriedMove::Abandon(std::string why) {
  abandoned_why_ = why;
  SetFinal(dimse::status::kUnableToPerformSuboperations, std::move(why));
  abandoned_ = true;
  // An instance that the client does not read would keep the final response waiting.
  if (asked_.target.bridge) asked_.target.bridge->Close(true);
  CallOffWaits();
}

void CarriedMove::ClientGone(bool) {
  client_gone_ = true;
  CallOffWaits();
}

bool CarriedMove::IsCalledOff() const {
  return abandoned_ || cancel_wanted_ || (client_gone_ && StopsWithClient());
}

// What was never begun is not begun for a client that is gone.
bool CarriedMove::WaitsNoLonger() const { return IsCalledOff() || (client_gone_ && !again_); }

// Whatever the move waits for besides upstream's answer and the destination's.
void CarriedMove::CallOffWaits() {
  changed_.Notify();
  if (slot_wait_ && WaitsNoLonger()) slot_wait_->CallOff();
  if (question_ && IsCalledOff()) question_->CallOff();
}

net::Loop& CarriedMove::loop() const { return session_.client_->loop(); }

}  // namespace router::session
