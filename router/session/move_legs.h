#pragma once
#include <list>
#include <memory>
#include <vector>

#include "router/session/legs.h"
#include "router/session/moves.h"

namespace router::session {

// The associations of one session of sub-operations to the destinations of its moves: one each,
// opened when it is needed, proposed what upstream proposed to us. On the session's loop; Close
// must have been awaited for each before the end.
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

  MoveLegs(Services& services, uint32_t max_pdu, std::vector<ul::ProposedContext> offered)
      : services_(services), max_pdu_(max_pdu), offered_(std::move(offered)) {}

  // Opens one, so that its destination's own answer can be given to upstream. If it has not
  // answered within `at_most` it is left out, with a warning: upstream waits meanwhile.
  Task<> OpenForNegotiation(net::Loop& loop, MoveTarget target, net::Milliseconds at_most);

  // The leg to a destination, opened (again) if there is none that is alive. A destination that
  // takes no more associations now (its own limit, or max_associations) is waited for, `at_most`
  // in all. Good until it is closed.
  Task<Result<Leg*>> For(net::Loop& loop, MoveTarget target, net::Milliseconds at_most);

  // Before somebody else needs the right to the only association there, or waits for one.
  Task<> CloseTo(const MoveTarget& target, bool anyhow);
  // Between messages: gives up those for whose destinations others wait, once they have been had
  // for `share`.
  Task<> CloseWanted(net::Milliseconds share);
  Task<> Close(Leg& leg, bool release);
  Task<> CloseAll(bool release);
  void Interrupt(const Error& why);  // whoever waits on one of them

  bool HasOpen() const;
  std::vector<const Leg*> open() const;

 private:
  Task<Result<std::unique_ptr<association::Association>>> Call(net::Loop& loop, MoveTarget target,
                                                               SteadyTime by);

  Services& services_;
  const uint32_t max_pdu_;
  const std::vector<ul::ProposedContext> offered_;
  std::list<Leg> legs_;
  bool interrupted_ = false;
};

}  // namespace router::session
