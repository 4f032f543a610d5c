#include "router/store/clock_step.h"

#include <algorithm>

#include "router/base/log.h"
#include "router/store/steps.h"

namespace router::store {

std::optional<ClockStepSeen> ClockWatch::Stepped(SteadyTime steady, WallTime wall) {
  const auto seen = std::exchange(seen_, std::pair(steady, wall));
  if (!seen) return std::nullopt;
  const WallTime expected =
      seen->second + std::chrono::duration_cast<WallTime::duration>(steady - seen->first);
  if (const auto forward = StepBetween(wall, expected)) {
    ahead_ += *forward;
    return ClockStepSeen{*forward, {}};
  }
  const auto back = StepBetween(expected, wall);
  if (!back) return std::nullopt;
  const auto undoes = std::min(*back, ahead_);
  ahead_ -= undoes;
  return ClockStepSeen{-*back, undoes};
}

std::optional<std::chrono::milliseconds> StepBetween(WallTime expected, WallTime wall) {
  constexpr std::chrono::minutes kUsual{1};  // what is set right again and again
  if (expected - wall <= kUsual) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::milliseconds>(expected - wall);
}

namespace steps {
namespace {

// So much later ends what is kept; negative: earlier. A promise is never shortened but by what it
// was prolonged by: the clock may have been right when it was made.
void MoveKept(Transaction& tx, std::chrono::milliseconds by) {
  tx.database().Run(
      "UPDATE file SET kept_until = MAX(kept_until + ?1, 1), "
      "promised_until = IIF(promised_until > 0, MAX(promised_until + ?1, 1), 0) "
      "WHERE kept_until IS NOT NULL OR promised_until > 0",
      static_cast<int64_t>(by.count()));
}

}  // namespace

void MoveBack(Transaction& tx, std::chrono::milliseconds by) {
  log::Warning("the clock went back: what was to come next comes that much earlier",
               {{"seconds", std::chrono::duration_cast<std::chrono::seconds>(by).count()}});
  const int64_t step = by.count();
  Database& database = tx.database();
  database.Run(
      "UPDATE delivery SET next_attempt_at = MAX(next_attempt_at - ?1, ?2, IFNULL(not_before, "
      "?2)), "
      "rests = rests OR (state = 'ready' AND IFNULL(not_before > ?2, 0)) "
      "WHERE state IN ('waiting', 'ready') AND next_attempt_at > ?2",
      step, tx.now());
  database.Run(
      "UPDATE delivery SET lease_until = MAX(lease_until - ?1, ?2) "
      "WHERE state = 'sending' AND lease_until > ?2",
      step, tx.now());
  database.Run(
      "UPDATE commitment SET next_attempt_at = MAX(next_attempt_at - ?1, ?2) "
      "WHERE state = 'decided' AND next_attempt_at > ?2",
      step, tx.now());
  database.Run("UPDATE wanted SET next_check = MAX(next_check - ?1, ?2) WHERE next_check > ?2",
               step, tx.now());
  // What is promised may have been so before the clock went wrong: that stays, too long at worst.
  database.Run(
      "UPDATE file SET kept_until = ?1 + retain_for WHERE kept_until IS NOT NULL AND "
      "promised_until = 0 AND retain_for > 0 AND kept_until > ?1 + retain_for",
      tx.now());
}

void FollowClock(Transaction& tx, const ClockStepSeen& step) {
  if (step.by.count() > 0) {
    log::Warning("the clock went forward: what is kept stays that much longer",
                 {{"seconds", std::chrono::duration_cast<std::chrono::seconds>(step.by).count()}});
    MoveKept(tx, step.by);
    return;
  }
  if (step.undoes.count() > 0) MoveKept(tx, -step.undoes);
  MoveBack(tx, -step.by);
}

void MoveBackAtStart(Transaction& tx) {
  std::optional<std::chrono::milliseconds> step;
  {
    Rows last = tx.database().Ask("SELECT at FROM history ORDER BY id DESC LIMIT 1");
    if (last.Next()) step = StepBetween(last.Time(), tx.now());
  }
  if (step) MoveBack(tx, *step);
}

}  // namespace steps
}  // namespace router::store
