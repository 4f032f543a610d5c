#pragma once
#include "rules/actions.h"

namespace rules {

// copy_to: applications that get a copy of the instance too, queued. Each needs an address.
//
//   then: {copy_to: RESEARCH}
bool ParseCopyTo(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
