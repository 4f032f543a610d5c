#include "rules/actions/queue.h"

#include "rules/values.h"

namespace rules {
namespace {

bool ReadWeekdays(const Positioned& node, Scope& scope, uint8_t& days) {
  days = 0;
  bool good = true;
  for (const Positioned* scalar : ScalarsOf("weekdays", node, scope.problems)) {
    auto more = ParseWeekdays(scalar->scalar);
    if (!more) scope.problems.Error(*scalar, "weekdays: " + more.error().detail);
    good = good && more;
    if (more) days |= *more;
  }
  return good && days != 0;
}

}  // namespace

bool ParseQueue(const Positioned& node, Scope& scope, Draft& draft) {
  draft.then.queue.emplace();
  if (node.form == Positioned::Form::kScalar) {
    if (node.scalar == "true") return true;
    scope.problems.Error(node, "queue: " + Quoted(node.scalar) + " is neither true nor a map");
    return false;
  }
  Fields fields("queue", node, scope.problems);
  if (!fields.is_map()) return false;
  TimeRange range;
  const bool has_range = fields.Value("window", range, ParseTimeRange);
  bool good = has_range || !fields.Written("window");
  Window window{range.from, static_cast<uint16_t>(range.to % (24 * 60)), 0x7F};
  const Positioned* weekdays = fields.Find("weekdays");
  if (weekdays) good = ReadWeekdays(*weekdays, scope, window.weekdays) && good;
  if (has_range || weekdays) draft.then.queue->window = window;
  return good && fields.AllKnown();
}

}  // namespace rules
