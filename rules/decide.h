#pragma once
#include <variant>
#include <vector>

#include "router/base/kind.h"
#include "rules/decisions.h"
#include "rules/facts.h"

// The behaviour with no rule at all. Pure: facts in, a plan out; router/session does.
namespace rules {

struct Relay {  // to the routed application, as it is
  bool operator==(const Relay&) const = default;
};
struct Hold {  // spool it, harvest its requirements, and keep it until they are met
  router::Kind kind;
  bool operator==(const Hold&) const = default;
};
struct NeedModality {  // the SOP class does not tell the kind: read the head, decide again
  bool operator==(const NeedModality&) const = default;
};
struct ForwardMove {  // upstream sends there itself; an alias becomes the real title
  bool operator==(const ForwardMove&) const = default;
};
struct CarryMove {  // upstream sends to us, we send to the destination
  bool operator==(const CarryMove&) const = default;
};
using Step = std::variant<Relay, Hold, NeedModality, ForwardMove, CarryMove, Refuse>;

// What to do, and, with `mode: observe`, what would have been done: the second is logged and
// counted, never carried out.
struct Plan {
  Step step;
  std::vector<Step> observed;
  bool operator==(const Plan&) const = default;
};

Plan Decide(const Facts& facts);

}  // namespace rules
