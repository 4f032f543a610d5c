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
#include "router/session/capabilities.h"

namespace router::session {

class GetBridge;

// Where the sub-operations of a carried move go.
struct MoveTarget {
  std::string label;        // the application or the client, as metrics name it
  std::string application;  // whose slots and timeouts count; empty for a client
  association::Association::Endpoint endpoint;
  AeTitle calling, called;
  association::Timers timers;
  // A C-GET that is bridged: the association on which the client asked. No endpoint then.
  std::shared_ptr<GetBridge> bridge{};

  bool operator==(const MoveTarget& other) const {
    return endpoint.host == other.endpoint.host && endpoint.port == other.endpoint.port &&
           calling == other.calling && called == other.called && bridge == other.bridge;
  }
};

enum class SuboperationOutcome : uint8_t { kCompleted, kFailed, kWarning };

// What became of the sub-operations of a move so far. Counts of instances.
struct MoveCounts {
  uint32_t begun = 0, completed = 0, failed = 0, warning = 0;
  uint32_t again = 0;  // answered too, but each is in one of the others already
  std::vector<Uid> failed_instances;
  uint32_t answered() const { return completed + failed + warning + again; }
};

// UIDs that the identifier of a move names; what has other UIDs cannot belong to it.
struct MoveScope {
  std::set<Uid> studies, series, instances;
  // No instance can belong to both: where their sub-operations say nothing, their UIDs tell.
  bool IsApartFrom(const MoveScope& other) const;
};

struct MoveRequest {
  std::string upstream;         // application
  AeTitle upstream_title;       // its own
  std::vector<AeTitle> titles;  // ours, that upstream may send to
  config::MoveOriginator originator = config::MoveOriginator::kLearn;
  config::Duration settle{}, late{};
  uint32_t max_moves = 0;     // of this upstream at once; 0: no limit
  bool count_once = false;    // an instance that comes again is not counted again
  uint32_t target_limit = 0;  // associations that the destination takes; 0: not known
  AeTitle client, called;     // the titles of who asked, and whom it called
  std::string client_address;
  AeTitle calling;  // the title that we use towards upstream
  uint16_t client_message_id = 0;
  std::string destination;  // as the client named it
  MoveTarget target;
  std::vector<MoveTarget> also;  // further ones, to which each sub-operation goes too
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
  bool NamedBy(uint16_t message_id) const;

  std::vector<uint16_t> message_ids_;  // of our C-MOVE-RQs
  MoveCounts counts_;
  std::set<Uid> arrived_;
  uint32_t late_ = 0;
  SteadyTime opened_, ended_;
  SteadyTime quiet_since_;  // its last sub-operation or its end
  bool open_ = true;
  bool answered_ = true;  // upstream said itself that it was the end
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

  // A place in the line of those who wait for a title of their upstream; who stands in it is woken
  // by `on_change` of the request. Gives the place up at its end. `request` has to outlive it.
  class Ticket {
   public:
    Ticket(Moves& moves, const MoveRequest& request);
    ~Ticket();
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

   private:
    friend class Moves;
    Moves& moves_;
    const MoveRequest& request_;
    std::shared_ptr<OpenMove> given_;  // under the mutex of moves_
  };

  struct Opened {
    std::shared_ptr<OpenMove> move;         // null: not yet
    std::optional<config::Duration> retry;  // then: try again after this; absent: when woken
  };
  // Opens the move if it is its turn: fewer than max_moves are open, fewer go to its destination
  // than that takes, and there is a title on which its sub-operations can be told from others':
  // one where no other may bring what this one asks for, or, where upstream is known to name the
  // originator, any. Clients take turns; the moves of each go in the order of asking.
  Opened TryOpen(Ticket& ticket);
  // The ID under which upstream is (also) asked. False: another move is still known by it.
  bool AddMessageId(const std::shared_ptr<OpenMove>& move, uint16_t message_id);

  // An association of upstream's that brings sub-operations to a title, for as long as it is open.
  class Visit {
   public:
    Visit(Moves& moves, std::string upstream, const AeTitle& title);
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

   private:
    Moves& moves_;
    const std::pair<std::string, AeTitle> at_;
  };

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
  std::set<Uid> Arrived(const std::shared_ptr<OpenMove>& move) const;
  // The final response is about to be sent, with the counts of this moment: what ends afterwards is
  // late. `answered`: upstream has given its own; else it may still be sending. `arrived`, if any:
  // which have arrived.
  MoveCounts Close(const std::shared_ptr<OpenMove>& move, bool answered = true,
                   std::set<Uid>* arrived = nullptr);

  // ---- move_destinations.cc: what is known of destinations, whoever sends there

  // What one answered when it was last called; nothing: not known.
  void Learn(const MoveTarget& target, const ul::AssociateRq& offered,
             const ul::AssociateAc& answered);
  std::optional<ul::ContextAnswer> AnswerOf(const MoveTarget& target,
                                            const ul::ProposedContext& context) const;

  // Somebody waits for an association to a destination, for as long as this lives.
  class Awaiting {
   public:
    Awaiting(Moves& moves, const MoveTarget& target);
    ~Awaiting();
    Awaiting(const Awaiting&) = delete;
    Awaiting& operator=(const Awaiting&) = delete;

   private:
    Moves& moves_;
    const std::pair<std::string, uint16_t> where_;
    const SteadyTime since_;
  };
  // Has somebody waited for so long that who has one should give it up?
  bool IsAwaited(const MoveTarget& target) const;

  std::vector<MoveSnapshot> Describe();
  // Open ones; of all upstreams, or of one.
  size_t InProgress() const;
  size_t InProgress(const std::string& upstream) const;

 private:
  void Forget();
  bool IsTold(const MoveRequest& request) const;
  std::shared_ptr<OpenMove> Open(const MoveRequest& request, const AeTitle& title);
  static void Count(OpenMove& move, SuboperationOutcome outcome, const Uid& instance);
  void Learn(const std::string& upstream, const Clues& clues, bool agrees);

  // ---- move_line.cc: who may begin
  struct Place {
    const AeTitle* title = nullptr;         // null: none
    std::optional<config::Duration> retry;  // one that is free by then
  };
  Place FindPlace(const MoveRequest& request) const;
  config::Duration SettlesAfter(const OpenMove& ended) const;
  std::vector<Ticket*> InTurn(const std::string& upstream) const;
  std::optional<config::Duration> Serve(const Ticket& asking);
  void WakeFirst(const std::string& upstream);
  void WakeAll();

  const Clock& clock_;
  mutable std::mutex mutex_;
  uint64_t last_id_ = 0;                               // all under mutex_
  std::vector<std::shared_ptr<OpenMove>> moves_;       // in the order of opening
  std::map<std::string, std::vector<Ticket*>> lines_;  // by upstream, in the order of asking
  std::map<std::pair<std::string, AeTitle>, uint32_t> visits_;  // by upstream and title
  std::set<std::string> names_originator_;                      // upstreams that were seen to
  std::map<std::string, Capabilities> destinations_;            // by address and titles
  std::map<std::pair<std::string, uint16_t>, std::multiset<SteadyTime>> awaited_;  // by address
};

}  // namespace router::session
