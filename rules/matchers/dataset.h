#pragma once
#include "rules/condition.h"
#include "rules/element_test.h"
#include "rules/scope.h"

// dataset: {path: value}: elements of the data set, each of which must match. What a value may be
// is said in element_test.h and docs/rules.md.
namespace rules {

ConditionPtr ParseDataSet(const Positioned& node, Scope& scope);

// What is known of one element: its test is asked once it is. `slot`: of the path.
Answer TestElement(const ElementTest& test, size_t slot, const Asking& asking);

}  // namespace rules
