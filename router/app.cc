#include "router/app.h"

#include <signal.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <future>

#include "router/admin_source.h"
#include "router/base/log.h"
#include "router/config/load.h"
#include "router/dataset/init.h"
#include "router/net/chunk.h"
#include "router/reload.h"
#include "router/session/rule_world.h"
#include "router/session/serve.h"

namespace router {
namespace {

constexpr int kDiskThreads = 16;
constexpr std::chrono::milliseconds kLookAgain{250};  // for what has become idle in a drain
constexpr std::chrono::seconds kLastWord{2};          // to the peers of what a drain aborts

// Every association of a client may have one upstream; files and the ledger come on top.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Runs a task on a loop and waits for its end; for the main thread, which runs none.
void RunAndWait(net::Loop& loop, std::move_only_function<net::Task<>()> make) {
  std::promise<void> ended;
  auto future = ended.get_future();
  loop.PostSpawn([make = std::move(make), &ended]() mutable -> net::Task<> {
    return
        [](std::move_only_function<net::Task<>()>& maker, std::promise<void>& done) -> net::Task<> {
          net::Task<> task = maker();
          co_await task;
          done.set_value();
        }(make, ended);
  });
  future.wait();
}

void DestroyOn(net::Loop& loop, std::move_only_function<void()> destroy) {
  RunAndWait(loop, [destroy = std::move(destroy)]() mutable -> net::Task<> {
    return [](std::move_only_function<void()>& end) -> net::Task<> {
      end();
      co_return;
    }(destroy);
  });
}

// What did not match in the store, one a line; the API has all of them.
void NameAll(std::string_view what, const std::vector<std::string>& files) {
  constexpr size_t kNamed = 20;
  for (size_t i = 0; i < files.size() && i < kNamed; ++i) log::Error(what, {{"file", files[i]}});
  if (files.size() > kNamed) log::Error(what, {{"more", files.size() - kNamed}});
}

}  // namespace

Result<std::unique_ptr<App>> App::Start(std::shared_ptr<const config::Config> config,
                                        StoreMedium medium) {
  signal(SIGPIPE, SIG_IGN);
  RaiseDescriptorLimit();
  dataset::Start();
  net::ByteBudget::OfChunks().SetLimit(config->limits.buffers);
  std::unique_ptr<App> app(new App(std::move(config), std::move(medium)));
  auto opened = app->OpenStore();
  if (!opened) return std::unexpected(opened.error());
  auto owed = CheckOwedCommitments(*app->config_, *app->reader_);
  if (!owed) return std::unexpected(owed.error());
  auto left = FindLeftovers(*app->config_, *app->reader_);
  if (!left) return std::unexpected(left.error());
  app->leftovers_ = std::move(*left);
  app->BuildLoops();
  app->BuildApplications();
  auto listening = app->Listen();
  if (!listening) return std::unexpected(listening.error());
  app->StartCollecting();
  app->StartRunning();
  auto admin = app->StartAdmin();
  if (!admin) return std::unexpected(admin.error());
  app->serving_ = true;
  return app;
}

App::App(std::shared_ptr<const config::Config> config, StoreMedium medium)
    : config_(std::move(config)),
      medium_(std::move(medium)),
      moves_(std::make_unique<session::Moves>(clock_)) {}

Result<> App::OpenStore() {
  const int cores = std::max(1u, std::thread::hardware_concurrency());
  disk_ = std::make_unique<net::WorkPool>("disk", kDiskThreads);
  cpu_ = std::make_unique<net::WorkPool>("cpu", cores);
  auto spool = store::Spool::Open({config_->store.directory, config_->store.free_floor}, *disk_,
                                  *medium_.disk);
  if (!spool) return std::unexpected(spool.error());
  spool_ = std::move(*spool);
  auto commit = registry_.Get<metrics::Id::kLedgerCommit>();
  store::SqliteLedger::Options options;
  options.directory = config_->store.directory;
  options.on_commit = [commit](std::chrono::nanoseconds took, int) mutable {
    commit.Observe(std::chrono::duration<double>(took).count());
  };
  options.vfs = medium_.vfs;
  // After a crash all of the ledger is read first, however large it has become.
  sd_notify(0, "EXTEND_TIMEOUT_USEC=3600000000");
  auto ledger = store::SqliteLedger::Open(std::move(options), clock_, *medium_.disk);
  if (!ledger) return std::unexpected(ledger.error());
  ledger_ = std::move(*ledger);
  auto reader = store::LedgerReader::Open(config_->store.directory);
  if (!reader) return std::unexpected(reader.error());
  reader_ = std::move(*reader);
  const store::SweepReport& sweep = ledger_->sweep();
  log::Write(sweep.files_without_row.empty() && sweep.rows_without_file.empty() &&
                     sweep.wrong_sizes.empty()
                 ? log::Level::kInfo
                 : log::Level::kError,
             "store opened",
             {{"directory", config_->store.directory},
              {"parts_removed", sweep.parts_removed},
              {"outcomes_unknown", sweep.outcomes_unknown},
              {"files_without_row", sweep.files_without_row.size()},
              {"rows_without_file", sweep.rows_without_file.size()},
              {"wrong_sizes", sweep.wrong_sizes.size()}});
  NameAll("a file of the spool has no row, and stays", sweep.files_without_row);
  NameAll("an instance has lost its file", sweep.rows_without_file);
  NameAll("a file of the spool has another size than when it was received", sweep.wrong_sizes);
  return {};
}

void App::BuildLoops() {
  const uint32_t cores = std::max(1u, std::thread::hardware_concurrency());
  const uint32_t count = config_->loops != 0 ? config_->loops : cores;
  for (uint32_t i = 0; i < count; ++i)
    loops_.push_back(std::make_unique<net::Loop>(static_cast<int>(i)));
  services_ = std::make_unique<session::Services>(registry_, *ledger_, *spool_, *cpu_, *disk_,
                                                  *moves_, clock_);
  services_->rosters.resize(count);
  services_->SetConfig(config_);
}

Result<> App::Listen() {
  const int handed = sd_listen_fds(1);
  for (size_t i = 0; i < config_->listen.size(); ++i) {
    auto on_connection = [this](int socket) { OnConnection(socket); };
    const config::Endpoint& where = config_->listen[i];
    auto acceptor =
        static_cast<int>(i) < handed
            ? net::Acceptor::Adopt(*loops_[0], SD_LISTEN_FDS_START + static_cast<int>(i),
                                   std::move(on_connection))
            : net::Acceptor::Listen(*loops_[0], where.host, where.port, std::move(on_connection));
    if (!acceptor) return std::unexpected(acceptor.error());
    acceptors_.push_back(std::move(*acceptor));
    log::Info("listening", {{"ae_title", config_->ae_title.view()},
                            {"host", where.host.empty() ? "*" : where.host},
                            {"port", acceptors_.back()->port()}});
  }
  return {};
}

// To the loop with the fewest tasks under way.
void App::OnConnection(int socket) {
  net::Loop* calmest = loops_[0].get();
  for (const auto& loop : loops_)
    if (loop->roots() < calmest->roots()) calmest = loop.get();
  session::Services* services = services_.get();
  calmest->PostSpawn(
      [services, calmest, socket] { return session::Serve(*services, *calmest, socket); });
}

void App::StartRunning() {
  running_ = true;
  for (const auto& loop : loops_) loop->Start();
  for (const auto& destination : destinations_) destination->Start();
  for (const auto& [name, gate] : gates_) gate->Start();
  for (const auto& [name, commitments] : commitments_) commitments->Start();
}

Result<> App::StartAdmin() {
  leave_ = std::make_unique<Leave>(services_->holding, *ledger_, spool_->paths(), clock_);
  source_ = std::make_unique<AdminSource>(*this);
  auto start = [&](const config::Endpoint& where, bool only_metrics) -> Result<> {
    admin::ServerOptions options;
    options.host = where.host;
    options.port = where.port;
    options.token = config_->admin.token;
    options.only_metrics = only_metrics;
    auto server = admin::Server::Start(std::move(options), *source_);
    if (!server) return std::unexpected(server.error());
    servers_.push_back(std::move(*server));
    return {};
  };
  if (config_->admin.listen) {
    auto started = start(*config_->admin.listen, false);
    if (!started) return started;
  }
  if (config_->metrics) return start(*config_->metrics, true);
  return {};
}

// Gauges that are read where they are kept, at scrape.
void App::StartCollecting() {
  registry_.Get<metrics::Id::kBuildInformation>(SLUICE_VERSION, SLUICE_REVISION).Set(1);
  registry_.Get<metrics::Id::kConfigLastReloadSuccess>().Set(1);
  registry_.Get<metrics::Id::kConfigReloadTimestamp>().Set(
      std::chrono::duration<double>(clock_.WallNow().time_since_epoch()).count());
  registry_.AddCollector([this](metrics::Registry& registry) {
    const net::ByteBudget& budget = net::ByteBudget::OfChunks();
    registry.Get<metrics::Id::kBufferBytes>().Set(static_cast<double>(budget.used()));
    registry.Get<metrics::Id::kBufferLimitBytes>().Set(static_cast<double>(budget.limit()));
    registry.Get<metrics::Id::kSpoolFreeBytes>().Set(static_cast<double>(spool_->FreeBytes()));
    registry.Get<metrics::Id::kLogLinesLost>().RaiseTo(static_cast<double>(log::Lost()));
    for (const auto& loop : loops_)
      registry.Get<metrics::Id::kLoopLag>().Observe(loop->lag_seconds());
    ShowHeld(registry);
  });
}

void App::ShowHeld(metrics::Registry& registry) {
  using metrics::Id;
  const store::Gauges gauges = ledger_->gauges();
  const WallTime now = clock_.WallNow();
  for (const auto& [key, count] : gauges.held) {
    const auto& [application, kind, reason] = key;
    registry.Get<Id::kHeldInstances>(application, NameOf(kind), reason)
        .Set(static_cast<double>(count));
  }
  registry.SetAllToZero<Id::kOldestHeldAge>();
  for (const auto& [key, since] : gauges.oldest_held)
    registry.Get<Id::kOldestHeldAge>(key.first, NameOf(key.second))
        .Set(std::chrono::duration<double>(now - since).count());
  for (const auto& [application, queue] : gauges.queue) {
    registry.Get<Id::kQueueInstances>(application).Set(static_cast<double>(queue.instances));
    registry.Get<Id::kQueueBytes>(application).Set(static_cast<double>(queue.bytes));
  }
  for (const auto& [key, count] : gauges.quarantined)
    registry.Get<Id::kQuarantinedInstances>(key.first, key.second).Set(static_cast<double>(count));
  for (const auto& [key, count] : gauges.commitments)
    registry.Get<Id::kCommitments>(key.first, key.second).Set(static_cast<double>(count));
  registry.Get<Id::kSpoolKeptBytes>().Set(static_cast<double>(gauges.kept_bytes));
  registry.Get<Id::kSpoolSpareBytes>().Set(static_cast<double>(gauges.spare_bytes));
  registry.Get<Id::kSpoolBytes>().Set(static_cast<double>(gauges.spool_bytes));
}

// ---- reload

Result<std::string> App::Reload() {
  std::lock_guard lock(reload_mutex_);
  auto refuse = [&](std::string why) -> Result<std::string> {
    registry_.Get<metrics::Id::kConfigLastReloadSuccess>().Set(0);
    log::Error("configuration not taken over, the old one stays", {{"why", why}});
    return Fail(Errc::kBadConfig, Blame::kInternal, std::move(why));
  };
  const std::shared_ptr<const config::Config> old = services_->config();
  config::Loaded loaded = config::LoadFile(config_->file, session::RulesReader());
  if (!loaded.config) {
    std::string all;
    for (const std::string& error : loaded.errors) all += (all.empty() ? "" : "; ") + error;
    return refuse("nothing was taken over, since the file has faults: " + all);
  }
  const config::Config& fresh = *loaded.config;
  std::string keys;
  for (const std::string& one : NeedingRestart(*old, fresh))
    keys += (keys.empty() ? "" : "; ") + one;
  if (!keys.empty()) {
    std::string why =
        "nothing of " + config_->file +
        " was taken over, since this needs a restart (systemctl restart sluice): " + keys;
    // Who restarts now would find that it does not start.
    if (auto left = CheckLeftovers(fresh, *reader_); !left)
      why += ". But do not restart it yet: " + left.error().detail;
    return refuse(std::move(why));
  }
  net::ByteBudget::OfChunks().SetLimit(fresh.limits.buffers);
  services_->SetConfig(loaded.config);
  for (const auto& destination : destinations_) destination->Configure(loaded.config);
  for (const auto& [name, gate] : gates_) gate->Configure(loaded.config);
  for (const auto& [name, commitments] : commitments_) commitments->Configure(loaded.config);
  registry_.Get<metrics::Id::kConfigLastReloadSuccess>().Set(1);
  registry_.Get<metrics::Id::kConfigReloadTimestamp>().Set(
      std::chrono::duration<double>(clock_.WallNow().time_since_epoch()).count());
  log::Info("configuration taken over", {{"file", config_->file}});
  return std::string("the configuration is in force for new associations");
}

// ---- ending

void App::Drain() {
  if (drained_) return;
  drained_ = true;
  services_->draining = true;
  if (serving_) log::Info("draining", {{"associations", services_->census.connections()}});
  for (const auto& [name, gate] : gates_) gate->EndPatience();
  // While a move is open upstream may call us once more; others are rejected.
  if (moves_->InProgress() == 0) CloseAcceptors();
  auto stop = [this](bool at_once) {
    for (const auto& loop : loops_) {
      session::Roster* roster = &services_->roster(*loop);
      loop->Post([roster, at_once] { roster->Stop(at_once); });
    }
  };
  // Again and again: an association of sub-operations is idle only when the last move has ended.
  const auto by = std::chrono::steady_clock::now() + services_->config()->limits.drain;
  do stop(false);
  while (!services_->census.AwaitEmpty(kLookAgain) && std::chrono::steady_clock::now() < by);
  CloseAcceptors();
  // Again and again: what was aborted waits for its peer to close (ARTIM) unless it is told not to.
  do stop(true);
  while (!services_->census.AwaitEmpty(kLastWord));
  StopApplications();
  if (serving_) log::Info("drained");
}

void App::CloseAcceptors() {
  for (auto& acceptor : acceptors_) {
    net::Acceptor* one = acceptor.get();
    RunAndWait(*loops_[0], [one]() -> net::Task<> {
      return [](net::Acceptor* closing) -> net::Task<> { co_await closing->Close(); }(one);
    });
  }
  acceptors_.clear();
}

void App::StopApplications() {
  servers_.clear();  // the API asks destinations
  if (leave_) leave_->Stop();
  for (auto& [name, commitments] : commitments_) {
    session::Commitments* one = commitments.get();
    RunAndWait(*loops_[0], [one] { return one->Drain(); });
  }
  for (auto& [name, gate] : gates_) {
    hold::Gate* one = gate.get();
    RunAndWait(*loops_[0], [one] { return one->Drain(); });
  }
  services_->observing.Close();
  while (!services_->observing.AwaitEmpty(kLastWord));
  for (auto& destination : destinations_) {
    delivery::Destination* one = destination.get();
    const net::Milliseconds patience = services_->config()->limits.drain;
    RunAndWait(*loops_[0], [one, patience] { return one->Drain(patience); });
  }
  for (const auto& [name, runtime] : services_->applications) {
    session::ApplicationRuntime* one = runtime.get();
    DestroyOn(*one->home, [this, one] {
      one->commitments = nullptr;
      commitments_.erase(one->name);
      one->gate = one->watcher = one->observer = nullptr;
      const delivery::Destination* destination = std::exchange(one->destination, nullptr);
      gates_.erase(one->name);
      std::erase_if(destinations_, [&](const auto& owned) { return owned.get() == destination; });
    });
  }
}

App::~App() {
  servers_.clear();
  if (!loops_.empty()) {
    if (!running_) StartRunning();  // a start that failed is taken down like any other
    Drain();
  }
  for (const auto& loop : loops_) loop->Stop();
  // The ledger's thread and the pools finish what they were given while the loops' objects, to
  // which their answers are posted, still exist.
  ledger_.reset();
  spool_.reset();
  cpu_.reset();
  disk_.reset();
}

std::vector<uint16_t> App::ports() const {
  std::vector<uint16_t> ports;
  for (const auto& acceptor : acceptors_) ports.push_back(acceptor->port());
  return ports;
}

uint16_t App::admin_port() const { return servers_.empty() ? 0 : servers_.front()->port(); }

void App::RequestStop() { kill(getpid(), SIGTERM); }

}  // namespace router
