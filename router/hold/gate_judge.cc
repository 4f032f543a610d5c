#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "router/base/log.h"
#include "router/base/text.h"
#include "router/dataset/head.h"
#include "router/dimse/status.h"
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

struct Gate::Harvested {
  Requirements requirements;
  store::Patient patient;
};

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
  if (!JudgeMachines(harvested->requirements, verdict)) co_return verdict;
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

Task<Result<Gate::Harvested>> Gate::Harvest(store::Instance instance, dataset::Region file,
                                            config::Requirements choices) {
  struct Read {
    dataset::Harvest harvest;
    dataset::Head head;
  };
  std::move_only_function<Result<Read>()> work =
      [file = std::move(file), paths = PathsFor(instance.kind)]() -> Result<Read> {
    auto head = dataset::ReadHead(file);
    if (!head) return std::unexpected(head.error());
    auto harvest = dataset::HarvestReferences(file, paths);
    if (!harvest) return std::unexpected(harvest.error());
    return Read{std::move(*harvest), std::move(*head)};
  };
  auto read = co_await services_.cpu.Run<Result<Read>>(std::move(work));
  if (!read) co_return std::unexpected(read.error());
  Harvested harvested;
  harvested.patient = {read->head.patient_id_digest, read->head.patient_name_digest};
  harvested.requirements =
      RequirementsOf(instance.kind, instance.sop_instance, read->harvest, choices, instance.study);
  // No reference names the study; as a rule it is that of the object which refers.
  for (store::Requirement& one : harvested.requirements.references) one.study = instance.study;
  co_return harvested;
}

// False: the verdict is settled.
bool Gate::JudgeMachines(const Requirements& requirements, Verdict& verdict) const {
  const std::vector<std::string>& known = application().machines;
  std::vector<std::string> unknown;
  for (const std::string& name : requirements.machines) {
    if (UnknownMachine(std::span(&name, 1), known).empty()) continue;
    auto ours = application().machine_names.find(name);
    const bool map = application().unknown_machine == config::UnknownMachine::kMap;
    if (map && ours != application().machine_names.end())
      verdict.rename[name] = ours->second;
    else
      unknown.push_back(name);
  }
  if (unknown.empty()) return true;
  verdict.rename.clear();  // it stays as it came, for a person to decide
  const std::string name = Printable(unknown.front());
  verdict.reason = {store::Cause::kUnknownMachine,
                    fmt::format("treatment machine \"{}\" is not known to {}; known: {}", name,
                                name_, fmt::join(known, ", "))};
  const bool refuse = application().unknown_machine == config::UnknownMachine::kRefuse;
  verdict.kind = refuse ? Verdict::Kind::kRefuse : Verdict::Kind::kQuarantine;
  verdict.status = dimse::status::kCannotUnderstand;
  verdict.comment = AsErrorComment(
      fmt::format("machine {} unknown here; known: {}", name, fmt::join(known, ", ")));
  return false;
}

// False: the verdict is settled.
bool Gate::JudgeImages(const Requirements& requirements, config::NoImages choice,
                       Verdict& verdict) const {
  const bool keep = choice == config::NoImages::kQuarantine;
  if (!requirements.names_no_images || !keep) return true;
  verdict.kind = Verdict::Kind::kQuarantine;
  verdict.reason = {store::Cause::kReferences,
                    "it names no image, no series and no frame of reference"};
  verdict.status = dimse::status::kCannotUnderstand;
  verdict.comment = verdict.reason.text;
  return false;
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
