#pragma once
#include "rules/actions.h"

namespace rules {

// move_to: the destinations of a C-MOVE in place of the one it names: applications with an address,
// or clients. All of them get every instance.
//
//   then: {move_to: [RTPACS, EXPORT]}
bool ParseMoveTo(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
