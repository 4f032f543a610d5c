#pragma once
#include "rules/actions.h"

namespace rules {

// calling: the calling AE title that is used towards the application.
//
//   then: {calling: SLUICE2}
bool ParseCalling(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
