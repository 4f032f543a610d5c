#pragma once
#include "rules/actions.h"

namespace rules {

// called: the called AE title that is used towards the application.
//
//   then: {called: VMSDBD2}
bool ParseCalled(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
