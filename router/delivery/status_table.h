#pragma once
#include <cstdint>
#include <string_view>

#include "router/config/config.h"

namespace router::delivery {

// What the status of a C-STORE response means for a row of the queue (design §7).
enum class Verdict : uint8_t {
  kDelivered,  // success, or a warning: PS3.4 B.2.3 says that the instance was stored
  kDuplicate,  // 0111H: it says that it has it already; asked once more before it is believed
  kNotYet,     // the application's `statuses: not_yet`: back to waiting for what it refers to
  kAgain,      // `statuses: again`: the same bytes may succeed later
  kPermanent,  // everything else
};

// `not_yet` goes before `again`, both before what PS3.7 says of failures; success and warnings
// cannot be configured away.
Verdict VerdictOf(const config::Statuses& statuses, uint16_t status);

std::string_view NameOf(Verdict verdict);  // "delivered", …; the label `outcome` of metrics

}  // namespace router::delivery
