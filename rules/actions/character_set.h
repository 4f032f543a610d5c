#pragma once
#include "rules/actions.h"

namespace rules {

// character_set: re-encode all texts for a Specific Character Set (0008,0005).
//
//   then: {character_set: ISO_IR 192}
bool ParseCharacterSet(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
