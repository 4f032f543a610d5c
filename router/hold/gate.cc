#include "router/hold/gate.h"

#include <algorithm>

#include "router/base/log.h"
#include "router/hold/wish.h"
#include "router/net/future.h"

namespace router::hold {
namespace {

constexpr net::Milliseconds kLongestRest{30'000};  // should a wake-up ever be missed
constexpr net::Milliseconds kShortestRest{20};
constexpr net::Milliseconds kLedgerTrouble{5'000};
constexpr net::Milliseconds kLineOpen{250};  // somebody else may want the slot

}  // namespace

Gate::Gate(Services services, std::shared_ptr<const config::Config> config, std::string application,
           Connect connect)
    : services_(services),
      config_(std::move(config)),
      name_(std::move(application)),
      application_(config_->FindApplication(name_)),
      oracle_(services_.home, services_.clock, std::move(connect), services_.metrics,
              {.application = name_,
               .existence = application_ ? application_->existence : config::Existence()}),
      due_(services_.home),
      ended_(services_.home),
      breath_(services_.home) {
  if (!application_) log::Fatal("a gate without an application", {{"application", name_}});
}

Gate::~Gate() {
  if (running_ || judging_ != 0 || recording_) {
    log::Fatal("a gate ended before it was drained", {{"application", name_}});
  }
}

void Gate::Start() {
  services_.home.PostSpawn([this] { return Run(); });
}

Task<> Gate::Run() {
  running_ = true;
  if (!draining_) co_await ExpectUnrest();
  while (!draining_) {
    co_await AskWishes();
    if (!draining_) co_await AskWanted();
    if (!draining_) co_await EndOverdue();
    if (!draining_) co_await EndUnanswered();
    if (!draining_) co_await WarnLate();
    if (!draining_) co_await RelaxQuiet();
    if (oracle_.ShouldClose()) co_await oracle_.Close();
    if (!draining_ && !HasNewWishes()) co_await Rest();
  }
  co_await oracle_.Close();
  running_ = false;
  ended_.Notify();
}

// Until something is due or somebody says so.
Task<> Gate::Rest() {
  auto due = co_await services_.ledger.Due(name_);
  if (draining_ || HasNewWishes()) co_return;
  net::Milliseconds rest = oracle_.IsOpen() ? kLineOpen : kLongestRest;
  const WallTime wall = services_.clock.WallNow();
  const SteadyTime now = services_.clock.Now();
  auto until = [&rest](auto left) {
    auto whole = std::chrono::ceil<net::Milliseconds>(left);
    rest = std::min(rest, std::max(whole, kShortestRest));
  };
  if (due && due->deadline) until(*due->deadline - wall);
  if (due && due->warning) until(*due->warning - wall);
  if (Unreachable()) {
    until(unreachable_until_ - now);
  } else {
    if (due && due->check) until(*due->check - wall);
    for (const auto& [row, verification] : verifying_) until(verification.next() - now);
  }
  if (std::exchange(trouble_, false)) rest = std::max(rest, kLedgerTrouble);
  co_await due_.Wait(rest);
}

void Gate::Complain(const Error& error) {
  trouble_ = true;
  log::Error("the ledger did not do as it was told",
             {{"application", name_}, {"reason", error.detail}});
}

store::Knowledge Gate::Believed(store::How how) const {
  return {how, services_.clock.WallNow() + application().existence.lifetime};
}

void Gate::NoteReady(const std::vector<store::ReadyRow>& rows) {
  for (const store::ReadyRow& row : rows) {
    services_.metrics.Get<metrics::Id::kReleased>(name_, NameOf(row.kind)).Add();
    log::Info("released", {{"sop_instance_uid", row.sop_instance.view()},
                           {"application", name_},
                           {"kind", NameOf(row.kind)},
                           {"state", "ready"},
                           {"reason", "all that it refers to exists there"}});
  }
}

// Those who wait with what they are about to answer.
void Gate::TellWaiters(const std::vector<Uid>& known) {
  for (Waiter* waiter : waiters_) {
    const bool concerned =
        std::ranges::any_of(known, [&](const Uid& uid) { return waiter->uids.contains(uid); });
    if (concerned) waiter->known.Notify();
  }
}

Task<> Gate::RecordThere(std::vector<Uid> uids, store::Knowledge knowledge) {
  if (uids.empty()) co_return;
  auto ready = co_await services_.ledger.Exists(name_, uids, knowledge);
  TellWaiters(uids);
  if (ready) {
    NoteReady(*ready);
  } else {
    Complain(ready.error());
  }
}

// ---- what is stored there

void Gate::Stored(Uid sop_instance, store::How how, Whereabouts where) {
  Note({std::move(sop_instance), how, false, std::move(where)});
}

void Gate::Arriving(Whereabouts where) {
  services_.home.Post([this, where = std::move(where)] { NoteStirred(where); });
}

void Gate::Known(Uid sop_instance, Whereabouts where) {
  Note({std::move(sop_instance), store::How::kStatus, true, std::move(where)});
}

void Gate::AtOnce(const Uid& sop_instance) {
  at_once_.insert(sop_instance);
  for (Passing& one : passing_) {
    if (one.begun || one.sop_instance != sop_instance) continue;
    one.begun = true;
    return;
  }
}

void Gate::AtOnceEnded(const Uid& sop_instance) {
  at_once_.erase(at_once_.find(sop_instance));
  auto passed = std::ranges::find_if(
      passing_, [&](const Passing& one) { return one.begun && one.sop_instance == sop_instance; });
  if (passed != passing_.end()) passing_.erase(passed);
  if (at_once_.contains(sop_instance)) return;
  if (found_at_once_.erase(sop_instance) > 0) Stored(sop_instance, store::How::kQuery);
}

void Gate::Note(StoredOne one) {
  services_.home.Post([this, one = std::move(one)]() mutable {
    if (draining_) return;
    stored_.push_back(std::move(one));
    if (recording_) return;
    recording_ = true;
    services_.home.Spawn(RecordStored());
  });
}

// In batches: what comes while the ledger commits is told to it together.
Task<> Gate::RecordStored() {
  while (!stored_.empty()) {
    const auto batch = std::exchange(stored_, {});
    std::vector<Uid> all;
    std::map<store::How, std::vector<Uid>> uids;  // only what was found ends a verification
    std::vector<Whereabouts> around;
    for (const StoredOne& one : batch) {
      all.push_back(one.sop_instance);
      if (!one.known) uids[one.how].push_back(one.sop_instance);
      around.push_back(one.where);
    }
    for (auto& [how, of_how] : uids) co_await RecordOnes(std::move(of_how), how);
    TellWaiters(all);
    co_await AskSoonAround(std::move(around));
  }
  recording_ = false;
  if (draining_) ended_.Notify();
}

// Believed, or asked about soon.
Task<> Gate::RecordOnes(std::vector<Uid> uids, store::How how) {
  if (uids.empty()) co_return;
  if (application().confirm == config::Confirm::kStatus)
    co_return co_await RecordThere(std::move(uids), Believed(how));
  const WallTime soon = services_.clock.WallNow() + kGather;
  auto wanted = co_await services_.ledger.AskSoon(name_, std::move(uids), soon);
  if (!wanted) co_return Complain(wanted.error());
  NoteWanted(std::move(*wanted), kGather);
}

// Its "no" of this round is older, and it is due in so long.
void Gate::NoteWanted(std::vector<Uid> uids, net::Milliseconds due_in) {
  if (uids.empty()) return;
  soon_at_ = std::min(soon_at_, services_.clock.Now() + due_in);
  stored_meanwhile_.insert(uids.begin(), uids.end());
  due_.Notify();
}

void Gate::EndPatience() {
  services_.home.Post([this] {
    impatient_ = true;
    for (Waiter* waiter : waiters_) waiter->known.Notify();
  });
}

void Gate::Wake() {
  services_.home.Post([this] { due_.Notify(); });
}

void Gate::Configure(std::shared_ptr<const config::Config> config) {
  services_.home.Post([this, config = std::move(config)] {
    const config::Application* found = config->FindApplication(name_);
    if (!found) return;  // refused at load while rows wait; what waits goes on as it did
    config_ = config;
    application_ = found;
    oracle_.Configure(found->existence);
    due_.Notify();
  });
}

// ---- the end

Task<> Gate::Drain() {
  return net::RunOn<void>(services_.home, [this] { return DrainHere(); });
}

Task<> Gate::DrainHere() {
  draining_ = true;
  oracle_.Interrupt(Error{Errc::kInterrupted, Blame::kInternal, true, "draining"});
  due_.Notify();
  for (Wish* wish : wishes_) wish->done.Notify();
  for (Waiter* waiter : waiters_) waiter->known.Notify();
  while (running_ || judging_ != 0 || recording_) co_await ended_.Wait();
}

}  // namespace router::hold
