#pragma once
#include <string>
#include <vector>

#include "router/config/config.h"

namespace router {

// What of `fresh` cannot come into force while Sluice runs on `old`: the keys, and what is the
// matter, each as a text for people. Empty: all of it can. Secrets are named, never shown.
std::vector<std::string> NeedingRestart(const config::Config& old, const config::Config& fresh);

}  // namespace router
