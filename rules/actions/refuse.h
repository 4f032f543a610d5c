#pragma once
#include "rules/actions.h"

namespace rules {

// refuse: answer with a status of failure, and a comment (0000,0902).
//
//   then: {refuse: {status: A700, comment: not accepted here}}
bool ParseRefuse(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
