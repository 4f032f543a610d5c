#pragma once
#include "router/config/load.h"

namespace router::session {

// Reads the key `rules`, for the loader: what rules may name of the rest of the configuration, and
// of the standard, comes from here.
config::ReadRules RulesReader();

}  // namespace router::session
