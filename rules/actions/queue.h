#pragma once
#include "rules/actions.h"

namespace rules {

// queue: answer when the instance is durable, and send it later, only in `window` if there is one.
//
//   then: {queue: {window: 20:00-06:00, weekdays: mon-fri}}
bool ParseQueue(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
