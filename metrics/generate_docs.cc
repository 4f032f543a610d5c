// sluice_metrics_docs: writes docs/metrics.md to standard output.
#include <cstdio>

#include "metrics/docs.h"

int main() {
  std::string page = metrics::DocumentationPage();
  return std::fwrite(page.data(), 1, page.size(), stdout) == page.size() ? 0 : 1;
}
