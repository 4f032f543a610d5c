#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "router/base/ae_title.h"
#include "rules/actions.h"

// What several actions read in the same way.
namespace rules {

// An application that we can call. Says so if `node` names none, or one without an address.
const KnownApplication* FindTarget(std::string_view key, const Positioned& node, Scope& scope);

// A single AE title.
bool ReadTitle(std::string_view key, const Positioned& node, Scope& scope,
               std::optional<router::AeTitle>& title);

}  // namespace rules
