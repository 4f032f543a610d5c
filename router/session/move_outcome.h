#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "router/dimse/messages.h"
#include "router/session/moves.h"

namespace router::session {

// A final C-MOVE response: upstream's to us, or ours to the client.
struct MoveFinal {
  uint16_t status = 0;
  std::string comment;  // (0000,0902)
  dimse::Suboperations counts;
  std::vector<Uid> failed;  // (0008,0058)
  uint32_t never_came = 0;  // what upstream had still to send when it was lost
};

// What the client is told at the end of a carried move (PS3.4 C.4.2.1.5, Table C.4-2): what
// upstream answered, with counts of what reached the destination. What upstream counted and did
// not reach it has failed, and so has what it names as failed, unless that has `arrived`: upstream
// may have waited for the answer in vain. `remaining`: as upstream last said, for a move that was
// cancelled. Pure.
MoveFinal Conclude(const MoveFinal& theirs, const MoveCounts& ours,
                   std::optional<uint16_t> remaining, const std::set<Uid>& arrived = {});

// What the client is told while a carried move goes on, after a pending response of upstream:
// upstream's own counts where the destination bears them out, which may have got further by now;
// never more completed than arrived. Remaining is 0 only where upstream says so and all that it
// counts was answered: clients take 0 for the end. Pure.
dimse::Suboperations Progress(const dimse::Suboperations& theirs, const MoveCounts& ours);

// The upper bound of the counts of a response, which are US.
uint16_t ClampedCount(uint32_t count);

}  // namespace router::session
