#pragma once
#include "rules/condition.h"
#include "rules/scope.h"

// size: {above: 10MiB, below: 1GiB}, one of them or both, of the data set in bytes, neither
// included.
namespace rules {

ConditionPtr ParseSizes(const Positioned& node, Scope& scope);

}  // namespace rules
