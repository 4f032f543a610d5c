#include "rules/matchers/time.h"

#include <algorithm>

#include "rules/values.h"

namespace rules {
namespace {

class Times : public Condition {
 public:
  Times(std::vector<TimeRange> ranges, std::string written)
      : Condition(Phase::kAssociation, /*timed=*/true),
        ranges_(std::move(ranges)),
        written_(std::move(written)) {}

  Answer Test(const Asking& asking) const override {
    if (!asking.message) return OpenUntil(Phase::kCommand);
    return AnswerOf(std::ranges::any_of(
        ranges_, [&](const TimeRange& range) { return range.Has(asking.message->now.minute); }));
  }
  bool Covers(const Condition& other) const override {
    const auto* same = dynamic_cast<const Times*>(&other);
    if (!same) return false;
    for (uint16_t minute = 0; minute < 24 * 60; ++minute)
      if (same->Has(minute) && !Has(minute)) return false;
    return true;
  }
  std::string Say(const Asking&, Truth truth) const override {
    if (truth == Truth::kOpen) return "the time of the message is not known yet";
    return (truth == Truth::kYes ? "it is in " : "it is not in ") + written_;
  }

 private:
  bool Has(uint16_t minute) const {
    return std::ranges::any_of(ranges_, [&](const TimeRange& r) { return r.Has(minute); });
  }
  std::vector<TimeRange> ranges_;
  std::string written_;
};

class Weekdays : public Condition {
 public:
  Weekdays(uint8_t days, std::string written)
      : Condition(Phase::kAssociation, /*timed=*/true), days_(days), written_(std::move(written)) {}

  Answer Test(const Asking& asking) const override {
    if (!asking.message) return OpenUntil(Phase::kCommand);
    return AnswerOf(days_ >> asking.message->now.weekday & 1);
  }
  bool Covers(const Condition& other) const override {
    const auto* same = dynamic_cast<const Weekdays*>(&other);
    return same && (same->days_ & ~days_) == 0;
  }
  std::string Say(const Asking&, Truth truth) const override {
    if (truth == Truth::kOpen) return "the day of the message is not known yet";
    return (truth == Truth::kYes ? "it is " : "it is not ") + written_;
  }

 private:
  uint8_t days_;
  std::string written_;
};

}  // namespace

ConditionPtr ParseTimes(const Positioned& node, Scope& scope) {
  std::vector<TimeRange> ranges;
  std::string written;
  const auto scalars = ScalarsOf("time", node, scope.problems);
  for (const Positioned* scalar : scalars) {
    auto range = ParseTimeRange(scalar->scalar);
    if (!range) {
      scope.problems.Error(*scalar, "time: " + range.error().detail);
      continue;
    }
    if (range->from == range->to)
      scope.problems.Warn(
          *scalar, "time: " + Quoted(scalar->scalar) + " is empty; the whole day is 00:00-24:00");
    ranges.push_back(*range);
    written += (written.empty() ? "" : " or ") + scalar->scalar;
  }
  if (ranges.empty() || ranges.size() != scalars.size()) return nullptr;
  return std::make_unique<Times>(std::move(ranges), std::move(written));
}

ConditionPtr ParseWeekdayCondition(const Positioned& node, Scope& scope) {
  uint8_t days = 0;
  bool good = true;
  std::string written;
  for (const Positioned* scalar : ScalarsOf("weekday", node, scope.problems)) {
    auto more = ParseWeekdays(scalar->scalar);
    if (!more) scope.problems.Error(*scalar, "weekday: " + more.error().detail);
    good = good && more;
    if (more) days |= *more;
    written += (written.empty() ? "" : " or ") + scalar->scalar;
  }
  return good && days != 0 ? std::make_unique<Weekdays>(days, std::move(written)) : nullptr;
}

}  // namespace rules
