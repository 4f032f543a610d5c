#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "router/base/log.h"
#include "router/base/text.h"
#include "router/hold/gate.h"
#include "router/hold/wish.h"
#include "router/net/future.h"

namespace router::hold {
namespace {

constexpr size_t kNamed = 3;  // UIDs in a reason; all of them are in the ledger

std::string Waits(const std::vector<Uid>& missing, size_t required) {
  std::vector<std::string_view> some;
  for (const Uid& uid : missing) {
    if (some.size() == kNamed) break;
    some.push_back(uid.view());
  }
  return fmt::format("waits for {} of {}: {}{}", missing.size(), required, fmt::join(some, ", "),
                     missing.size() > kNamed ? ", …" : "");
}

bool Holds(const store::Requirement& one) { return one.strength == store::Strength::kRequired; }

// What may differ from this instance's patient, by the same measure whichever of the two comes
// first. Nothing is known of images, which are relayed.
std::vector<Uid> ReferredTo(const std::vector<store::Requirement>& requirements) {
  std::vector<Uid> uids;
  for (const store::Requirement& one : requirements) {
    if (Holds(one) && one.level == store::Level::kInstance && one.kind != Kind::kImage)
      uids.push_back(one.uid);
  }
  return uids;
}

store::AtDeadline AtDeadlineOf(config::AfterDeadline then) {
  return then == config::AfterDeadline::kSend ? store::AtDeadline::kSend
                                              : store::AtDeadline::kQuarantine;
}

// A series may be added to by the very client that waits: nothing says that it comes by itself.
bool AreInstances(const std::vector<store::Requirement>& requirements,
                  const std::vector<Uid>& missing) {
  return !missing.empty() && std::ranges::all_of(requirements, [&](const auto& one) {
    return one.level == store::Level::kInstance ||
           std::ranges::find(missing, one.uid) == missing.end();
  });
}

}  // namespace

Task<Result<Verdict>> Gate::Judge(store::Instance instance, dataset::Region file,
                                  net::Milliseconds patience, Terms terms) {
  return net::RunOn<Result<Verdict>>(
      services_.home,
      [this, instance = std::move(instance), file = std::move(file), patience, terms]() mutable {
        return JudgeCounted(std::move(instance), std::move(file), patience, terms);
      });
}

Task<Result<Verdict>> Gate::JudgeCounted(store::Instance instance, dataset::Region file,
                                         net::Milliseconds patience, Terms terms) {
  ++judging_;
  auto verdict = co_await JudgeHere(std::move(instance), std::move(file), patience, terms);
  --judging_;
  if (draining_) ended_.Notify();
  co_return verdict;
}

Task<Result<Verdict>> Gate::JudgeHere(store::Instance instance, dataset::Region file,
                                      net::Milliseconds patience, Terms terms) {
  Verdict verdict;
  const WallTime now = services_.clock.WallNow();
  const config::Hold held = Under(terms, application().hold);
  const config::Requirements choices = Under(terms, application().requirements);
  verdict.warn_after = now + held.warn_after;
  verdict.deadline = now + held.at_most;
  if (terms.then) verdict.at_deadline = AtDeadlineOf(*terms.then);
  if (terms.acknowledge) patience = terms.acknowledge->wait;
  if (!rules::AriaMayHold(instance.kind)) co_return verdict;

  auto harvested = co_await Harvest(instance, std::move(file), choices);
  if (!harvested) co_return std::unexpected(harvested.error());
  verdict.requirements = harvested->requirements.references;
  verdict.patient = harvested->patient;
  if (!JudgeMachines(application(), harvested->requirements, verdict)) co_return verdict;
  if (terms.hold && !JudgeImages(harvested->requirements, choices.no_images, verdict))
    co_return verdict;
  const std::vector<Uid> required = ReferredTo(verdict.requirements);
  auto judged = co_await JudgePatient(instance, required, verdict);
  if (!judged) co_return std::unexpected(judged.error());
  if (!*judged) co_return verdict;
  if (!terms.hold) {
    for (store::Requirement& one : verdict.requirements) one.strength = store::Strength::kNoted;
    LetPass(instance, required, verdict);
    co_return verdict;
  }

  auto missing = co_await FindMissing(verdict.requirements);
  if (!missing) co_return std::unexpected(missing.error());
  if (patience.count() > 0 && AreInstances(verdict.requirements, *missing)) {
    std::vector<Uid> not_yet = std::move(*missing);
    missing = co_await AwaitComing(verdict.requirements, std::move(not_yet), patience);
    if (!missing) co_return std::unexpected(missing.error());
  }
  if (missing->empty()) {
    LetPass(instance, required, verdict);
    co_return verdict;
  }
  const auto all = std::ranges::count_if(verdict.requirements, Holds);
  verdict.kind = Verdict::Kind::kWaiting;
  verdict.reason = {store::Cause::kReferences, Waits(*missing, static_cast<size_t>(all))};
  verdict.missing = std::move(*missing);
  co_return verdict;
}

Task<Result<Harvested>> Gate::Harvest(store::Instance instance, dataset::Region file,
                                      config::Requirements choices) {
  std::move_only_function<Result<Harvested>()> work = [instance = std::move(instance),
                                                       file = std::move(file), choices] {
    return HarvestFrom(instance, file, choices);
  };
  co_return co_await services_.cpu.Run<Result<Harvested>>(std::move(work));
}

Task<Result<std::string>> Gate::UnknownMachineIn(store::Instance instance, dataset::Region file) {
  return net::RunOn<Result<std::string>>(
      services_.home, [this, instance = std::move(instance), file = std::move(file)]() mutable {
        return UnknownMachineHere(std::move(instance), std::move(file));
      });
}

Task<Result<std::string>> Gate::UnknownMachineHere(store::Instance instance, dataset::Region file) {
  const config::Requirements choices = application().requirements;
  auto harvested = co_await Harvest(std::move(instance), std::move(file), choices);
  if (!harvested) co_return std::unexpected(harvested.error());
  co_return UnknownMachine(harvested->requirements.machines, application().machines);
}

// The required ones that exist neither by what is known nor by what the application says within
// `decide_within`.
Task<Result<std::vector<Uid>>> Gate::FindMissing(std::vector<store::Requirement> requirements) {
  std::erase_if(requirements, [](const auto& one) { return !Holds(one); });
  if (requirements.empty()) co_return std::vector<Uid>();
  std::vector<Uid> all;
  for (const store::Requirement& one : requirements) all.push_back(one.uid);
  auto unknown = co_await services_.ledger.Unknown(name_, std::move(all));
  if (!unknown) co_return std::unexpected(unknown.error());
  if (unknown->empty() || draining_) co_return std::move(*unknown);

  std::vector<Question> questions;
  std::ranges::sort(*unknown);
  for (const store::Requirement& one : requirements) {
    if (!std::ranges::binary_search(*unknown, one.uid)) continue;
    questions.push_back({one.uid, one.kind, one.level, one.series, one.study});
  }
  const net::Milliseconds at_most = application().decide_within;
  std::vector<Uid> found = co_await AskWithin(std::move(questions), at_most);
  std::ranges::sort(found);
  std::erase_if(*unknown, [&](const Uid& uid) { return std::ranges::binary_search(found, uid); });
  co_return std::move(*unknown);
}

// What of them is still missing when patience ends, or when something is that nobody brings.
Task<Result<std::vector<Uid>>> Gate::AwaitComing(std::vector<store::Requirement> requirements,
                                                 std::vector<Uid> missing,
                                                 net::Milliseconds patience) {
  Waiter waiter(services_.home, missing);
  waiters_.push_back(&waiter);
  auto left = co_await AwaitComing(waiter, std::move(requirements), std::move(missing), patience);
  waiters_.remove(&waiter);
  co_return left;
}

Task<Result<std::vector<Uid>>> Gate::AwaitComing(Waiter& waiter,
                                                 std::vector<store::Requirement> requirements,
                                                 std::vector<Uid> missing,
                                                 net::Milliseconds patience) {
  const SteadyTime by = services_.home.Now() + patience;
  for (int asked = 1; !missing.empty() && !draining_ && !impatient_; ++asked) {
    auto coming = co_await services_.ledger.Coming(name_, missing);
    if (!coming) co_return std::unexpected(coming.error());
    const auto left = std::chrono::duration_cast<net::Milliseconds>(by - services_.home.Now());
    if (coming->size() < missing.size() || left.count() <= 0) break;
    const net::Milliseconds again = AskAgainAfter(application().existence, asked);
    co_await waiter.known.Wait(std::min(left, again));
    auto still = co_await FindMissing(requirements);
    if (!still) co_return std::unexpected(still.error());
    missing = std::move(*still);
  }
  co_return std::move(missing);
}

Task<std::vector<Uid>> Gate::AskWithin(std::vector<Question> questions, net::Milliseconds at_most) {
  if (at_most.count() <= 0) co_return std::vector<Uid>();
  Wish wish(services_.home, std::move(questions));
  wishes_.push_back(&wish);
  due_.Notify();
  co_await wish.done.Wait(at_most);
  wishes_.remove(&wish);
  co_return std::move(wish.found);
}

}  // namespace router::hold
