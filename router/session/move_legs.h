#pragma once
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "router/net/signal.h"
#include "router/session/legs.h"
#include "router/session/moves.h"

namespace router::session {

// The associations of one session of sub-operations to the destinations of its moves: one each,
// opened when it is needed, proposed what upstream proposed to us. On the session's loop; CloseAll
// must have been awaited before the end.
class MoveLegs {
 public:
  struct Leg {
    MoveTarget target;
    delivery::Slot slot;
    std::unique_ptr<association::Association> association;  // null while it is closed
    uint16_t message_id = 0;                                // of the last request
    SteadyTime opened{};
    net::Milliseconds waited{0};  // for it, before the request under way could be sent
  };

  // `answer_within`: for so long a destination may leave unread what is sent there, or as long as
  // its own write_stall says. Upstream may have sent all of it and wait for an answer.
  MoveLegs(Services& services, net::Loop& loop, uint32_t max_pdu, net::Milliseconds answer_within,
           std::vector<ul::ProposedContext> offered)
      : services_(services),
        loop_(loop),
        max_pdu_(max_pdu),
        answer_within_(answer_within),
        offered_(std::move(offered)),
        closed_(loop) {}

  // Opens one, so that its destination's own answer can be given to upstream. If it has not
  // answered within `at_most` it is left out, with a warning: upstream waits meanwhile.
  Task<> OpenForNegotiation(MoveTarget target, net::Milliseconds at_most);

  // The leg to a destination, opened (again) if there is none that is alive. A destination that
  // takes no more associations now (its own limit, or max_associations) is waited for, `at_most`
  // in all. Good until it is closed. After Interrupt there is none: kInterrupted.
  Task<Result<Leg*>> For(MoveTarget target, net::Milliseconds at_most);

  // Gives up one, before somebody else needs the right to the only association there, or if
  // somebody waits for it.
  void CloseTo(const MoveTarget& target, bool anyhow);
  // Between messages: gives up those for whose destinations others wait, once they have been had
  // for `share`.
  void CloseWanted(net::Milliseconds share);
  Task<> Close(Leg& leg, bool release);
  // Ends it, too, and keeps nobody waiting for that: upstream is owed an answer.
  void Drop(Leg& leg, bool release);
  Task<> CloseAll(bool release);
  // Whoever waits on one of them, or for one.
  void Interrupt(const Error& why);

  bool HasOpen() const;
  std::vector<const Leg*> open() const;

 private:
  // Who waits for a leg, for as long as that takes.
  struct Opening {
    std::shared_ptr<delivery::SlotWait> slot;
    association::Association::Opening association;
  };
  Task<Result<Leg*>> Open(std::list<Leg>::iterator found, MoveTarget target,
                          net::Milliseconds at_most, Opening& opening);
  Task<Result<std::unique_ptr<association::Association>>> Call(MoveTarget target, SteadyTime by,
                                                               Opening& opening);
  Task<> End(std::unique_ptr<association::Association> association, delivery::Slot slot,
             bool release);
  Task<> EndDropped(std::unique_ptr<association::Association> association, delivery::Slot slot,
                    bool release);

  Services& services_;
  net::Loop& loop_;
  const uint32_t max_pdu_;
  const net::Milliseconds answer_within_;
  const std::vector<ul::ProposedContext> offered_;
  std::list<Leg> legs_;
  std::list<Opening> openings_;
  std::optional<Error> interrupted_;
  uint32_t dropped_ = 0;  // that have not ended yet
  net::Signal closed_;    // the last of them
};

}  // namespace router::session
