#pragma once
#include <cstdint>
#include <optional>

#include "router/base/clock.h"
#include "router/store/commitments.h"

// What becomes of one instance of a request for storage commitment. Pure.
namespace router::session {

// What the application has said of it.
enum class Presence : uint8_t {
  kUnknown,  // nothing, or not often enough that it has none
  kFound,
  kAbsent,  // asked again and again
};

// Would the application's answer decide it? Not while we hold it, nor in quarantine.
bool IsToBeAskedAbout(const store::UndecidedInstance& instance);

// With `existence`. Zero: it is committed. Else the Failure Reason (0008,1197): 0110H in
// quarantine, or not known by its deadline; 0112H the application does not have it; 0119H we took
// it under another SOP class. Nothing: not decided yet. A "yes" goes before the deadline.
std::optional<uint16_t> DecisionFor(const store::UndecidedInstance& instance, Presence presence,
                                    WallTime now);

// What our spool has of it.
enum class Original : uint8_t {
  kWhole,       // every byte was read
  kGone,        // it has none
  kDamaged,     // not what was received
  kUnreadable,  // it could not be read now
};

// The same with `retained`, where it counts whether our spool keeps the original: zero (it is to be
// promised); 0110H in quarantine, held without its file, damaged, or not readable by its deadline;
// 0119H; else 0112H.
std::optional<uint16_t> DecisionByOriginal(const store::UndecidedInstance& instance,
                                           Original original, WallTime now);

}  // namespace router::session
