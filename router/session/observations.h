#pragma once
#include <compare>
#include <cstdint>
#include <map>
#include <string>

#include "router/base/clock.h"
#include "router/base/uid.h"

namespace router::session {

// Something that `mode: enforce` would have done, or not, to a message that was relayed.
struct ObservedAction {
  std::string action;  // "hold", "quarantine", "refuse", "carry", and those of rules: "drop",
                       // "route", "copy", "queue", "edit", "limit"; "pass": sent at once, as it
                       // was; "unjudged": nobody knows, `reason` says why
  std::string kind;    // of the instance; empty: of no instance
  std::string reason;  // "hold": the first kind that it would have waited for; of rules: its name
  auto operator<=>(const ObservedAction&) const = default;
};

// What was observed of one application since Sluice started: in memory, for `sluice observe
// report`. As many entries as there are kinds and reasons, whatever passes. On the application's
// home loop.
class Observations {
 public:
  struct Tally {
    int64_t count = 0;
    WallTime first, last;
    Uid latest;  // SOP Instance UID of the last one; empty: of no instance
  };

  void Add(const ObservedAction& what, const Uid& sop_instance, WallTime now) {
    Tally& tally = tallies_[what];
    if (tally.count++ == 0) tally.first = now;
    tally.last = now;
    tally.latest = sop_instance;
  }
  const std::map<ObservedAction, Tally>& tallies() const { return tallies_; }

 private:
  std::map<ObservedAction, Tally> tallies_;
};

}  // namespace router::session
