#pragma once
#include "rules/actions.h"

namespace rules {

// remove: elements, also sequences.
//
//   then: {remove: [PatientComments, OtherPatientIDsSequence]}
bool ParseRemove(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
