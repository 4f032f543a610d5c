#include "router/delivery/destination.h"

#include <algorithm>
#include <utility>

#include "router/association/protocol_errors.h"
#include "router/base/fail_point.h"
#include "router/base/log.h"
#include "router/dimse/sop_classes.h"
#include "router/dimse/status.h"

namespace router::delivery {
namespace {

constexpr int kBatch = 16;                         // rows claimed at once
constexpr net::Milliseconds kLongestRest{30'000};  // should a wake-up ever be missed
constexpr net::Milliseconds kBlocked{500};         // rows are due, but their series is not free
constexpr net::Milliseconds kLedgerTrouble{5'000};
constexpr net::Milliseconds kLeaseSlack{300'000};

}  // namespace

Destination::Destination(Services services, std::shared_ptr<const config::Config> config,
                         std::string name, Hooks hooks)
    : services_(services),
      config_(std::move(config)),
      name_(std::move(name)),
      application_(config_->FindApplication(name_)),
      hooks_(std::move(hooks)),
      owner_("delivery/" + name_),
      slots_(services_.home, application_ ? application_->max_associations : 1),
      breaker_(application_ ? application_->breaker : config::Breaker()),
      budget_(application_ ? application_->retry.first : config::Retry().first),
      due_(services_.home),
      keep_(services_.home),
      ended_(services_.home),
      random_(std::random_device{}()) {
  if (!application_ || !application_->address) {
    log::Fatal("a destination without an address", {{"application", name_}});
  }
  slots_.OnWanted([this] { keep_.Notify(); });
  ShowState();
}

Destination::~Destination() {
  if (running_ || callers_ != 0 || !idle_.empty()) {
    log::Fatal("a destination ended before it was drained", {{"application", name_}});
  }
}

void Destination::Start() {
  services_.home.PostSpawn([this] { return Run(); });
}

Task<> Destination::Run() {
  running_ = true;
  co_await Both(RunQueue(), KeepLegs());
  running_ = false;
  ended_.Notify();
}

Task<> Destination::RunQueue() {
  while (!draining_) {
    if (!co_await TellAgain()) {
      co_await due_.Wait(kLedgerTrouble);
      continue;
    }
    if (!hooks_.on_verifying) co_await ReleaseUnverified();
    if (!breaker_.MaySend()) {
      co_await AwaitProbe();
      continue;
    }
    const RetryBudget::Turn turn = budget_.Next(services_.clock.Now());
    if (turn.attempts == 0) {
      const net::Milliseconds rest = budget_.Wait(services_.clock.Now());
      co_await due_.Wait(rest);
      continue;
    }
    auto rows = co_await ClaimFor(turn);
    if (!rows) {
      log::Error("the queue cannot be read",
                 {{"application", name_}, {"reason", rows.error().detail}});
      co_await due_.Wait(kLedgerTrouble);
    } else if (rows->empty()) {
      // What else is due may not be attempted before.
      const net::Milliseconds rest = budget_.Wait(services_.clock.Now());
      if (rest.count() > 0) co_await due_.Wait(rest);
      if (rest.count() == 0) co_await Rest();
    } else {
      std::deque<store::Row> batch(std::make_move_iterator(rows->begin()),
                                   std::make_move_iterator(rows->end()));
      Reach(FailPoint::kClaimed);
      co_await SendBatch(std::move(batch));
    }
  }
  co_await TellAgain();  // the last chance: else they are found out after the restart
  queue_ended_ = true;
  keep_.Notify();
}

Task<Result<std::vector<store::Row>>> Destination::ClaimFor(RetryBudget::Turn turn) {
  using Of = RetryBudget::Of;
  const int batch_size = std::min(kBatch, turn.attempts);
  const auto lease = LeaseTime();
  if (turn.of == Of::kAny)
    co_return co_await services_.ledger.Claim(name_, batch_size, owner_, lease);
  if (turn.of == Of::kFresh) {
    auto rows = co_await services_.ledger.ClaimFresh(name_, batch_size, owner_, lease);
    const bool only_fresh = budget_.Wait(services_.clock.Now()).count() > 0;
    if (!rows || !rows->empty() || only_fresh) co_return rows;
  }
  co_return co_await services_.ledger.ClaimLongestDue(name_, owner_, lease);
}

// Renewed before each row: the longest that one may take, and then some.
std::chrono::milliseconds Destination::LeaseTime() const {
  return application().timeouts.response + kLeaseSlack;
}

net::Milliseconds Destination::Until(WallTime when) const {
  auto left = std::chrono::ceil<net::Milliseconds>(when - services_.clock.WallNow());
  return std::max(left, net::Milliseconds(0));
}

// Until a row is due or somebody says so.
Task<> Destination::Rest() {
  auto due = co_await services_.ledger.Due(name_);
  if (draining_) co_return;
  net::Milliseconds rest = kLongestRest;
  for (auto when : {due ? due->attempt : std::nullopt, due ? due->lease : std::nullopt}) {
    // What is due and was not given out is behind others of its series: a wake-up will tell.
    if (when) rest = std::min(rest, std::max(Until(*when), kBlocked));
  }
  co_await due_.Wait(rest);
}

Task<> Destination::AwaitProbe() {
  const std::optional<SteadyTime> at = breaker_.ProbeAt();
  if (at) {
    auto left = std::chrono::ceil<net::Milliseconds>(*at - services_.clock.Now());
    if (left.count() > 0) {
      co_await due_.Wait(left);
      co_return;  // perhaps only woken: look again
    }
  }
  co_await Probe();
}

Task<> Destination::Probe() {
  breaker_.ProbeStarted();
  ShowState();
  std::vector<ul::ProposedContext> contexts = Propose({});
  const net::Milliseconds wait = application().wait_for;
  AeTitle calling = config_->CallingTitle(application(), nullptr, config_->ae_title);
  auto leg = co_await OpenLeg(calling, std::move(contexts), Purpose::kReserved, wait);
  if (!leg) {
    // Without a slot nothing is known: as good as a failure, it is tried again later.
    if (breaker_.state() == Breaker::State::kHalfOpen) breaker_.Failed(services_.clock.Now());
    ShowState();
    co_return;
  }
  if (!(*leg)->scu->Find(Uid(dimse::uid::kVerification))) {
    co_await (*leg)->scu->Release();  // it negotiates: that is enough
    NoteReached();
    co_return;
  }
  auto echoed = co_await (*leg)->scu->Echo();
  if (echoed) {
    NoteReached();
    co_await (*leg)->scu->Release();
  } else {
    NoteUnreachable(echoed.error());
    co_await (*leg)->scu->Abort();
  }
}

void Destination::NoteReached() {
  const bool was_open = !breaker_.MaySend();
  breaker_.Succeeded();
  if (!up_ || was_open) log::Info("destination is reachable again", {{"application", name_}});
  up_ = tried_ = true;
  last_error_.clear();
  ShowState();
  if (was_open) due_.Notify();
}

void Destination::NoteUnreachable(const Error& why) {
  const Breaker::State before = breaker_.state();
  breaker_.Failed(services_.clock.Now());
  association::CountProtocolError(services_.metrics, why);
  if (up_) {
    log::Warning("destination cannot be reached", {{"application", name_}, {"reason", why.detail}});
  }
  if (breaker_.state() == Breaker::State::kOpen) budget_.Exhausted();
  if (breaker_.state() == Breaker::State::kOpen && before == Breaker::State::kClosed) {
    log::Warning("nothing is sent until the destination answers a C-ECHO",
                 {{"application", name_}, {"failures", breaker_.failures()}});
    due_.Notify();  // the runner may be at rest, and it is the one that probes
  }
  up_ = false;
  tried_ = true;
  last_error_ = why.detail;
  ShowState();
}

void Destination::ShowState() {
  using metrics::Id;
  services_.metrics.Get<Id::kDestinationUp>(name_).Set(up_ ? 1 : 0);
  services_.metrics.Get<Id::kBreakerState>(name_).Set(static_cast<double>(breaker_.state()));
}

void Destination::Count(std::string_view outcome) {
  services_.metrics.Get<metrics::Id::kDeliveryAttempts>(name_, outcome).Add();
}

// ---- called from other loops

void Destination::Wake() {
  services_.home.Post([this] { due_.Notify(); });
}

void Destination::Reached() {
  services_.home.Post([this] {
    if (breaker_.state() != Breaker::State::kHalfOpen) NoteReached();
  });
}

// It may be one client's title that is not trusted there: nothing else need wait for that.
void Destination::Rejected(std::string why) {
  services_.home.Post([this, why = std::move(why)] {
    if (breaker_.state() == Breaker::State::kHalfOpen) return;
    NoteReached();
    last_error_ = why;
  });
}

void Destination::Unreachable(std::string why) {
  services_.home.Post([this, why = std::move(why)] {
    if (breaker_.MaySend()) NoteUnreachable(Error{Errc::kConnect, Blame::kUpstream, true, why});
  });
}

void Destination::Configure(std::shared_ptr<const config::Config> config) {
  services_.home.Post([this, config = std::move(config)] {
    const config::Application* found = config->FindApplication(name_);
    if (!found || !found->address) return;  // refused at load; what is queued goes on as it did
    config_ = config;
    application_ = found;
    breaker_.Configure(found->breaker);
    budget_.Configure(found->retry.first);
    slots_.SetLimit(found->max_associations);
    due_.Notify();
  });
}

Task<Result<Slot>> Destination::TakeSlot(Purpose purpose, net::Milliseconds wait,
                                         std::shared_ptr<SlotWait> own) {
  return net::RunOn<Result<Slot>>(services_.home, [this, purpose, wait, own = std::move(own)] {
    return slots_.Take(purpose, wait, own);
  });
}

Task<Condition> Destination::Describe() {
  return net::RunOn<Condition>(services_.home, [this] { return DescribeHere(); });
}

Task<Condition> Destination::DescribeHere() {
  co_return Condition{.up = tried_ ? std::optional(up_) : std::nullopt,
                      .breaker = breaker_.state(),
                      .failures = breaker_.failures(),
                      .slots_used = slots_.used(),
                      .slots = slots_.limit(),
                      .last_error = last_error_};
}

Task<> Destination::Drain(net::Milliseconds patience) {
  return net::RunOn<void>(services_.home, [this, patience] { return DrainHere(patience); });
}

Task<> Destination::DrainHere(net::Milliseconds patience) {
  draining_ = true;
  slots_.Close();
  due_.Notify();
  keep_.Notify();
  for (bool patient = true; running_ || callers_ != 0;) {
    const bool ended = co_await ended_.Wait(patient ? patience : net::Milliseconds(-1));
    if (ended || !patient) continue;
    patient = false;
    for (association::Scu* scu : busy_) {
      scu->association().Interrupt(
          Error{Errc::kInterrupted, Blame::kInternal, true, "stopped while it was sending"});
    }
  }
  co_await CloseIdle(true);
  co_await slots_.AllBack();
}

void Destination::CallerLeft() {
  --callers_;
  if (draining_) ended_.Notify();
}

}  // namespace router::delivery
