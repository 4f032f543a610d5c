#pragma once
#include <functional>
#include <string>

#include "router/app.h"

namespace crash {

// Sluice in the foreground, as `sluice serve --config file`, until SIGTERM; its store lies on what
// `medium` makes of the configuration. Returns the status to exit with.
int Serve(const std::string& file,
          const std::function<router::StoreMedium(const router::config::Config&)>& medium);

}  // namespace crash
