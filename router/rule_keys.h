#pragma once
#include <string_view>

#include "router/config/editor_schema.h"

namespace router {

// The conditions and actions that rules/ has, in its order, each with its meaning as the tables of
// docs/rules.md (`page`) have it; empty where the page has no row.
config::RuleKeys RuleKeysOn(std::string_view page);

}  // namespace router
