#pragma once
#include "rules/actions.h"

namespace rules {

// acknowledge: when an instance that is held is answered: `durable` (at once, when it is on disk),
// `refuse` (A700), or after a wait for its release.
//
//   then: {acknowledge: {wait: 20s, then: refuse}}
bool ParseAcknowledge(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
