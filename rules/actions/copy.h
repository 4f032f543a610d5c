#pragma once
#include "rules/actions.h"

namespace rules {

// copy: elements to the value of another one; nothing where that is absent.
//
//   then: {copy: {PatientComments: StudyDescription}}
bool ParseCopy(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
