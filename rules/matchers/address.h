#pragma once
#include "rules/condition.h"
#include "rules/scope.h"

// from: the address of the peer, as a range (CIDR) or a list of them.
namespace rules {

ConditionPtr ParseFrom(const Positioned& node, Scope& scope);

}  // namespace rules
