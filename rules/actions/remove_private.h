#pragma once
#include "rules/actions.h"

namespace rules {

// remove_private: every private element at any depth, but those of the creators in `keep`.
//
//   then: {remove_private: {keep: [Varian Medical Systems VISION 3253]}}
bool ParseRemovePrivate(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
