#include "router/session/store_terms.h"

#include <ctime>

#include "router/session/room.h"
#include "router/session/services.h"

namespace router::session {
namespace {

using std::chrono::system_clock;

template <class To, class From>
std::optional<To> As(const std::optional<From>& from) {
  if (!from) return std::nullopt;
  return static_cast<To>(*from);
}

// The enumerations of rules/ and config/ name the same things, and neither may see the other.
static_assert(static_cast<int>(rules::HoldTerms::Strength::kNoted) ==
              static_cast<int>(config::Strength::kNoted));
static_assert(static_cast<int>(rules::HoldTerms::Then::kSend) ==
              static_cast<int>(config::AfterDeadline::kSend));
static_assert(static_cast<int>(rules::HoldTerms::MatchImages::kFrameOfReference) ==
              static_cast<int>(config::MatchImages::kFrameOfReference));
static_assert(static_cast<int>(rules::HoldTerms::MatchStructureSets::kStudy) ==
              static_cast<int>(config::MatchStructureSets::kStudy));
static_assert(static_cast<int>(rules::Acknowledge::Then::kRefuse) ==
              static_cast<int>(config::Acknowledge::Then::kRefuse));
static_assert(static_cast<int>(rules::Priority::kHigh) == static_cast<int>(store::Priority::kHigh));

hold::Terms HoldOf(const rules::HoldTerms& said) {
  hold::Terms terms;
  terms.hold = !said.off;
  terms.warn_after = said.warn_after;
  terms.at_most = said.at_most;
  terms.then = As<config::AfterDeadline>(said.then);
  terms.structure_set_images = As<config::Strength>(said.structure_set_images);
  terms.plan_structure_set = As<config::Strength>(said.plan_structure_set);
  terms.dose_plan = As<config::Strength>(said.dose_plan);
  terms.dose_structure_set = As<config::Strength>(said.dose_structure_set);
  terms.record_plan = As<config::Strength>(said.record_plan);
  terms.registration_images = As<config::Strength>(said.registration_images);
  terms.match_images = As<config::MatchImages>(said.match_images);
  terms.match_structure_sets = As<config::MatchStructureSets>(said.match_structure_sets);
  return terms;
}

bool Includes(const rules::Window& window, int weekday) {
  return window.weekdays >> ((weekday + 6) % 7) & 1;  // tm_wday: 0 is Sunday
}

// This minute of the day that is `days` after `day`. mktime minds changes of the clock.
WallTime At(std::tm day, int days, uint16_t minute) {
  day.tm_mday += days;
  day.tm_hour = minute / 60;
  day.tm_min = minute % 60;
  day.tm_sec = 0;
  day.tm_isdst = -1;
  return system_clock::from_time_t(std::mktime(&day));
}

}  // namespace

WallTime OpensAt(const rules::Window& window, WallTime now) {
  const std::time_t seconds = system_clock::to_time_t(now);
  std::tm today{};
  localtime_r(&seconds, &today);
  const bool over_midnight = window.to <= window.from;  // the whole day, too
  // Yesterday's may still be open; one of the next seven days' will be.
  for (int days = -1; days <= 7; ++days) {
    if (!Includes(window, (today.tm_wday + days + 7) % 7)) continue;
    const WallTime opens = At(today, days, window.from);
    const WallTime closes = At(today, days + (over_midnight ? 1 : 0), window.to);
    if (now < closes) return std::max(opens, now);
  }
  return now;  // no weekday at all: refused at load
}

net::Task<Result<SpooledPart>> WritePart(Services& services, Buffer header, Buffer data_set) {
  auto part = co_await OpenSpool(services, std::move(header));
  if (!part) co_return std::unexpected(part.error());
  auto written = co_await (*part)->Append(std::move(data_set));
  if (!written) {
    co_await (*part)->Drop();
    co_return std::unexpected(written.error());
  }
  auto file = co_await (*part)->Finish();
  if (!file) co_return std::unexpected(file.error());
  co_return SpooledPart{std::move(*part), std::move(*file)};
}

StoreTerms TermsOf(const rules::Decisions& decided, WallTime now) {
  StoreTerms terms;
  if (decided.hold) terms.hold = HoldOf(*decided.hold);
  if (decided.acknowledge)
    terms.hold.acknowledge =
        config::Acknowledge{decided.acknowledge->wait,
                            static_cast<config::Acknowledge::Then>(decided.acknowledge->then)};
  if (decided.priority) terms.priority = static_cast<store::Priority>(*decided.priority);
  terms.queue = static_cast<bool>(decided.queue);
  if (decided.queue && decided.queue->window) {
    const WallTime opens = OpensAt(*decided.queue->window, now);
    if (opens > now) terms.not_before = opens;
  }
  return terms;
}

}  // namespace router::session
