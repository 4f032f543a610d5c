#pragma once
#include <cstdint>

#include "router/config/config.h"

namespace router::delivery {

// How long to wait before attempt number `attempts` + 1 (1: the first failure just happened):
// exponential from `first` to `most`, with full jitter. `random` in [0, 1) picks a point between
// zero and that bound, so that rows which failed together do not come back together; never less
// than a tenth of `first`, so that nothing spins.
config::Duration BackOff(const config::Retry& retry, uint32_t attempts, double random);

}  // namespace router::delivery
