#pragma once
#include "rules/actions.h"

namespace rules {

// retrieve_ae_title: what answers to a C-FIND say in (0008,0054).
//
//   then: {retrieve_ae_title: VMSDBD}
bool ParseRetrieveAeTitle(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
