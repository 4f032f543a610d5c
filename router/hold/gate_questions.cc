#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "router/base/log.h"
#include "router/hold/gate.h"
#include "router/hold/wish.h"

namespace router::hold {
namespace {

constexpr int kWantedAtOnce = 500;
constexpr int kVerifiedAtOnce = 100;

using Keys = std::set<std::pair<Uid, Uid>>;

void AddOnce(std::vector<Question>& questions, Keys& seen, Question question) {
  if (seen.insert(KeyOf(question)).second) questions.push_back(std::move(question));
}

Question QuestionOf(const store::WantedUid& one) {
  return {one.uid, one.kind, one.level, one.series, one.study};
}

}  // namespace

bool Gate::HasNewWishes() const {
  return std::ranges::any_of(wishes_, [](const Wish* wish) { return !wish->asked; });
}

// The application's answers, or nothing if it could not be asked; then it is left alone for a
// while. `stop`: Oracle::Ask.
Task<std::optional<Findings>> Gate::Ask(std::vector<Question> questions,
                                        std::function<bool()> stop) {
  auto findings = co_await oracle_.Ask(std::move(questions), std::move(stop));
  if (findings) {
    unreachable_ = 0;
    unreachable_until_ = {};
    co_return std::move(*findings);
  }
  if (draining_) co_return std::nullopt;
  if (unreachable_++ == 0) {
    log::Warning("the application cannot be asked what exists",
                 {{"application", name_}, {"reason", findings.error().detail}});
  }
  unreachable_until_ = services_.clock.Now() + AskAgainAfter(application().existence, unreachable_);
  co_return std::nullopt;
}

// What is being judged goes first: somebody waits for the answer, `decide_within` at most. What
// comes meanwhile is for the next round: clients that never pause must not keep those that wait
// from being asked about, nor deadlines from being kept.
Task<> Gate::AskWishes() {
  if (HasNewWishes() && !draining_) {
    std::vector<Question> questions;
    Keys seen;
    for (Wish* wish : wishes_) {
      if (wish->asked) continue;
      wish->asked = true;
      for (const Question& question : wish->questions) AddOnce(questions, seen, question);
    }
    std::optional<Findings> findings;
    std::function<bool()> never;
    if (!Unreachable()) findings = co_await Ask(questions, std::move(never));
    co_await HearOfArrivals(questions);
    std::vector<Question> found;
    if (findings) found = FoundAmong(questions, findings->fates, true);
    co_await RecordFound(found);
    Keys there;
    for (const Question& question : found) there.insert(KeyOf(question));
    // Those whose time was over have left the list meanwhile; those that came are not asked yet.
    for (Wish* wish : wishes_) {
      if (!wish->asked) continue;
      for (const Question& question : wish->questions) {
        if (there.contains(KeyOf(question))) wish->found.push_back(question.uid);
      }
      wish->done.Notify();
    }
  }
}

// What rows wait for, and rows whose outcome is unknown: in one round. It gives way to instances
// that are being judged; and where anything is probably there already it goes in a round of its
// own, for which a round of others is broken off: these may take hours to be asked about once.
Task<> Gate::AskWanted() {
  if (Unreachable()) co_return;
  if (services_.clock.Now() >= soon_at_) soon_at_ = SteadyTime::max();
  stored_meanwhile_.clear();
  auto wanted = co_await services_.ledger.Wanted(name_, services_.clock.WallNow(), kWantedAtOnce);
  if (!wanted) co_return Complain(wanted.error());
  const bool soon = !wanted->empty() && wanted->front().soon;
  if (soon) std::erase_if(*wanted, [](const store::WantedUid& one) { return !one.soon; });
  std::vector<store::Row> rows = co_await DueToVerify();
  std::vector<Question> questions;
  Keys seen;
  for (const store::Row& row : rows) {
    const store::Instance& of = row.instance;
    AddOnce(questions, seen,
            {of.sop_instance, of.kind, store::Level::kInstance, of.series, of.study});
  }
  for (const store::WantedUid& one : *wanted) {
    AddOnce(questions, seen, QuestionOf(one));
  }
  if (questions.empty()) co_return;
  std::function<bool()> stop = [this, soon] {
    return draining_ || HasNewWishes() || (!soon && services_.clock.Now() >= soon_at_);
  };
  auto findings = co_await Ask(questions, std::move(stop));
  if (!findings) co_return;
  const std::set<Uid> found(findings->found.begin(), findings->found.end());
  const std::set<Uid> absent(findings->absent.begin(), findings->absent.end());
  const std::set<Uid> unanswered(findings->unanswered.begin(), findings->unanswered.end());
  for (store::Row& row : rows) {
    const Uid uid = row.instance.sop_instance;
    if (found.contains(uid)) co_await SettleVerifying(std::move(row), true);
    if (unanswered.contains(uid)) {
      verifying_[row.id].Later(services_.clock.Now() + AskAgainAfter(application().existence, 1));
    }
    if (absent.contains(uid)) co_await SettleVerifying(std::move(row), false);
  }
  co_await HearOfArrivals(questions);
  std::vector<Question> there = FoundAmong(questions, findings->fates, true);
  std::vector<Question> stirred = FoundAmong(questions, findings->fates, false);
  co_await RecordFound(std::move(there));
  co_await RecordUnrest(std::move(stirred));
  co_await RecordAbsent(std::move(*wanted), std::move(questions), std::move(findings->fates));
}

// Asked again on the schedule of the application; "unanswered" too, or it would be asked at once.
Task<> Gate::RecordAbsent(std::vector<store::WantedUid> wanted, std::vector<Question> asked,
                          std::vector<Fate> fates) {
  Keys later;
  for (size_t i = 0; i < asked.size(); ++i) {
    if (fates[i] == Fate::kAbsent || fates[i] == Fate::kUnanswered) later.insert(KeyOf(asked[i]));
  }
  const WallTime now = services_.clock.WallNow();
  std::vector<store::Absence> absences;
  for (const store::WantedUid& one : wanted) {
    if (!later.contains(KeyOf(QuestionOf(one))) || stored_meanwhile_.contains(one.uid)) continue;
    const WallTime next = now + AskAgainAfter(application().existence, one.asked + 1);
    absences.push_back({one.uid, next, one.study});
  }
  if (absences.empty()) co_return;
  auto done = co_await services_.ledger.Absent(name_, std::move(absences));
  if (!done) Complain(done.error());
}

// ---- rows whose outcome is unknown

Task<std::vector<store::Row>> Gate::DueToVerify() {
  std::vector<store::Row> due;
  auto rows = co_await services_.ledger.Unverified(name_, kVerifiedAtOnce);
  if (!rows) {
    Complain(rows.error());
    co_return due;
  }
  std::map<store::RowId, Verification> still;
  const SteadyTime now = services_.clock.Now();
  for (store::Row& row : *rows) {
    auto known = verifying_.find(row.id);
    Verification verification = known == verifying_.end() ? Verification() : known->second;
    still[row.id] = verification;
    if (verification.next() <= now) due.push_back(std::move(row));
  }
  verifying_ = std::move(still);
  co_return due;
}

Task<> Gate::SettleVerifying(store::Row row, bool found) {
  if (found && row.there_before) {
    const bool again = row.attempts > 1;
    store::Reason why{again ? store::Cause::kConflict : store::Cause::kRetry,
                      "found there, as it was before it was sent: which content it has, nobody "
                      "can tell"};
    co_return co_await SettleDoubtful(std::move(row), std::move(why), again);
  }
  if (found) {
    auto ready = co_await services_.ledger.Complete(row.id, Believed(store::How::kQuery));
    verifying_.erase(row.id);
    if (!ready) co_return Complain(ready.error());
    NoteReady(*ready);
    co_return LogVerified(row, "delivered", "found there");
  }
  auto at = verifying_.find(row.id);
  if (at == verifying_.end()) co_return;
  if (!at->second.Negative(services_.clock.Now(), application().verify_for)) co_return;
  const bool duplicate = row.reason.cause == store::Cause::kDuplicate;
  store::Reason why{
      duplicate ? store::Cause::kConflict : store::Cause::kRetry,
      fmt::format("{}not found there, asked {} times", duplicate ? "called a duplicate, yet " : "",
                  Verification::kNegatives)};
  co_await SettleDoubtful(std::move(row), std::move(why), duplicate);
}

// Sent again under the same UID, or, where that would lead round in a circle, left to a person.
Task<> Gate::SettleDoubtful(store::Row row, store::Reason why, bool quarantine) {
  verifying_.erase(row.id);
  const std::string text = why.text;
  const WallTime now = services_.clock.WallNow();
  Result<> done;
  if (quarantine) {
    done = co_await services_.ledger.Quarantine(row.id, std::move(why), store::State::kVerifying);
  } else {
    done = co_await services_.ledger.Fail(row.id, std::move(why), now);
  }
  if (!done) co_return Complain(done.error());
  LogVerified(row, quarantine ? "quarantined" : "ready", text);
}

void Gate::LogVerified(const store::Row& row, std::string_view state,
                       std::string_view reason) const {
  log::Info("verified", {{"sop_instance_uid", row.instance.sop_instance.view()},
                         {"application", name_},
                         {"kind", NameOf(row.instance.kind)},
                         {"state", state},
                         {"reason", reason}});
}

}  // namespace router::hold
