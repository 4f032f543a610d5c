#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "metrics/registry.h"
#include "router/base/clock.h"
#include "router/config/config.h"
#include "router/net/byte_line.h"
#include "router/net/loop.h"
#include "router/net/pool.h"
#include "router/session/capabilities.h"
#include "router/session/observations.h"
#include "router/session/rule_limits.h"

namespace router::delivery {
class Destination;
}
namespace router::hold {
class Gate;
}
namespace router::store {
class Ledger;
class Spool;
}  // namespace router::store

namespace router::session {

class Commitments;
class Moves;

// One configured application as it runs. Owned by the app. `destination`, `gate`, `observer`,
// `capabilities` and `observed` live on the home loop: others reach them through net::RunOn.
struct ApplicationRuntime {
  std::string name;
  net::Loop* home = nullptr;
  delivery::Destination* destination = nullptr;  // null without an address: it only calls us
  hold::Gate* gate = nullptr;                    // null unless it holds (profile aria, enforced)
  hold::Gate* watcher = nullptr;       // looks after what is kept for it, whether it holds or not
  hold::Gate* observer = nullptr;      // the gate that only looks (aria, observed)
  Commitments* commitments = nullptr;  // null without an address
  Capabilities capabilities;
  Observations observed;
};

// One association, for operators. Values; no patient data.
struct AssociationSnapshot {
  std::string side, calling, called, application, peer_address, state;
  WallTime since;
  uint64_t messages = 0;
};

// What the loop knows of a session while it runs. On the session's loop.
class Session {
 public:
  virtual ~Session() = default;
  virtual AssociationSnapshot Describe() const = 0;
  // Drain: ends at once if nothing is under way, or anyhow with `at_once`.
  virtual void Stop(bool at_once) = 0;
};

// The sessions of one loop.
class Roster {
 public:
  // Enters a session for as long as it lives.
  class Entry {
   public:
    Entry(Roster& roster, Session* session);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    Roster& roster_;
    Session* session_;
  };
  void Stop(bool at_once);
  std::vector<AssociationSnapshot> Describe() const;

 private:
  std::unordered_set<Session*> sessions_;
};

// How many connections there are, over all loops, against the limits. Any thread.
class Census {
 public:
  // A connection counts from accept to close.
  class Place {
   public:
    Place() = default;
    Place(Census* census, std::string address) : census_(census), address_(std::move(address)) {}
    Place(Place&& other) noexcept
        : census_(std::exchange(other.census_, nullptr)), address_(std::move(other.address_)) {}
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    Census* census_ = nullptr;
    std::string address_;
  };
  Place Enter(const std::string& address);
  bool Exceeds(const config::Limits& limits, const std::string& address) const;
  size_t connections() const { return connections_.load(); }
  // Waits until the last connection has closed; false if `at_most` went by. Not on a loop.
  bool AwaitEmpty(config::Duration at_most);

 private:
  std::atomic<size_t> connections_{0};
  mutable std::mutex mutex_;
  std::map<std::string, uint32_t> by_address_;  // under mutex_
  std::condition_variable emptied_;
};

// A C-STORE that was answered with a failure, by us or by the application.
struct Refusal {
  WallTime at;
  Uid sop_instance;
  std::string application;
  AeTitle client;  // calling
  uint16_t status = 0;
};

// The latest of them, so that an operator can be told; of what was refused there is no row in the
// ledger. Any thread.
class Refusals {
 public:
  static constexpr size_t kKept = 10'000;
  void Note(Refusal refusal);
  std::vector<Refusal> Of(const Uid& sop_instance) const;  // the latest first

 private:
  mutable std::mutex mutex_;
  std::deque<Refusal> kept_;  // under mutex_
};

// A way in that can be closed, and that knows who is inside. Any thread.
class Entrance {
 public:
  // One who entered, for as long as this lives.
  class Pass {
   public:
    explicit Pass(Entrance* entrance) : entrance_(entrance) {}
    Pass(Pass&& other) noexcept : entrance_(std::exchange(other.entrance_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass();

   private:
    Entrance* entrance_;
  };
  std::optional<Pass> Enter();  // nothing: it is closed
  void Close();                 // from now on nobody enters
  // Waits until the last of those who had entered has left; false if `at_most` went by. Not on a
  // loop.
  bool AwaitEmpty(config::Duration at_most);

 private:
  std::mutex mutex_;
  bool closed_ = false;  // under mutex_
  size_t inside_ = 0;    // under mutex_
  std::condition_variable left_;
};

// Whose turn it is to make room in the spool, of which there is one, and whether it helps (room.h).
// Any thread.
struct RoomMaking {
  std::atomic<bool> under_way{false};
  std::atomic<int> in_vain{0};  // in a row
  std::atomic<SteadyTime> rest_until{SteadyTime::min()};
};

// What sessions stand on. Owned by the app, outlives every session. Any thread, but what is said
// of the parts.
class Services {
 public:
  Services(metrics::Registry& registry, store::Ledger& the_ledger, store::Spool& the_spool,
           net::WorkPool& cpu_pool, net::WorkPool& disk_pool, Moves& the_moves,
           const Clock& the_clock)
      : metrics(registry),
        ledger(the_ledger),
        spool(the_spool),
        cpu(cpu_pool),
        disk(disk_pool),
        moves(the_moves),
        clock(the_clock) {}

  std::shared_ptr<const config::Config> config() const { return config_.load(); }
  void SetConfig(std::shared_ptr<const config::Config> config) { config_.store(std::move(config)); }

  ApplicationRuntime& Application(const std::string& name) { return *applications.at(name); }
  Roster& roster(const net::Loop& loop) { return rosters.at(static_cast<size_t>(loop.index())); }

  metrics::Registry& metrics;
  store::Ledger& ledger;
  store::Spool& spool;
  net::WorkPool& cpu;
  net::WorkPool& disk;
  Moves& moves;
  const Clock& clock;
  std::map<std::string, std::unique_ptr<ApplicationRuntime>> applications;  // fixed after start
  std::vector<Roster> rosters;                                              // one for each loop
  Census census;
  Refusals refusals;
  RuleLimits rule_limits;
  Entrance holding;                // of instances that are kept for later; closed by `sluice leave`
  Entrance observing;              // of looks at what was relayed with `mode: observe`
  std::atomic<int64_t> tapped{0};  // bytes of data sets that these keep
  RoomMaking room;
  // Of data sets that are in memory because they are edited.
  net::ByteLine edits{uint64_t{512} << 20};
  std::atomic<bool> draining{false};

 private:
  std::atomic<std::shared_ptr<const config::Config>> config_;
};

}  // namespace router::session
