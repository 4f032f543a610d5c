#pragma once
#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "metrics/registry.h"
#include "router/admin/server.h"
#include "router/base/clock.h"
#include "router/config/config.h"
#include "router/delivery/destination.h"
#include "router/hold/gate.h"
#include "router/leave.h"
#include "router/leftovers.h"
#include "router/net/acceptor.h"
#include "router/net/loop.h"
#include "router/net/pool.h"
#include "router/session/commitments.h"
#include "router/session/moves.h"
#include "router/session/services.h"
#include "router/store/ledger_reader.h"
#include "router/store/spool.h"
#include "router/store/sqlite_ledger.h"

namespace router {

class AdminSource;

// Where the store lies: a test may put a disk of its own under it. Outlives the app.
struct StoreMedium {
  store::Disk* disk = &store::TheDisk();
  std::string vfs = {};  // of SQLite; empty: the default
};

// The composition root: builds every part, owns it, and takes it down in order. Made, drained and
// destroyed on the main thread, which runs no loop.
class App {
 public:
  // Everything up to listening. Errors say what cannot be had, and what to do.
  static Result<std::unique_ptr<App>> Start(std::shared_ptr<const config::Config> config,
                                            StoreMedium medium = {});
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Ports that are in use, where the configuration says 0 for "any".
  std::vector<uint16_t> ports() const;
  uint16_t admin_port() const;

  // Takes no more associations, lets operations end for `limits.drain`, then ends them. Once.
  void Drain();

  // Reads the file again: all of it is taken over, or nothing and why. Running associations finish
  // on the configuration that they began with. Any thread.
  Result<std::string> Reload();

  // Asks main to drain and end, as SIGTERM does. Any thread.
  void RequestStop();

 private:
  friend class AdminSource;
  App(std::shared_ptr<const config::Config> config, StoreMedium medium);

  Result<> OpenStore();
  void BuildLoops();
  void BuildApplications();
  std::unique_ptr<hold::Gate> BuildGate(const config::Application& application, net::Loop& home,
                                        delivery::Destination* destination);
  Result<> Listen();
  Result<> StartAdmin();
  void StartCollecting();
  void StartRunning();
  void OnConnection(int socket);
  void CloseAcceptors();
  void StopApplications();
  // Can a new instance be spooled? What is kept for storage commitment makes room for it.
  void ShowHeld(metrics::Registry& registry);

  std::shared_ptr<const config::Config> config_;  // of the start
  const StoreMedium medium_;
  Clock clock_;
  const WallTime started_ = clock_.WallNow();
  metrics::Registry registry_;
  std::unique_ptr<net::WorkPool> disk_, cpu_;
  std::unique_ptr<store::SqliteLedger> ledger_;
  std::unique_ptr<store::LedgerReader> reader_;
  std::unique_ptr<store::Spool> spool_;
  std::unique_ptr<session::Moves> moves_;
  std::unique_ptr<session::Services> services_;
  std::vector<std::unique_ptr<net::Loop>> loops_;
  std::vector<std::unique_ptr<delivery::Destination>> destinations_;
  std::map<std::string, std::unique_ptr<hold::Gate>> gates_;                  // by application
  std::map<std::string, std::unique_ptr<session::Commitments>> commitments_;  // the same
  Leftovers leftovers_;
  std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
  std::unique_ptr<Leave> leave_;
  std::unique_ptr<AdminSource> source_;
  std::vector<std::unique_ptr<admin::Server>> servers_;
  std::mutex reload_mutex_;
  bool running_ = false, drained_ = false;
  bool serving_ = false;  // the start has succeeded: the end of any other is nobody's news
};

}  // namespace router
