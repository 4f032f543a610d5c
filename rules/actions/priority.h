#pragma once
#include "rules/actions.h"

namespace rules {

// priority: of a durable instance among others for the same application.
//
//   then: {priority: high}
bool ParsePriority(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
