#include "router/admin_source.h"

#include <fmt/format.h>

#include <future>

#include "router/app.h"
#include "router/session/room.h"

namespace router {
namespace {

// Runs a task on a loop and waits for its value on this HTTP thread, at most kSourceLimit. What
// the task refers to must outlive it, not this call.
template <class T>
Result<T> Await(net::Loop& loop, std::move_only_function<net::Task<T>()> make) {
  auto promise = std::make_shared<std::promise<T>>();
  auto future = promise->get_future();
  loop.PostSpawn([make = std::move(make), promise]() mutable -> net::Task<> {
    return [](std::move_only_function<net::Task<T>()>& maker,
              std::shared_ptr<std::promise<T>> done) -> net::Task<> {
      net::Task<T> task = maker();
      T value = co_await task;
      done->set_value(std::move(value));
    }(make, promise);
  });
  if (future.wait_for(admin::kSourceLimit) != std::future_status::ready)
    return Fail(Errc::kTimeout, Blame::kInternal, "Sluice is busy: ask again", true);
  return future.get();
}

template <class T>
net::Task<T> Ready(T value) {
  co_return value;
}

}  // namespace

std::string AdminSource::Metrics() { return app_.registry_.Serialize(); }

admin::Readiness AdminSource::Ready() {
  admin::Readiness readiness;
  if (app_.services_->draining) readiness.reasons.push_back("Sluice is stopping");
  const store::StorePaths& store = app_.spool_->paths();
  if (!session::HasRoom(*app_.services_)) {
    const uint64_t free = app_.spool_->FreeBytes();
    readiness.reasons.push_back(
        fmt::format("{} has {} bytes free, less than store: free_floor ({}): nothing more is held, "
                    "such stores are answered A700; make room there",
                    store.directory, free, app_.config_->store.free_floor));
  }
  readiness.ready = readiness.reasons.empty();
  return readiness;
}

Result<std::vector<store::HeldRow>> AdminSource::Held(const store::HeldFilter& filter) {
  return app_.reader_->Held(filter);
}
Result<std::vector<store::HeldRow>> AdminSource::ByUid(const Uid& sop_instance) {
  return app_.reader_->ByUid(sop_instance);
}
Result<std::vector<store::Requirement>> AdminSource::Missing(store::RowId row, int skip) {
  return app_.reader_->Missing(row, skip);
}
Result<std::vector<store::HistoryStep>> AdminSource::History(store::RowId row) {
  return app_.reader_->History(row);
}

Result<std::vector<admin::KnownAt>> AdminSource::Known(const Uid& sop_instance) {
  std::vector<admin::KnownAt> known;
  const WallTime now = app_.clock_.WallNow();
  for (const auto& [name, runtime] : app_.services_->applications) {
    auto seen = app_.reader_->Seen(name, sop_instance);
    if (!seen) return std::unexpected(seen.error());
    if (*seen) known.push_back({name, (*seen)->how, (*seen)->at, (*seen)->expires > now});
  }
  return known;
}

std::vector<admin::RefusedAt> AdminSource::Refused(const Uid& sop_instance) {
  std::vector<admin::RefusedAt> refused;
  for (const session::Refusal& one : app_.services_->refusals.Of(sop_instance))
    refused.push_back({one.application, one.client.str(), one.status, one.at});
  return refused;
}

std::string AdminSource::AtDeadline(const std::string& application) {
  const auto config = app_.services_->config();
  const config::Application* found = config->FindApplication(application);
  if (!found) return {};
  return found->hold.then == config::AfterDeadline::kSend ? "send" : "quarantine";
}

Result<std::vector<admin::ObservedApplication>> AdminSource::Observed() {
  std::vector<admin::ObservedApplication> all;
  for (const config::Application& application : app_.services_->config()->applications) {
    if (application.mode != config::Mode::kObserve) continue;
    session::ApplicationRuntime* runtime = &app_.services_->Application(application.name);
    auto observed = Await<session::Observations>(
        *runtime->home, [runtime] { return router::Ready(runtime->observed); });
    if (!observed) return std::unexpected(observed.error());
    admin::ObservedApplication one{application.name, app_.started_, {}};
    for (const auto& [what, tally] : observed->tallies())
      one.tallies.push_back({what.action, what.kind, what.reason, tally.count, tally.first,
                             tally.last, tally.latest});
    all.push_back(std::move(one));
  }
  return all;
}

Result<admin::StoreStatus> AdminSource::Store() {
  const store::Gauges gauges = app_.ledger_->gauges();
  const store::SweepReport& sweep = app_.ledger_->sweep();
  return admin::StoreStatus{.directory = app_.config_->store.directory,
                            .free_bytes = app_.spool_->FreeBytes(),
                            .free_floor = app_.config_->store.free_floor,
                            .spool_files = gauges.spool_files,
                            .spool_bytes = gauges.spool_bytes,
                            .parts_removed = sweep.parts_removed,
                            .outcomes_unknown = sweep.outcomes_unknown,
                            .files_without_row = sweep.files_without_row,
                            .rows_without_file = sweep.rows_without_file,
                            .wrong_sizes = sweep.wrong_sizes};
}

Result<store::State> AdminSource::Act(admin::HeldAction action, store::RowId row,
                                      std::string reason, std::string by) {
  store::Ledger* ledger = app_.ledger_.get();
  using State = Result<store::State>;
  auto act = [ledger, action, row, reason, by]() -> net::Task<State> {
    return [](store::Ledger* in, admin::HeldAction what, store::RowId which, std::string why,
              std::string who) -> net::Task<State> {
      if (what == admin::HeldAction::kRelease)
        co_return co_await in->Release(which, std::move(why), std::move(who));
      if (what == admin::HeldAction::kRetry)
        co_return co_await in->Retry(which, std::move(why), std::move(who));
      auto discarded = co_await in->Discard(which, std::move(why), std::move(who));
      if (!discarded) co_return std::unexpected(discarded.error());
      co_return store::State::kDiscarded;
    }(ledger, action, row, reason, by);
  };
  auto answer = Await<State>(*app_.loops_[0], std::move(act));
  if (!answer) return std::unexpected(answer.error());
  return *answer;
}

Result<std::vector<admin::DestinationStatus>> AdminSource::Destinations() {
  std::vector<admin::DestinationStatus> all;
  const auto config = app_.services_->config();
  const store::Gauges gauges = app_.ledger_->gauges();
  for (const config::Application& application : config->applications) {
    admin::DestinationStatus status;
    status.name = application.name;
    status.ae_title = application.ae_title.str();
    if (application.address) status.address = application.address->str();
    status.mode = config::NameOf(application.mode);
    status.max_associations = application.max_associations;
    if (auto queue = gauges.queue.find(application.name); queue != gauges.queue.end()) {
      status.queued = queue->second.instances;
      status.queued_bytes = queue->second.bytes;
    }
    for (const auto& [key, count] : gauges.held)
      if (std::get<0>(key) == application.name) status.held += count;
    for (const auto& [key, count] : gauges.quarantined)
      if (key.first == application.name) status.quarantined += count;
    if (delivery::Destination* destination =
            app_.services_->Application(application.name).destination) {
      auto condition = Await<delivery::Condition>(
          destination->home(), [destination] { return destination->Describe(); });
      if (!condition) return std::unexpected(condition.error());
      status.up = condition->up;
      status.breaker = delivery::NameOf(condition->breaker);
      status.last_error = condition->last_error;
      status.associations = condition->slots_used;
    }
    all.push_back(std::move(status));
  }
  return all;
}

Result<std::vector<admin::AssociationStatus>> AdminSource::Associations() {
  std::vector<admin::AssociationStatus> all;
  for (const auto& loop : app_.loops_) {
    session::Roster* roster = &app_.services_->roster(*loop);
    using Snapshots = std::vector<session::AssociationSnapshot>;
    auto snapshots =
        Await<Snapshots>(*loop, [roster] { return router::Ready(roster->Describe()); });
    if (!snapshots) return std::unexpected(snapshots.error());
    for (session::AssociationSnapshot& one : *snapshots) {
      admin::AssociationStatus status;
      status.id = all.size() + 1;
      status.side = one.side;
      status.state = one.state;
      status.calling = one.calling;
      status.called = one.called;
      status.application = one.application;
      status.peer = one.peer_address;
      status.since = one.since;
      status.messages = one.messages;
      all.push_back(std::move(status));
    }
  }
  return all;
}

Result<std::vector<admin::MoveStatus>> AdminSource::Moves() {
  std::vector<admin::MoveStatus> all;
  const SteadyTime now = app_.clock_.Now();
  for (const session::MoveSnapshot& move : app_.moves_->Describe()) {
    admin::MoveStatus status;
    status.id = move.id;
    status.application = move.upstream;
    status.client = move.client;
    status.destination = move.destination;
    status.state = move.state;
    status.since =
        app_.clock_.WallNow() - std::chrono::duration_cast<WallTime::duration>(now - move.since);
    status.completed = move.counts.completed;
    status.failed = move.counts.failed;
    status.warnings = move.counts.warning;
    all.push_back(std::move(status));
  }
  return all;
}

Result<admin::CommitmentsStatus> AdminSource::Commitments() {
  auto owed = app_.reader_->Owed();
  if (!owed) return std::unexpected(owed.error());
  admin::CommitmentsStatus status;
  for (const auto& [key, count] : app_.ledger_->gauges().commitments) status.total += count;
  for (const store::OwedCommitment& one : *owed)
    status.oldest.push_back({one.application, one.client.str(), one.transaction,
                             one.decided ? "decided" : "open", one.instances, one.accepted_at,
                             one.deadline, one.attempts,
                             one.decided ? std::optional(one.next_attempt_at) : std::nullopt});
  return status;
}

// What an operator needs to see which configuration is in force; no secrets are in it.
Result<nlohmann::json> AdminSource::Config() {
  const auto config = app_.services_->config();
  nlohmann::json applications = nlohmann::json::object();
  for (const config::Application& application : config->applications) {
    nlohmann::json one = {{"ae_title", application.ae_title.str()},
                          {"profile", config::NameOf(application.profile)},
                          {"mode", config::NameOf(application.mode)},
                          {"moves", config::NameOf(application.moves)},
                          {"max_associations", application.max_associations}};
    if (application.address) one["address"] = application.address->str();
    nlohmann::json aliases = nlohmann::json::array();
    for (const AeTitle& alias : application.also_called) aliases.push_back(alias.str());
    one["also_called"] = std::move(aliases);
    applications[application.name] = std::move(one);
  }
  nlohmann::json clients = nlohmann::json::array();
  for (const config::Client& client : config->clients)
    clients.push_back({{"ae_titles", client.ae_titles}, {"receives", client.Receives()}});
  return nlohmann::json{{"file", config->file},
                        {"ae_title", config->ae_title.str()},
                        {"store", {{"directory", config->store.directory}}},
                        {"applications", std::move(applications)},
                        {"clients", std::move(clients)}};
}

Result<std::string> AdminSource::Do(admin::Command command, std::string) {
  if (command == admin::Command::kReload) return app_.Reload();
  app_.RequestStop();
  return std::string("Sluice takes no more associations and ends when those it has have ended");
}

Result<admin::LeaveStatus> AdminSource::Leave(std::string to, std::string) {
  const auto config = app_.services_->config();
  std::map<std::string, store::SendTo> known;
  for (const config::Application& application : config->applications) {
    if (!application.address) continue;
    known[application.name] = {application.address->host, std::to_string(application.address->port),
                               application.ae_title};
  }
  auto begun = app_.leave_->Begin(std::move(to), std::move(known), config->limits.drain);
  if (!begun) return std::unexpected(begun.error());
  return app_.leave_->Describe();
}

Result<admin::LeaveStatus> AdminSource::Leaving() { return app_.leave_->Describe(); }

}  // namespace router
