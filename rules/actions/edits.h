#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "rules/actions.h"

// What the actions that edit a data set have in common.
namespace rules {

using Edit = router::ElementEdit;

// An element that may be edited. Says so if `node` names none: what is not in a data set, pixel
// data, and what must agree with the command or the bytes (SOP Class and Instance UID, Specific
// Character Set).
std::optional<router::ElementPath> ReadEditPath(std::string_view key, const Positioned& node,
                                                Scope& scope);

// The same where values are written or read: no sequence.
std::optional<router::ElementPath> ReadValuePath(std::string_view key, const Positioned& node,
                                                 Scope& scope);

// Adds an edit, once for each path of a rule.
bool AddEdit(Edit edit, const Positioned& place, Scope& scope, Draft& draft);

}  // namespace rules
