#pragma once
#include "rules/actions.h"

namespace rules {

// limit: so many messages in each span of time; more wait for their turn.
//
//   then: {limit: {count: 100, per: 1m, each_client: true}}
bool ParseLimit(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
