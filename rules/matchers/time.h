#pragma once
#include "rules/condition.h"
#include "rules/scope.h"

// time: "18:00-06:00", or a list; weekday: mon, mon-fri, or a list. Local time, of the moment at
// which the message comes; the end is not included.
namespace rules {

ConditionPtr ParseTimes(const Positioned& node, Scope& scope);
ConditionPtr ParseWeekdayCondition(const Positioned& node, Scope& scope);

}  // namespace rules
