#pragma once
#include "rules/actions.h"

namespace rules {

// replace: what a regular expression (RE2) finds in the values of elements, by a text in which \1
// is its first group.
//
//   then: {replace: {StationName: {regex: "^OLD(.*)", with: "NEW\1"}}}
bool ParseReplace(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
