#include <fmt/format.h>

#include <algorithm>

#include "router/base/log.h"
#include "router/hold/gate.h"

namespace router::hold {
namespace {

constexpr int kAtOnce = 100;
constexpr int kEveryImage = 10'000;  // a structure set refers to hundreds
constexpr net::Milliseconds kQuietEvery{60'000};

std::string_view WaitsFor(const store::Row& row) {
  return row.waits_for ? NameOf(*row.waits_for) : "nothing";
}

int64_t MinutesSince(WallTime now, WallTime then) {
  return std::chrono::duration_cast<std::chrono::minutes>(now - then).count();
}

// Released, discarded or delivered since it was looked at: that holds.
template <class T>
bool IsTooLate(const Result<T>& done) {
  return !done && done.error().code == Errc::kNotFound;
}

}  // namespace

Task<> Gate::EndOverdue() {
  auto rows = co_await services_.ledger.Overdue(name_, services_.clock.WallNow(), kAtOnce);
  if (!rows) co_return Complain(rows.error());
  for (store::Row& row : *rows) co_await EndOne(std::move(row));
}

// Waited longer than `at_most`: quarantined, or sent although something is missing.
Task<> Gate::EndOne(store::Row row) {
  const bool send = application().hold.then == config::AfterDeadline::kSend;
  const std::string why = fmt::format(
      "after {} min {} of what it refers to are missing, first a {}",
      MinutesSince(services_.clock.WallNow(), row.accepted_at), row.missing, WaitsFor(row));
  if (send) {
    auto state = co_await services_.ledger.Release(row.id, "deadline: " + why, "sluice");
    if (IsTooLate(state)) co_return;
    if (!state) co_return Complain(state.error());
    services_.metrics.Get<metrics::Id::kReleased>(name_, NameOf(row.instance.kind)).Add();
  } else {
    store::Reason reason{store::Cause::kDeadline, why};
    auto done =
        co_await services_.ledger.Quarantine(row.id, std::move(reason), store::State::kWaiting);
    if (IsTooLate(done)) co_return;
    if (!done) co_return Complain(done.error());
  }
  log::Warning("held to the end", {{"sop_instance_uid", row.instance.sop_instance.view()},
                                   {"application", name_},
                                   {"kind", NameOf(row.instance.kind)},
                                   {"state", send ? "ready" : "quarantined"},
                                   {"reason", why}});
}

// Nobody can be asked what became of them, for as long as delivery goes on trying: a person can.
Task<> Gate::EndUnanswered() {
  auto rows = co_await services_.ledger.Unverified(name_, kAtOnce);
  if (!rows) co_return Complain(rows.error());
  const WallTime now = services_.clock.WallNow();
  for (const store::Row& row : *rows) {
    if (now - row.since < application().verify_for + application().retry.give_up_after) continue;
    const std::string why = fmt::format("what became of it was not to be found out in {} min",
                                        MinutesSince(now, row.since));
    store::Reason reason{store::Cause::kOutcomeUnknown, why};
    auto done =
        co_await services_.ledger.Quarantine(row.id, std::move(reason), store::State::kVerifying);
    if (IsTooLate(done)) continue;
    if (!done) co_return Complain(done.error());
    verifying_.erase(row.id);
    log::Warning("outcome unknown to the end",
                 {{"sop_instance_uid", row.instance.sop_instance.view()},
                  {"application", name_},
                  {"kind", NameOf(row.instance.kind)},
                  {"state", "quarantined"},
                  {"reason", why}});
  }
}

Task<> Gate::WarnLate() {
  const WallTime now = services_.clock.WallNow();
  auto rows = co_await services_.ledger.TakeWarnings(name_, now, kAtOnce);
  if (!rows) co_return Complain(rows.error());
  for (const store::Row& row : *rows) {
    log::Warning("held for long", {{"sop_instance_uid", row.instance.sop_instance.view()},
                                   {"application", name_},
                                   {"kind", NameOf(row.instance.kind)},
                                   {"state", store::NameOf(row.state)},
                                   {"minutes", MinutesSince(now, row.accepted_at)},
                                   {"missing", row.missing},
                                   {"reason", WaitsFor(row)}});
  }
}

// Structure sets that miss only images which no contour is drawn on.
Task<> Gate::RelaxQuiet() {
  const SteadyTime now = services_.clock.Now();
  const auto every = std::min(kQuietEvery, net::Milliseconds(application().quiet_for) / 4);
  if (now - quiet_checked_ < every) co_return;
  quiet_checked_ = now;
  store::HeldFilter filter{.application = name_,
                           .kind = Kind::kStructureSet,
                           .states = {store::State::kWaiting},
                           .limit = kAtOnce,
                           .missing_at_most = kEveryImage};
  for (bool more = true; more && !draining_;) {
    auto page = co_await services_.ledger.Held(filter);
    if (!page) co_return Complain(page.error());
    more = page->size() == static_cast<size_t>(kAtOnce);
    if (!page->empty()) filter.after = page->back().row.id;
    for (store::HeldRow& held : *page) co_await RelaxOne(std::move(held));
  }
}

Task<> Gate::RelaxOne(store::HeldRow held) {
  const WallTime now = services_.clock.WallNow();
  const WallTime moved =
      std::max(held.last_met.value_or(held.row.accepted_at), held.row.accepted_at);
  const bool all_listed =
      static_cast<int>(held.missing.size()) == held.row.missing && held.row.missing > 0 &&
      std::ranges::all_of(held.missing, [](const auto& one) { return one.site == kListOnly; });
  if (!all_listed || now - moved < application().quiet_for) co_return;
  std::vector<Uid> uids;
  for (const store::Requirement& one : held.missing) uids.push_back(one.uid);
  const std::string why =
      fmt::format("{} images that only the list names are missing, and nothing has come for {} min",
                  uids.size(), MinutesSince(now, moved));
  store::Reason reason{store::Cause::kReferences, why};
  auto state = co_await services_.ledger.Relax(held.row.id, std::move(uids), std::move(reason));
  if (!state) co_return Complain(state.error());
  if (*state != store::State::kReady) co_return;
  services_.metrics.Get<metrics::Id::kReleased>(name_, NameOf(Kind::kStructureSet)).Add();
  log::Info("released", {{"sop_instance_uid", held.row.instance.sop_instance.view()},
                         {"application", name_},
                         {"kind", NameOf(Kind::kStructureSet)},
                         {"state", "ready"},
                         {"reason", why}});
}

}  // namespace router::hold
