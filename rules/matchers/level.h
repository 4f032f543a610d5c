#pragma once
#include "rules/condition.h"
#include "rules/scope.h"

// level: Query/Retrieve Level (0008,0052) of a C-FIND, C-MOVE or C-GET, or a list of them.
namespace rules {

ConditionPtr ParseLevels(const Positioned& node, Scope& scope);

}  // namespace rules
