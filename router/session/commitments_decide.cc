#include <algorithm>
#include <filesystem>

#include "router/base/log.h"
#include "router/dataset/digest.h"
#include "router/dimse/sop_classes.h"
#include "router/dimse/status.h"
#include "router/session/commitments.h"
#include "router/store/spool.h"

namespace router::session {
namespace {

constexpr int kPage = 100;
// Of one request in one round, so that a long one keeps no other waiting: ten seconds, as a rule.
constexpr int kAskedAtOnce = 100;
constexpr net::Milliseconds kLookAtLeastEvery{15'000};

// On the disk pool.
Original CompareOnDisk(const std::string& path, const store::SpoolFile& file,
                       const Uid& transfer_syntax) {
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(path, error);
  if (error) return Original::kUnreadable;
  if (size != file.size) return Original::kDamaged;
  auto digest = dataset::DigestOfBytes({path, file.dataset_offset, transfer_syntax});
  if (!digest) return Original::kUnreadable;
  return *digest == file.sha256 ? Original::kWhole : Original::kDamaged;
}

}  // namespace

// Every undecided instance once: what we hold may have been delivered, or put in quarantine.
Task<> Commitments::DecideAll() {
  seen_.clear();
  asked_.clear();
  put_off_ = false;
  bool any = false;
  store::RowId commitment = 0;
  int position = -1;
  // What becomes due meanwhile (Answered, Wake) asks for another look.
  next_look_ = SteadyTime::max();
  for (bool more = true; more && !draining_;) {
    auto page = co_await ledger_.Undecided(name_, commitment, position, kPage);
    if (!page) {
      Complain(page.error());
      any = true;
      break;
    }
    more = page->size() == kPage;
    if (page->empty()) break;
    any = true;
    commitment = page->back().commitment;
    position = page->back().position;
    co_await DecidePage(std::move(*page));
    if (!draining_) co_await StartReports();
  }
  co_await oracle_.Close();
  std::erase_if(negatives_, [this](const auto& one) { return !seen_.contains(one.first); });
  if (next_look_ == SteadyTime::max()) undecided_ = any;
  if (undecided_) PlanNextLook();
}

// Not before something can have changed: the application's own schedule, or what we hold.
void Commitments::PlanNextLook() {
  const SteadyTime now = services_.clock.Now();
  SteadyTime next =
      now + std::min<config::Duration>(application().existence.most, kLookAtLeastEvery);
  if (put_off_) next = std::max(now, unreachable_until_);
  for (const auto& [uid, verification] : negatives_)
    if (verification.next() > now) next = std::min(next, verification.next());
  if (trouble_until_ > now) next = std::max(next, trouble_until_);
  next_look_ = std::min(next_look_, next);
}

Task<> Commitments::DecidePage(std::vector<store::UndecidedInstance> page) {
  const bool by_original = application().storage_commitment == config::StorageCommitment::kRetained;
  std::vector<store::InstanceDecision> decisions;
  if (by_original)
    decisions = co_await DecideByOriginal(page);
  else
    decisions = co_await DecideByExistence(page);
  if (decisions.empty()) co_return;
  auto decided = co_await ledger_.Decide(std::move(decisions));
  if (!decided) Complain(decided.error());
}

Task<std::vector<store::InstanceDecision>> Commitments::DecideByExistence(
    const std::vector<store::UndecidedInstance>& page) {
  for (const store::UndecidedInstance& one : page) seen_.insert(one.sop.sop_instance);
  const std::map<Uid, Presence> told = co_await Ask(page);
  const WallTime now = services_.clock.WallNow();
  std::vector<store::InstanceDecision> decisions;
  for (const store::UndecidedInstance& one : page) {
    auto answer = told.find(one.sop.sop_instance);
    const Presence presence = answer != told.end() ? answer->second : Presence::kUnknown;
    if (auto reason = DecisionFor(one, presence, now))
      decisions.push_back({one.commitment, one.position, *reason});
  }
  co_return decisions;
}

// All contents of it that are kept are read: what is damaged on the disk is no original.
Task<Original> Commitments::LookAt(store::SpoolFile file, Uid transfer_syntax) {
  store::SpoolFile copy = file;
  auto opened = co_await services_.spool.Read(std::move(copy));
  if (!opened) {
    if (opened.error().code == Errc::kNotFound) co_return Original::kGone;
    co_return opened.error().code == Errc::kCorrupt ? Original::kDamaged : Original::kUnreadable;
  }
  auto read = [path = services_.spool.paths().File(file.name), file,
               syntax = std::move(transfer_syntax)] { return CompareOnDisk(path, file, syntax); };
  co_return co_await services_.disk.Run<Original>(std::move(read));
}

Task<Original> Commitments::LookAtOriginal(const store::UndecidedInstance& one) {
  if (one.files.empty()) co_return Original::kGone;
  for (const store::SpoolFile& kept : one.files) {
    store::SpoolFile file = kept;
    const Original original = co_await LookAt(std::move(file), Uid());
    if (original == Original::kWhole) continue;
    log::Error("an original that is kept cannot be committed",
               {{"application", name_},
                {"sop_instance_uid", one.sop.sop_instance.str()},
                {"file", kept.name},
                {"why", original == Original::kGone      ? "its file is gone"
                        : original == Original::kDamaged ? "its file is not what was received"
                                                         : "its file cannot be read now"}});
    co_return original;
  }
  co_return Original::kWhole;
}

// What is committed is promised from the report on, which may take its time.
Task<std::vector<store::InstanceDecision>> Commitments::DecideByOriginal(
    const std::vector<store::UndecidedInstance>& page) {
  std::vector<store::InstanceDecision> decisions;
  for (const store::UndecidedInstance& one : page) {
    if (draining_) break;
    const Original original = co_await LookAtOriginal(one);
    const auto reason = DecisionByOriginal(one, original, services_.clock.WallNow());
    if (!reason) continue;
    store::InstanceDecision& decision = decisions.emplace_back();
    decision.commitment = one.commitment;
    decision.position = one.position;
    decision.reason = *reason;
    if (*reason != dimse::status::kSuccess) continue;
    for (const store::SpoolFile& file : one.files) decision.files.push_back(file.name);
    decision.promised_until = services_.clock.WallNow() + application().commitment.retain_for +
                              application().commitment.report_for;
  }
  co_return decisions;
}

Task<std::map<Uid, Presence>> Commitments::Ask(const std::vector<store::UndecidedInstance>& page) {
  std::map<Uid, Presence> told;
  const SteadyTime now = services_.clock.Now();
  if (draining_ || now < unreachable_until_) co_return told;
  std::vector<hold::Question> questions;
  for (const store::UndecidedInstance& one : page) {
    const Uid& uid = one.sop.sop_instance;
    auto known = negatives_.find(uid);
    const bool due = known == negatives_.end() || known->second.next() <= now;
    if (!due || !IsToBeAskedAbout(one) || told.contains(uid)) continue;
    if (++asked_[one.commitment] > kAskedAtOnce) {
      put_off_ = true;
      continue;
    }
    told.emplace(uid, Presence::kUnknown);
    questions.push_back({uid, dimse::KindOf(one.sop.sop_class.view()), store::Level::kInstance,
                         one.series, one.study});
  }
  if (questions.empty()) co_return told;
  std::function<bool()> stop = [this] { return draining_; };
  auto findings = co_await oracle_.Ask(std::move(questions), std::move(stop));
  if (findings) {
    unreachable_ = 0;
    NoteAnswers(*findings, told);
    co_return told;
  }
  if (draining_) co_return told;
  if (unreachable_++ == 0)
    log::Warning("storage commitment waits: the application cannot be asked what exists",
                 {{"application", name_}, {"reason", findings.error().detail}});
  unreachable_until_ =
      services_.clock.Now() + hold::AskAgainAfter(application().existence, unreachable_);
  co_return told;
}

// One "no" proves nothing: as for a lost answer, three that lie `verify_for` apart.
void Commitments::NoteAnswers(const hold::Findings& findings, std::map<Uid, Presence>& told) {
  const SteadyTime now = services_.clock.Now();
  for (const Uid& uid : findings.found) {
    told[uid] = Presence::kFound;
    negatives_.erase(uid);
  }
  for (const Uid& uid : findings.absent)
    if (negatives_[uid].Negative(now, application().verify_for)) told[uid] = Presence::kAbsent;
  for (const Uid& uid : findings.unanswered)
    negatives_[uid].Later(now + hold::AskAgainAfter(application().existence, 1));
}

}  // namespace router::session
