#pragma once
#include "rules/actions.h"

namespace rules {

// to: the application to which it goes, by any of its titles. Of an association, and of a single
// C-STORE. It needs an address.
//
//   then: {to: RTPACS}
bool ParseTo(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
