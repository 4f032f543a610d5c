#pragma once
#include "rules/condition.h"
#include "rules/scope.h"

// command: a request of DIMSE (C-STORE, C-MOVE …), or a list of them.
namespace rules {

ConditionPtr ParseCommands(const Positioned& node, Scope& scope);

}  // namespace rules
