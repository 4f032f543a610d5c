#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "router/base/fail_point.h"
#include "router/base/log.h"
#include "router/base/text.h"
#include "router/delivery/backoff.h"
#include "router/delivery/destination.h"
#include "router/dimse/status.h"

namespace router::delivery {
namespace {

using store::Cause;
using store::Reason;
using store::Row;
using store::State;

constexpr net::Milliseconds kSlotRetry{1'000};

std::string NameOfStatus(uint16_t status) {
  return fmt::format("{:04X}H {}", status, dimse::StatusName(dimse::Command::kCStoreRsp, status));
}

// For the ledger: what operators need. The comment is the peer's and stays out of the log.
std::string TextOf(const association::StoreAnswer& answer) {
  std::string text = NameOfStatus(answer.status);
  if (!answer.comment.empty()) text += ": " + Printable(answer.comment);
  return text;
}

std::vector<store::RowId> IdsOf(const std::deque<Row>& rows) {
  std::vector<store::RowId> ids;
  for (const Row& row : rows) ids.push_back(row.id);
  return ids;
}

}  // namespace

dataset::Region Destination::FileOf(const Row& row) const {
  return {services_.spool.paths().File(row.file.name), row.file.dataset_offset,
          row.instance.transfer_syntax};
}

void Destination::Log(const Row& row, std::string_view outcome, std::string_view reason) const {
  log::Info("delivery", {{"outcome", outcome},
                         {"sop_instance_uid", row.instance.sop_instance.view()},
                         {"application", name_},
                         {"kind", NameOf(row.instance.kind)},
                         {"attempt", row.attempts},
                         {"reason", reason}});
}

// Rows in the order of the ledger. One that could not be settled ends the batch: what is behind it
// goes back, and the ledger keeps the order of its series.
Task<> Destination::SendBatch(std::deque<Row> rows) {
  std::unique_ptr<Leg> leg;
  Next next = Next::kAll;
  while (!rows.empty() && next != Next::kNone && !draining_) {
    const Uid series = rows.front().instance.series;
    next = co_await SendFirst(leg, rows);
    if (next == Next::kOtherSeries && !series.empty()) co_await GiveBackSeries(series, rows);
  }
  if (leg) co_await GiveBack(std::move(leg));
  co_await GiveBackRows(std::move(rows));
}

Task<> Destination::GiveBackSeries(Uid series, std::deque<Row>& rows) {
  std::deque<Row> all = std::exchange(rows, {}), back;
  for (Row& row : all) (row.instance.series == series ? back : rows).push_back(std::move(row));
  co_await GiveBackRows(std::move(back));
}

Task<Destination::Next> Destination::SendFirst(std::unique_ptr<Leg>& leg, std::deque<Row>& rows) {
  auto ready = co_await EnsureLeg(leg, rows);
  if (!ready && ready.error().code == Errc::kLimit) {
    co_await GiveBackRows(std::exchange(rows, {}));
    co_await due_.Wait(kSlotRetry);
    co_return Next::kNone;
  }
  if (!ready) {
    Row row = std::move(rows.front());
    rows.pop_front();
    ++row.attempts;  // as the ledger will count it
    budget_.Attempted(services_.clock.Now(), row.attempts == 1);
    Attempt attempt{Attempt::Outcome::kNotSent, {}, ready.error()};
    co_return co_await Settle(std::move(row), std::move(attempt));
  }
  auto begun = co_await services_.ledger.Begin(IdsOf(rows), LeaseTime());
  if (!begun && begun.error().code != Errc::kNotFound) {
    Complain(rows.front(), begun.error());
    co_return Next::kNone;  // nothing was sent
  }
  rows.pop_front();
  if (!begun) co_return Next::kAll;  // somebody gave it up meanwhile
  Reach(FailPoint::kBegun);
  Row row = std::move(*begun);
  budget_.Attempted(services_.clock.Now(), row.attempts == 1);
  dataset::Region file = FileOf(row);
  std::optional<store::SpoolFile> kept = row.file;
  Attempt attempt = co_await SendOver(*leg, row.instance, std::move(file), std::move(kept));
  Reach(FailPoint::kStored);
  NoteLost(*leg, attempt);
  if (!leg->scu->IsOpen()) leg.reset();
  co_return co_await Settle(std::move(row), std::move(attempt));
}

// The association at hand if it will do for the first row, else another that will do for as many
// of them as possible.
Task<Result<>> Destination::EnsureLeg(std::unique_ptr<Leg>& leg, const std::deque<Row>& rows) {
  const store::Instance& first = rows.front().instance;
  const AeTitle calling = CallingTitle(first);
  const Cargo cargo{first.sop_class, first.transfer_syntax};
  if (leg && leg->Serves(calling, cargo) && !leg->slot.IsWanted()) co_return Result<>();
  if (leg) co_await GiveBack(std::move(leg));

  std::vector<Cargo> all;
  for (const Row& row : rows) {
    Cargo one{row.instance.sop_class, row.instance.transfer_syntax};
    if (std::ranges::find(all, one) == all.end()) all.push_back(std::move(one));
  }
  auto renewed = co_await services_.ledger.Renew(IdsOf(rows), LeaseTime());
  if (!renewed) Complain(rows.front(), renewed.error());
  const net::Milliseconds wait = application().wait_for;
  auto taken = co_await TakeLeg(calling, std::move(all), wait);
  if (!taken) co_return std::unexpected(taken.error());
  leg = std::move(*taken);
  co_return Result<>();
}

// ---- what became of it, and what of the batch may still be sent

Task<Destination::Next> Destination::Settle(Row row, Attempt attempt) {
  switch (attempt.outcome) {
    case Attempt::Outcome::kAnswered:
      co_return co_await SettleAnswer(std::move(row), std::move(attempt.answer));
    case Attempt::Outcome::kNever: {
      Count("refused");
      budget_.Refunded(row.attempts == 1);
      const bool ours = attempt.error.blame == Blame::kInternal;
      Reason reason{ours ? Cause::kUnreadable : Cause::kUndeliverable, attempt.error.detail};
      co_await Quarantine(std::move(row), std::move(reason), attempt.error.detail);
      co_return Next::kAll;
    }
    case Attempt::Outcome::kUnknown: {
      Count("unknown");
      Reason reason{Cause::kOutcomeUnknown, "the answer was lost: " + attempt.error.detail};
      co_await SettleUnknown(std::move(row), std::move(reason));
      co_return Next::kNone;
    }
    case Attempt::Outcome::kNotSent: {
      Count("unreachable");
      Reason reason{Cause::kUnreachable, attempt.error.detail};
      co_await TryAgain(std::move(row), std::move(reason));
      co_return Next::kNone;
    }
  }
  co_return Next::kNone;
}

Task<Destination::Next> Destination::SettleAnswer(Row row, association::StoreAnswer answer) {
  const Verdict verdict = VerdictOf(application().statuses, answer.status);
  const std::string told = TextOf(answer);
  switch (verdict) {
    case Verdict::kDelivered:
      Count(answer.status == dimse::status::kSuccess ? "delivered" : "warning");
      budget_.Succeeded();
      co_await SettleDelivered(std::move(row), answer.status);
      co_return Next::kAll;
    case Verdict::kNotYet:
      Count("not_yet");
      budget_.Refunded(row.attempts == 1);
      co_await SettleNotYet(std::move(row), told);
      co_return Next::kOtherSeries;
    case Verdict::kAgain: {
      Count("retry");
      Reason reason{Cause::kRetry, told};
      co_await TryAgain(std::move(row), std::move(reason));
      co_return Next::kNone;
    }
    case Verdict::kDuplicate:
      Count("refused");
      budget_.Refunded(row.attempts == 1);
      co_await SettleDuplicate(std::move(row), told);
      co_return Next::kOtherSeries;
    case Verdict::kPermanent: {
      Count("refused");
      budget_.Refunded(row.attempts == 1);
      Reason reason{Cause::kRefused, "refused: " + told};
      const std::string status = NameOfStatus(answer.status);
      co_await Quarantine(std::move(row), std::move(reason), status);
      co_return Next::kAll;
    }
  }
  co_return Next::kAll;
}

Task<> Destination::SettleDelivered(Row row, uint16_t status) {
  const bool believed = application().confirm == config::Confirm::kStatus;
  const WallTime now = services_.clock.WallNow();
  std::optional<store::Knowledge> knowledge;
  if (believed) {
    knowledge = store::Knowledge{store::How::kStatus, now + application().existence.lifetime};
  }
  auto ready = co_await services_.ledger.Complete(row.id, knowledge);
  if (!ready) {
    auto again = [this, row, status] { return SettleDelivered(row, status); };
    co_return Keep(row, ready.error(), std::move(again));
  }
  Reach(FailPoint::kSettled);
  const std::string reason = NameOfStatus(status);
  Log(row, "delivered", reason);
  services_.metrics.Get<metrics::Id::kHoldDuration>(name_, NameOf(row.instance.kind))
      .Observe(std::chrono::duration<double>(now - row.accepted_at).count());
  for (const store::ReadyRow& next : *ready) {
    services_.metrics.Get<metrics::Id::kReleased>(name_, NameOf(next.kind)).Add();
  }
  const auto& tell = believed ? hooks_.on_known : hooks_.on_stored;
  if (tell) tell(row.instance);
}

// What it refers to is not there after all: what was known of that is forgotten.
Task<> Destination::SettleNotYet(Row row, std::string told) {
  const auto pause = BackOff(application().retry, static_cast<uint32_t>(row.attempts), Random());
  Reason reason{Cause::kNotYet, "not yet: " + told};
  std::vector<store::Requirement> all_of_them;
  const WallTime otherwise_at = services_.clock.WallNow() + pause;
  auto state = co_await services_.ledger.BackToWaiting(row.id, std::move(reason),
                                                       std::move(all_of_them), otherwise_at);
  if (!state) {
    auto again = [this, row, told] { return SettleNotYet(row, told); };
    co_return Keep(row, state.error(), std::move(again));
  }
  if (*state == State::kReady && IsToGiveUp(row)) {  // it waits for nothing that could come
    Reason never{Cause::kNotYet, "not yet: " + told};
    co_await GiveUp(std::move(row), std::move(never), State::kReady);
    co_return;
  }
  Log(row, NameOf(*state), "not yet");
  if (hooks_.on_waiting) hooks_.on_waiting();
}

// It says that it has the instance. So it may, if an earlier attempt of this very row ended without
// an answer: asked once more before it is believed, and where nobody can ask, believed. Else what
// it has under this UID is another instance.
Task<> Destination::SettleDuplicate(Row row, std::string told) {
  if (!row.maybe_there || row.there_before) {
    Reason reason{Cause::kConflict, "it holds another instance under this UID: " + told};
    co_await Quarantine(std::move(row), std::move(reason), "another is there under its UID");
    co_return;
  }
  if (!hooks_.on_verifying) {
    co_await SettleDelivered(std::move(row), dimse::status::kDuplicateSopInstance);
    co_return;
  }
  Reason reason{Cause::kDuplicate, told};
  co_await SettleUnknown(std::move(row), std::move(reason));
}

Task<> Destination::SettleUnknown(Row row, Reason reason) {
  if (!hooks_.on_verifying) {
    co_await TryAgain(std::move(row), std::move(reason));  // at least once, then
    co_return;
  }
  auto done = co_await services_.ledger.Verifying(row.id, reason);
  if (!done) {
    auto again = [this, row, reason] { return SettleUnknown(row, reason); };
    co_return Keep(row, done.error(), std::move(again));
  }
  Log(row, "verifying", "the outcome is unknown");
  hooks_.on_verifying();
}

// Tried in vain for long enough; what it waited for before does not count.
bool Destination::IsToGiveUp(const Row& row) const {
  const WallTime since = row.ready_since.value_or(row.accepted_at);
  return services_.clock.WallNow() - since >= application().retry.give_up_after && row.attempts > 1;
}

Task<> Destination::GiveUp(Row row, Reason reason, State from) {
  reason.text = "given up after " + std::to_string(row.attempts) + " attempts: " + reason.text;
  co_await Quarantine(std::move(row), std::move(reason), "given up", from);
}

Task<> Destination::TryAgain(Row row, Reason reason) {
  if (IsToGiveUp(row)) {
    co_await GiveUp(std::move(row), std::move(reason), State::kSending);
    co_return;
  }
  const config::Retry retry = application().retry;
  const WallTime now = services_.clock.WallNow();
  const auto pause = BackOff(retry, static_cast<uint32_t>(row.attempts), Random());
  const std::string_view why = NameOf(reason.cause);
  auto done = co_await services_.ledger.Fail(row.id, reason, now + pause);
  if (!done) {
    auto again = [this, row, reason] { return TryAgain(row, reason); };
    co_return Keep(row, done.error(), std::move(again));
  }
  Log(row, "retry", why);
}

// `logged`: the reason without what the peer wrote.
Task<> Destination::Quarantine(Row row, Reason reason, std::string logged, State from) {
  auto done = co_await services_.ledger.Quarantine(row.id, reason, from);
  if (!done) {
    auto again = [=, this] { return Quarantine(row, reason, logged, from); };
    co_return Keep(row, done.error(), std::move(again));
  }
  Log(row, "quarantined", logged);
}

// Claimed, and not sent.
Task<> Destination::GiveBackRows(std::deque<Row> rows) {
  if (rows.empty()) co_return;
  auto done = co_await services_.ledger.GiveBack(IdsOf(rows));
  if (done) co_return;
  const Row first = rows.front();
  auto again = [this, rows] { return GiveBackRows(rows); };
  Keep(first, done.error(), std::move(again));
}

// Nobody can ask about them here: sent again, under the same UID.
Task<> Destination::ReleaseUnverified() {
  auto rows = co_await services_.ledger.Unverified(name_, store::HeldFilter::kPage);
  if (!rows) co_return;
  const WallTime now = services_.clock.WallNow();
  for (const Row& row : *rows) {
    Reason reason{Cause::kRestart, "sent again: its outcome was lost"};
    auto done = co_await services_.ledger.Fail(row.id, std::move(reason), now);
    if (!done) Complain(row, done.error());
  }
}

// Told again before anything else is claimed, so that nothing passes the row meanwhile.
void Destination::Keep(const Row& row, const Error& error, std::function<Task<>()> again) {
  Complain(row, error);
  if (error.code == Errc::kDisk) untold_.push_back(std::move(again));
}

// True: the ledger has them all.
Task<bool> Destination::TellAgain() {
  const std::vector<std::function<Task<>()>> all = std::exchange(untold_, {});
  for (const auto& again : all) co_await again();
  co_return untold_.empty();
}

void Destination::Complain(const Row& row, const Error& error) const {
  log::Error("the ledger did not take an outcome",
             {{"sop_instance_uid", row.instance.sop_instance.view()},
              {"application", name_},
              {"reason", error.detail}});
}

}  // namespace router::delivery
