#include "router/leave.h"

#include "router/base/log.h"
#include "router/store/disk.h"

namespace router {
namespace {

constexpr std::chrono::milliseconds kLookAgain{200};  // at the queue
constexpr std::chrono::minutes kEntered{2};           // for what is on its way into the ledger

}  // namespace

Result<> Leave::Begin(std::string to, std::map<std::string, store::SendTo> known,
                      config::Duration patience) {
  std::lock_guard lock(mutex_);
  if (running_ || stopping_) {
    return Fail(
        Errc::kRefused, Blame::kDownstream,
        running_ ? "Sluice is leaving already, to " + status_.directory : "Sluice is stopping");
  }
  if (auto prepared = store::PrepareTarget(to, store_, store::TheDisk()); !prepared)
    return prepared;
  if (thread_.joinable()) thread_.join();  // it has said its last word
  holding_.Close();
  status_ = {};
  status_.state = "sending";
  status_.directory = to;
  status_.since = clock_.WallNow();
  running_ = true;
  store::ExportOptions options{.to = std::move(to), .known = std::move(known)};
  thread_ =
      std::thread([this, options = std::move(options), patience]() { Run(options, patience); });
  log::Info("leaving: nothing more is held, what is due is sent", {{"to", status_.directory}});
  return {};
}

void Leave::Run(const store::ExportOptions& options, config::Duration patience) {
  auto report = AwaitEntered();
  if (report) {
    AwaitSent(patience);
    report = Write(options);
  }
  std::lock_guard lock(mutex_);
  running_ = false;
  if (!report) {
    status_.state = "failed";
    status_.error = report.error().detail;
    log::Error("leaving failed; nothing is lost, and nothing more is held",
               {{"to", options.to}, {"why", report.error().detail}});
    return;
  }
  Show(report->all);
  for (const auto& [application, of] : report->applications) status_.scripts.push_back(of.script);
  status_.state = "done";
  const store::ExportCounts& all = report->all;
  log::Info("left: what is not known to be upstream was written", {{"to", options.to},
                                                                   {"instances", all.instances},
                                                                   {"written", all.written},
                                                                   {"damaged", all.damaged},
                                                                   {"lost", all.lost}});
}

// Until the ledger has everything that is acknowledged as held.
Result<store::ExportReport> Leave::AwaitEntered() {
  const SteadyTime by = clock_.Now() + kEntered;
  while (!holding_.AwaitEmpty(kLookAgain)) {
    std::lock_guard lock(mutex_);
    if (stopping_) break;  // Write says so
    if (clock_.Now() >= by) {
      return Fail(Errc::kTimeout, Blame::kInternal,
                  "the ledger does not take what is on its way: look at the log");
    }
  }
  return store::ExportReport();
}

int64_t Leave::Queued() const {
  int64_t queued = 0;
  for (const auto& [application, queue] : ledger_.gauges().queue) queued += queue.instances;
  return queued;
}

// Until nothing is due, or it has not got less for `patience`: then it is written, too.
void Leave::AwaitSent(config::Duration patience) {
  std::unique_lock lock(mutex_);
  int64_t least = status_.queued = Queued();
  SteadyTime since = clock_.Now();
  while (!stopping_ && status_.queued > 0 && clock_.Now() - since < patience) {
    stopped_.wait_for(lock, kLookAgain);
    status_.queued = Queued();
    if (status_.queued >= least) continue;
    least = status_.queued;
    since = clock_.Now();
  }
  status_.state = "writing";
}

Result<store::ExportReport> Leave::Write(store::ExportOptions options) {
  options.progress = [this](const store::ExportCounts& so_far) {
    std::lock_guard lock(mutex_);
    Show(so_far);
    return !stopping_;
  };
  // A connection of its own: an export takes long, and the API's answers are not to wait for it.
  auto ledger = store::LedgerReader::Open(store_.directory);
  if (!ledger) return std::unexpected(ledger.error());
  return store::Export(**ledger, store_, std::move(options), store::TheDisk());
}

void Leave::Show(const store::ExportCounts& counts) {
  status_.instances = counts.instances;
  status_.written = counts.written;
  status_.damaged = counts.damaged;
  status_.lost = counts.lost;
  status_.quarantined = counts.quarantined;
  status_.maybe_there = counts.maybe_there;
}

admin::LeaveStatus Leave::Describe() const {
  std::lock_guard lock(mutex_);
  return status_;
}

void Leave::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    stopped_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace router
