#pragma once
#include "rules/condition.h"
#include "rules/scope.h"

// listener: where the association was accepted, as in `listen`: "51402", "10.1.0.40:51402"; a port
// alone is that port of any interface.
namespace rules {

ConditionPtr ParseListener(const Positioned& node, Scope& scope);

}  // namespace rules
