#pragma once
#include "rules/actions.h"

namespace rules {

// log: a line in the log for each message, with the name of the rule.
//
//   then: {log: {level: warning, text: "still the old title"}}
bool ParseLog(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
