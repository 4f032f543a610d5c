#include <algorithm>

#include "router/base/log.h"
#include "router/delivery/backoff.h"
#include "router/dimse/status.h"
#include "router/session/commitments.h"
#include "router/session/legs.h"
#include "router/session/move_target.h"

namespace router::session {
namespace {

constexpr int kLookedAt = 64;
constexpr size_t kReportsAtOnce = 8;
// A drain waits for a call that is being made.
constexpr net::Milliseconds kConnectWithin{5'000}, kAcceptWithin{10'000};
constexpr net::Milliseconds kReportTakes{120'000};  // until the client knows, at most
constexpr net::Milliseconds kLeastPause{1'000};

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

// What is said to be committed is promised anew first, from now on: since it was decided days may
// have passed, and what was promised then have ended.
Task<> Commitments::ReportOne(store::Commitment commitment) {
  CommitmentReport report{commitment.transaction, {}};
  const WallTime until =
      services_.clock.WallNow() + application().commitment.retain_for + kReportTakes;
  auto lost = co_await ledger_.Renew(commitment.id, until, dimse::status::kProcessingFailure);
  if (lost && *lost > 0)
    log::Error("originals that were to be committed are not kept any more",
               {{"application", name_},
                {"transaction_uid", commitment.transaction.view()},
                {"instances", *lost}});
  Result<store::CommitmentResult> result = std::unexpected(lost ? Error() : lost.error());
  if (lost) result = co_await ledger_.ResultOf(commitment.id);
  if (result) {
    report.result = std::move(*result);
    CommitmentReport copy = report;
    Result<> told = co_await Tell(commitment, std::move(copy));
    if (told || !draining_) {
      const Ending ending = EndingOf(commitment, told);
      auto settled = co_await Settle(commitment, ending);
      if (settled)
        NoteOutcome(commitment, report, told, ending);
      else
        Complain(settled.error());
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
    // One that is busy and cannot be called is told here, later.
    const bool busy = told.error().code == Errc::kLimit;
    if (draining_ || (busy && !DestinationOf(commitment))) co_return told;
  }
  co_return co_await Call(commitment, std::move(report));
}

Task<Result<>> Commitments::Call(const store::Commitment& commitment, CommitmentReport report) {
  const auto destination = DestinationOf(commitment);
  if (!destination)
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

// Where a call may go, if the client has an address.
std::optional<config::Destination> Commitments::DestinationOf(
    const store::Commitment& commitment) const {
  const auto address = config::IpAddress::Parse(commitment.address);
  std::optional<config::Destination> destination;
  if (address) destination = config_->FindDestination(commitment.client, *address);
  if (!destination || !destination->address) return std::nullopt;
  return destination;
}

Commitments::Ending Commitments::EndingOf(const store::Commitment& commitment,
                                          const Result<>& told) const {
  if (told) return Ending::kReported;
  if (told.error().code == Errc::kLimit && lines_.Of(commitment.id) && !DestinationOf(commitment))
    return Ending::kBusy;
  const auto since = services_.clock.WallNow() - commitment.decided_at;
  return since >= application().commitment.report_for ? Ending::kGivenUp : Ending::kLater;
}

// A client that is there and busy has not been tried.
Task<Result<>> Commitments::Settle(const store::Commitment& commitment, Ending ending) {
  const bool ended = ending == Ending::kReported || ending == Ending::kGivenUp;
  if (ended) lines_.Settled(commitment.id);
  if (ending == Ending::kReported) co_return co_await ledger_.Reported(commitment.id);
  if (ending == Ending::kGivenUp) co_return co_await ledger_.GiveUp(commitment.id);
  const WallTime now = services_.clock.WallNow();
  if (ending == Ending::kBusy) {
    const config::Duration pause =
        std::max<config::Duration>(application().commitment.idle_for, kLeastPause);
    co_return co_await ledger_.NotReported(commitment.id, now + pause, false);
  }
  const double random = std::uniform_real_distribution<double>()(random_);
  const auto pause = delivery::BackOff(application().retry,
                                       static_cast<uint32_t>(commitment.attempts) + 1, random);
  co_return co_await ledger_.NotReported(commitment.id, now + pause);
}

// Logged are the first failure and the last; not each of those between.
void Commitments::NoteOutcome(const store::Commitment& commitment, const CommitmentReport& report,
                              const Result<>& told, Ending ending) const {
  if (ending == Ending::kBusy) return;
  const bool given_up = ending == Ending::kGivenUp;
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
