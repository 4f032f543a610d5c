#pragma once
#include "rules/condition.h"
#include "rules/scope.h"

// calling, called, requested, destination: AE titles as received, and tls_subject. A pattern as
// fnmatch(3) has it, or a list of them; case counts.
namespace rules {

ConditionPtr ParseCallingTitles(const Positioned& node, Scope& scope);
ConditionPtr ParseCalledTitles(const Positioned& node, Scope& scope);
ConditionPtr ParseRequestedTitles(const Positioned& node, Scope& scope);
ConditionPtr ParseDestinationTitles(const Positioned& node, Scope& scope);
ConditionPtr ParseTlsSubject(const Positioned& node, Scope& scope);

}  // namespace rules
