#pragma once
#include "rules/actions.h"

namespace rules {

// drop: answer with success and throw the instance away. For C-STORE alone.
//
//   then: {drop: true}
bool ParseDrop(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
