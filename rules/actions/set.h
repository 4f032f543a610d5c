#pragma once
#include "rules/actions.h"

namespace rules {

// set: elements to values, each made where it is missing.
//
//   then: {set: {RTPlanDescription: research copy}}
bool ParseSet(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
