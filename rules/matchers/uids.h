#pragma once
#include "rules/condition.h"
#include "rules/scope.h"

// sop_class: of the command; transfer_syntax: of the presentation context. A name or a group as
// Dictionary has them, a UID, a pattern of UIDs, or a list of these.
namespace rules {

ConditionPtr ParseSopClasses(const Positioned& node, Scope& scope);
ConditionPtr ParseTransferSyntaxes(const Positioned& node, Scope& scope);

}  // namespace rules
