#pragma once
#include "rules/condition.h"
#include "rules/scope.h"

// to: the application to which the association was routed, by any of its titles, or a list of them.
namespace rules {

ConditionPtr ParseApplications(const Positioned& node, Scope& scope);

// The application that `node` names; says so if there is none.
const KnownApplication* FindApplication(std::string_view key, const Positioned& node, Scope& scope);

}  // namespace rules
