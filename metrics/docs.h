#pragma once
#include <string>

namespace metrics {

// docs/metrics.md, whole: a table of the catalogue and the closed lists of label values.
std::string DocumentationPage();

}  // namespace metrics
