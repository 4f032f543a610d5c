#include <algorithm>

#include "router/base/log.h"
#include "router/delivery/backoff.h"
#include "router/session/commitments.h"
#include "router/session/legs.h"
#include "router/session/move_target.h"

namespace router::session {
namespace {

constexpr int kLookedAt = 64;
constexpr size_t kReportsAtOnce = 8;
// A drain waits for a call that is being made.
constexpr net::Milliseconds kConnectWithin{5'000}, kAcceptWithin{10'000};

}  // namespace

// Side by side, but one at a time to each client.
Task<> Commitments::StartReports() {
  if (services_.clock.Now() < trouble_until_) co_return;
  auto due = co_await ledger_.Due(name_, services_.clock.WallNow(), kLookedAt);
  if (!due) co_return Complain(due.error());
  for (store::Commitment& one : *due) {
    if (draining_ || reporting_.size() >= kReportsAtOnce) co_return;
    if (lines_.IsAnswering(one.id)) continue;
    const bool busy = std::ranges::any_of(
        reporting_, [&](const auto& other) { return other.second == one.client; });
    if (busy) continue;
    reporting_.emplace(one.id, one.client);
    home_.Spawn(ReportOne(std::move(one)));
  }
}

Task<> Commitments::ReportOne(store::Commitment commitment) {
  CommitmentReport report{commitment.transaction, {}};
  auto result = co_await ledger_.ResultOf(commitment.id);
  if (result) {
    report.result = std::move(*result);
    CommitmentReport copy = report;
    Result<> told = co_await Tell(commitment, std::move(copy));
    if (told || !draining_) {
      NoteOutcome(commitment, report, told);
      auto settled = co_await Settle(commitment, told);
      if (!settled) Complain(settled.error());
    }
  } else {
    Complain(result.error());
  }
  reporting_.erase(commitment.id);
  due_.Notify();
  if (draining_) ended_.Notify();
}

// Where it asked, if it is still there and has nothing else to do; else by a call.
Task<Result<>> Commitments::Tell(const store::Commitment& commitment, CommitmentReport report) {
  const std::shared_ptr<ReportLine> line = lines_.Of(commitment.id);
  if (line) {
    CommitmentReport copy = report;
    auto told = co_await line->Report(std::move(copy));
    if (told) co_return told;
    if (told.error().code == Errc::kClosed) lines_.Forget(commitment.id);
    if (draining_) co_return told;
  }
  co_return co_await Call(commitment, std::move(report));
}

Task<Result<>> Commitments::Call(const store::Commitment& commitment, CommitmentReport report) {
  const auto address = config::IpAddress::Parse(commitment.address);
  std::optional<config::Destination> destination;
  if (address) destination = config_->FindDestination(commitment.client, *address);
  if (!destination || !destination->address)
    co_return Fail(Errc::kNotFound, Blame::kInternal,
                   "it has left, and has no address: add receives_on or address to the client");
  MoveTarget target = TargetOf(*config_, *destination, commitment.called);
  target.timers.connect = std::min(target.timers.connect, kConnectWithin);
  target.timers.negotiation = std::min(target.timers.negotiation, kAcceptWithin);
  delivery::Slot slot;
  if (destination->application) {
    auto taken = co_await TakeSlot(services_.Application(destination->application->name),
                                   delivery::Purpose::kRelay, kAcceptWithin);
    if (!taken) co_return std::unexpected(taken.error());
    slot = std::move(*taken);
  }
  if (draining_) co_return Fail(Errc::kInterrupted, Blame::kInternal, "draining", true);
  ReportCall call{home_,  services_.cpu, std::move(target), config_->limits.max_pdu,
                  calls_, draining_};
  co_return co_await ReportByCall(std::move(call), std::move(report));
}

bool Commitments::IsToGiveUp(const store::Commitment& commitment) const {
  return services_.clock.WallNow() - commitment.decided_at >= application().commitment.report_for;
}

Task<Result<>> Commitments::Settle(const store::Commitment& commitment, const Result<>& told) {
  if (told || IsToGiveUp(commitment)) lines_.Settled(commitment.id);
  if (told) co_return co_await ledger_.Reported(commitment.id);
  if (IsToGiveUp(commitment)) co_return co_await ledger_.GiveUp(commitment.id);
  const double random = std::uniform_real_distribution<double>()(random_);
  const auto pause = delivery::BackOff(application().retry,
                                       static_cast<uint32_t>(commitment.attempts) + 1, random);
  const WallTime next = services_.clock.WallNow() + pause;
  co_return co_await ledger_.NotReported(commitment.id, next);
}

// Logged are the first failure and the last; not each of those between.
void Commitments::NoteOutcome(const store::Commitment& commitment, const CommitmentReport& report,
                              const Result<>& told) const {
  const bool given_up = !told && IsToGiveUp(commitment);
  if (told || given_up) {
    const bool all = report.result.failed.empty();
    const std::string_view outcome = given_up ? "given_up" : all ? "committed" : "failures";
    services_.metrics.Get<metrics::Id::kCommitmentsTotal>(name_, outcome).Add();
  }
  if (!told && !given_up && commitment.attempts > 0) return;
  log::Write(told ? log::Level::kInfo : (given_up ? log::Level::kError : log::Level::kWarning),
             told       ? "storage commitment reported"
             : given_up ? "report of storage commitment given up: the client does not know"
                        : "storage commitment not reported yet",
             {{"application", name_},
              {"client", commitment.client.view()},
              {"transaction_uid", commitment.transaction.view()},
              {"committed", report.result.committed.size()},
              {"failed", report.result.failed.size()},
              {"why", told ? "" : told.error().detail}});
}

}  // namespace router::session
