#pragma once
#include "rules/condition.h"
#include "rules/scope.h"

// not: a map of conditions that must not all match. any, all: a list of such maps, of which one,
// or each, must match.
namespace rules {

ConditionPtr ParseNot(const Positioned& node, Scope& scope);
ConditionPtr ParseAny(const Positioned& node, Scope& scope);
ConditionPtr ParseAll(const Positioned& node, Scope& scope);

}  // namespace rules
