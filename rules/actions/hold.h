#pragma once
#include "rules/actions.h"

namespace rules {

// hold: keep the instance until what it refers to exists at the application; what is not said stays
// as the application has it. `off`: not at all.
//
//   then: {hold: {at_most: 2d, match_images: series}}
bool ParseHold(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
