#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "router/association/scu.h"
#include "router/base/clock.h"
#include "router/config/config.h"
#include "router/net/loop.h"

namespace router::session {

// Where the sub-operations of a carried move go.
struct MoveTarget {
  std::string label;        // the application or the client, as metrics name it
  std::string application;  // whose slots and timeouts count; empty for a client
  association::Association::Endpoint endpoint;
  AeTitle calling, called;
  association::Timers timers;

  bool operator==(const MoveTarget& other) const {
    return endpoint.host == other.endpoint.host && endpoint.port == other.endpoint.port &&
           calling == other.calling && called == other.called;
  }
};

enum class SuboperationOutcome : uint8_t { kCompleted, kFailed, kWarning };

// What became of the sub-operations of a move so far. Counts of instances.
struct MoveCounts {
  uint32_t begun = 0, completed = 0, failed = 0, warning = 0;
  std::vector<Uid> failed_instances;
  uint32_t answered() const { return completed + failed + warning; }
};

// UIDs that the identifier of a move names; what has other UIDs cannot belong to it.
struct MoveScope {
  std::set<Uid> studies, series, instances;
};

struct MoveRequest {
  std::string upstream;         // application
  AeTitle upstream_title;       // its own
  std::vector<AeTitle> titles;  // ours, that upstream may send to
  config::MoveOriginator originator = config::MoveOriginator::kLearn;
  config::Duration settle{}, late{};
  AeTitle client;   // calling AE title of who asked
  AeTitle calling;  // the title that we use towards upstream
  uint16_t client_message_id = 0;
  std::string destination;  // as the client named it
  MoveTarget target;
  MoveScope scope;
  net::Loop* loop = nullptr;        // of who asked
  std::function<void()> on_change;  // posted to that loop whenever a count changes
};

// One carried move, from the choice of its title to `late` after its end. Shared by the client's
// session and those that bring its sub-operations; what changes is guarded by the registry.
class OpenMove {
 public:
  const uint64_t id;
  const MoveRequest request;
  const AeTitle title;  // ours, in (0000,0600) towards upstream

 private:
  friend class Moves;
  OpenMove(uint64_t number, MoveRequest asked, AeTitle chosen)
      : id(number), request(std::move(asked)), title(chosen) {}
  uint16_t message_id_ = 0;  // of our C-MOVE-RQ
  MoveCounts counts_;
  uint32_t late_ = 0;
  SteadyTime opened_, ended_;
  bool open_ = true;
};

struct MoveSnapshot {
  uint64_t id;
  std::string upstream, client, destination, state;
  SteadyTime since;
  MoveCounts counts;
};

// All carried moves of the process: which title each has, and to which of them a sub-operation
// belongs. Under the one permitted mutex; touched per sub-operation, never per PDU, never held
// over a co_await. Owned by the app. Any thread.
class Moves {
 public:
  explicit Moves(const Clock& clock) : clock_(clock) {}

  // A place in the line of those who wait for a title of `upstream`. Gives it up at its end.
  class Ticket {
   public:
    Ticket(Moves& moves, std::string upstream, net::Loop* loop, std::function<void()> wake);
    ~Ticket();
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

   private:
    friend class Moves;
    Moves& moves_;
    const std::string upstream_;
    net::Loop* const loop_;
    const std::function<void()> wake_;
  };

  struct Opened {
    std::shared_ptr<OpenMove> move;         // null: not yet
    std::optional<config::Duration> retry;  // then: try again after this; absent: when woken
  };
  // Opens the move if the ticket is the first in line and a title is free for it: one without
  // moves, or, where upstream is known to name the originator, any.
  Opened TryOpen(Ticket& ticket, const MoveRequest& request);
  void SetMessageId(const std::shared_ptr<OpenMove>& move, uint16_t message_id);

  // Those whose sub-operations may come on this title: open ones; if there are none, those that
  // ended less than `late` ago.
  std::vector<std::shared_ptr<OpenMove>> Candidates(const std::string& upstream,
                                                    const AeTitle& title);

  // What a sub-operation says of where it belongs.
  struct Clues {
    AeTitle originator;                             // (0000,1030), or empty
    std::optional<uint16_t> originator_message_id;  // (0000,1031)
    Uid study, series, instance;                    // of the data set; empty: not read yet
    bool head_read = false;
  };
  struct Attribution {
    std::shared_ptr<OpenMove> move;  // null: see below
    bool needs_head = false;         // Study and Series would tell
    std::string why;                 // it belongs to none
  };
  Attribution Attribute(const std::string& upstream, const AeTitle& title, const Clues& clues);

  void Begin(const std::shared_ptr<OpenMove>& move);
  // True if the move had ended: the outcome is late, and in no final response.
  bool End(const std::shared_ptr<OpenMove>& move, SuboperationOutcome outcome, const Uid& instance);
  MoveCounts Counts(const std::shared_ptr<OpenMove>& move) const;
  // The final response is about to be sent.
  void Close(const std::shared_ptr<OpenMove>& move);

  std::vector<MoveSnapshot> Describe();
  // Open ones; of all upstreams, or of one.
  size_t InProgress() const;
  size_t InProgress(const std::string& upstream) const;

 private:
  void Forget();
  void WakeFirst(const std::string& upstream);

  const Clock& clock_;
  mutable std::mutex mutex_;
  uint64_t last_id_ = 0;                               // all under mutex_
  std::vector<std::shared_ptr<OpenMove>> moves_;       // in the order of opening
  std::map<std::string, std::vector<Ticket*>> lines_;  // by upstream
  std::set<std::string> names_originator_;             // upstreams that were seen to
};

}  // namespace router::session
