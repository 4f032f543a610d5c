#include "router/session/commitments.h"

#include <algorithm>

#include "router/base/log.h"
#include "router/net/future.h"

namespace router::session {
namespace {

constexpr net::Milliseconds kLongestRest{30'000};  // should a wake-up ever be missed
constexpr net::Milliseconds kShortestRest{20};
constexpr net::Milliseconds kReportsUnderWay{1'000};
constexpr net::Milliseconds kLedgerTrouble{5'000};
// What is delivered one after another (a series) is looked at together.
constexpr net::Milliseconds kGather{300};

}  // namespace

Commitments::Commitments(Services& services, store::CommitmentLedger& ledger, net::Loop& home,
                         std::shared_ptr<const config::Config> config, std::string application,
                         hold::Connect connect)
    : services_(services),
      ledger_(ledger),
      home_(home),
      config_(std::move(config)),
      name_(std::move(application)),
      application_(config_->FindApplication(name_)),
      oracle_(home, services.clock, std::move(connect), services.metrics,
              {.application = name_,
               .existence = application_ ? application_->existence : config::Existence()}),
      due_(home),
      ended_(home),
      random_(std::random_device()()) {
  if (!application_) log::Fatal("commitment without an application", {{"application", name_}});
}

Commitments::~Commitments() {
  if (running_ || adding_ != 0 || !reporting_.empty())
    log::Fatal("storage commitment ended before it was drained", {{"application", name_}});
}

void Commitments::Start() {
  home_.PostSpawn([this] { return Run(); });
}

Task<> Commitments::Run() {
  running_ = true;
  while (!draining_) {
    if (services_.clock.Now() >= next_look_) co_await DecideAll();
    if (!draining_) co_await StartReports();
    if (!draining_) co_await Rest();
  }
  co_await oracle_.Close();
  running_ = false;
  ended_.Notify();
}

// Until something is due or somebody says so.
Task<> Commitments::Rest() {
  auto report = co_await ledger_.NextDue(name_);
  if (!report) Complain(report.error());
  if (draining_) co_return;
  const SteadyTime now = services_.clock.Now();
  net::Milliseconds rest = kLongestRest;
  auto until = [&rest](auto left) {
    rest = std::min(rest, std::max(std::chrono::ceil<net::Milliseconds>(left), kShortestRest));
  };
  if (undecided_ || next_look_ > now) until(next_look_ - now);
  if (report && *report) {
    const auto left = **report - services_.clock.WallNow();
    // What is due already is being reported, or waits for its turn: who ends that says so.
    if (left.count() > 0)
      until(left);
    else
      until(kReportsUnderWay);
  }
  co_await due_.Wait(rest);
}

void Commitments::Complain(const Error& error) {
  trouble_until_ = services_.clock.Now() + kLedgerTrouble;
  log::Error("the ledger did not do as it was told",
             {{"application", name_}, {"reason", error.detail}});
}

// ---- what sessions bring

Task<Result<store::AddedCommitment>> Commitments::Add(store::NewCommitment asked) {
  return net::RunOn<Result<store::AddedCommitment>>(
      home_, [this, asked = std::move(asked)]() mutable {
        return [](Commitments* self,
                  store::NewCommitment what) -> Task<Result<store::AddedCommitment>> {
          if (self->draining_)
            co_return Fail(Errc::kInterrupted, Blame::kInternal, "Sluice is stopping", true);
          ++self->adding_;
          auto added = co_await self->ledger_.Add(std::move(what));
          if (added) self->lines_.Ask(added->id);
          --self->adding_;
          if (self->draining_) self->ended_.Notify();
          co_return added;
        }(this, std::move(asked));
      });
}

Task<Result<bool>> Commitments::Concerns(store::NewCommitment asked) {
  return ledger_.Concerns(std::move(asked));
}

void Commitments::Answered(store::RowId commitment, std::shared_ptr<ReportLine> line) {
  home_.Post([this, commitment, line = std::move(line)] {
    lines_.Answered(commitment, line);
    undecided_ = true;
    next_look_ = services_.clock.Now();
    due_.Notify();
  });
}

void Commitments::Wake() {
  home_.Post([this] {
    if (!undecided_) return;
    next_look_ = std::min(next_look_, services_.clock.Now() + kGather);
    due_.Notify();
  });
}

void Commitments::Configure(std::shared_ptr<const config::Config> config) {
  home_.Post([this, config = std::move(config)] {
    const config::Application* found = config->FindApplication(name_);
    if (!found) return;
    config_ = config;
    application_ = found;
    oracle_.Configure(found->existence);
    due_.Notify();
  });
}

// ---- the end

Task<> Commitments::Drain() {
  return net::RunOn<void>(home_, [this] {
    return [](Commitments* self) -> Task<> {
      const Error why{Errc::kInterrupted, Blame::kInternal, true, "draining"};
      self->draining_ = true;
      self->oracle_.Interrupt(why);
      for (association::Association* call : self->calls_) call->Interrupt(why);
      self->due_.Notify();
      while (self->running_ || self->adding_ != 0 || !self->reporting_.empty())
        co_await self->ended_.Wait();
      self->lines_.Clear();
    }(this);
  });
}

}  // namespace router::session
