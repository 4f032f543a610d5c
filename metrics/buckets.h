#pragma once
#include <vector>

#include "metrics/catalog.h"

namespace metrics {

// Upper bounds in seconds, ascending, the last (+Inf) left out.
inline std::vector<double> BoundsOf(Buckets buckets) {
  switch (buckets) {
    case Buckets::kNone:
      return {};
    case Buckets::kMessage:  // an echo takes 1 ms, a C-MOVE many minutes
      return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
              1,     2.5,    5,     10,   30,    60,   120, 300,  600};
    case Buckets::kLatency:
      return {0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001,
              0.0025,  0.005,    0.01,    0.025,  0.05,    0.1,    1};
    case Buckets::kCommit:
      return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
              0.05,   0.1,     0.25,   0.5,   1,      2.5,   5};
    case Buckets::kHold:  // a second to the default deadline of seven days
      return {1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 43200, 86400, 259200, 604800};
  }
  return {};
}

}  // namespace metrics
