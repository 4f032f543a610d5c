#include "router/store/clock_step.h"

#include "router/base/log.h"
#include "router/store/steps.h"

namespace router::store {

std::optional<std::chrono::milliseconds> ClockWatch::WentBack(SteadyTime steady, WallTime wall) {
  const auto seen = std::exchange(seen_, std::pair(steady, wall));
  if (!seen) return std::nullopt;
  const WallTime expected =
      seen->second + std::chrono::duration_cast<WallTime::duration>(steady - seen->first);
  return StepBetween(expected, wall);
}

std::optional<std::chrono::milliseconds> StepBetween(WallTime expected, WallTime wall) {
  constexpr std::chrono::minutes kUsual{1};  // what is set right again and again
  if (expected - wall <= kUsual) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::milliseconds>(expected - wall);
}

namespace steps {

void MoveBack(Transaction& tx, std::chrono::milliseconds by) {
  log::Warning("the clock went back: what was to come next comes that much earlier",
               {{"seconds", std::chrono::duration_cast<std::chrono::seconds>(by).count()}});
  const int64_t step = by.count();
  Database& database = tx.database();
  database.Run(
      "UPDATE delivery SET next_attempt_at = MAX(next_attempt_at - ?1, ?2) "
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
