#include <fmt/format.h>

#include <algorithm>

#include "router/base/log.h"
#include "router/hold/gate.h"

namespace router::hold {
namespace {

constexpr int kAtOnce = 100;
constexpr int kQuietAtOnce = 10;  // structure sets, each with all that it misses
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

bool Gate::IsSentAtDeadline(const store::Row& row) const {
  if (row.at_deadline == store::AtDeadline::kAsConfigured)
    return application().hold.then == config::AfterDeadline::kSend;
  return row.at_deadline == store::AtDeadline::kSend;
}

// Waited longer than `at_most`: quarantined, or sent although something is missing.
Task<> Gate::EndOne(store::Row row) {
  const bool send = IsSentAtDeadline(row);
  const std::string why = fmt::format("after {} min {} of what it refers to are missing, first: {}",
                                      MinutesSince(services_.clock.WallNow(), row.accepted_at),
                                      row.missing, WaitsFor(row));
  if (send) {
    // Not what was quarantined since it was looked at.
    auto state = co_await services_.ledger.Release(row.id, "deadline: " + why, "sluice",
                                                   store::State::kWaiting);
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
  const WallTime since = services_.clock.WallNow() - application().quiet_for;
  for (bool more = true; more && !draining_;) {
    auto page = co_await services_.ledger.Quiet(name_, since, kQuietAtOnce);
    if (!page) co_return Complain(page.error());
    more = page->size() == static_cast<size_t>(kQuietAtOnce);
    for (store::HeldRow& held : *page) {
      const bool relaxed = co_await RelaxOne(std::move(held));
      more = more && relaxed;
    }
  }
}

// False: the ledger does not do it; else the row is quiet no more.
Task<bool> Gate::RelaxOne(store::HeldRow held) {
  std::vector<Uid> uids;
  for (const store::Requirement& one : held.missing) uids.push_back(one.uid);
  const std::string why =
      fmt::format("{} images that only the list names are missing, and nothing has come for {} min",
                  uids.size(), MinutesSince(services_.clock.WallNow(), held.row.moved_at));
  store::Reason reason{store::Cause::kReferences, why};
  auto state = co_await services_.ledger.Relax(held.row.id, std::move(uids), std::move(reason));
  if (IsTooLate(state)) co_return true;
  if (!state) {
    Complain(state.error());
    co_return false;
  }
  if (*state != store::State::kReady) co_return true;
  services_.metrics.Get<metrics::Id::kReleased>(name_, NameOf(Kind::kStructureSet)).Add();
  log::Info("released", {{"sop_instance_uid", held.row.instance.sop_instance.view()},
                         {"application", name_},
                         {"kind", NameOf(Kind::kStructureSet)},
                         {"state", "ready"},
                         {"reason", why}});
  co_return true;
}

}  // namespace router::hold
