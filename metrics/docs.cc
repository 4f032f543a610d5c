#include "metrics/docs.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "metrics/buckets.h"
#include "metrics/catalog.h"

namespace metrics {
namespace {

constexpr std::string_view kHead = R"md(# Metrics

Generated from `metrics/catalog.h` by `sluice_metrics_docs`; do not edit this page.

`GET /metrics` serves these in Prometheus' text format, at `admin: listen` and, if one is
configured, at `metrics: listen`. Units are seconds and bytes. Counters end in `_total` and start at
zero when Sluice starts. A series
with labels appears when there is first something to count, a gauge when its value is first known.

Label values are bounded. `application` and `destination` are keys of `applications` in the
configuration, `client` is the first AE title of an entry of `clients`, `rule` is the name of a rule; `none`
stands where there is none.
Where a list of values stands under a metric, whatever is not in it is counted as `other`. No label ever carries a UID, a patient, an address or a title that is not configured.

)md";

std::string_view NameOf(Kind kind) {
  switch (kind) {
    case Kind::kCounter:
      return "Counter";
    case Kind::kGauge:
      return "Gauge";
    case Kind::kHistogram:
      return "Histogram";
  }
  return "";
}

std::string Replaced(std::string_view text, char what, std::string_view by) {
  std::string result;
  for (char c : text) {
    if (c == what) {
      result += by;
    } else {
      result += c;
    }
  }
  return result;
}

void AddSection(const Metric& metric, std::string& page) {
  auto out = std::back_inserter(page);
  fmt::format_to(out, "## {}\n\n{}. {}\n", metric.name, NameOf(metric.kind), metric.help);
  if (!metric.labels.empty()) {
    fmt::format_to(out, "\nLabels: `{}`.\n", Replaced(metric.labels, ',', "`, `"));
  }
  for (std::string_view rest = metric.words; !rest.empty();) {
    std::string_view entry = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    size_t equals = entry.find('=');
    fmt::format_to(out, "- `{}`: {}\n", entry.substr(0, equals),
                   Replaced(entry.substr(equals + 1), '|', ", "));
  }
  if (metric.kind == Kind::kHistogram) {
    fmt::format_to(out, "\nBuckets up to, in seconds: {}.\n",
                   fmt::join(BoundsOf(metric.buckets), ", "));
  }
  page += "\n";
}

}  // namespace

std::string DocumentationPage() {
  std::string page(kHead);
  for (const Metric& metric : kCatalog) AddSection(metric, page);
  page.pop_back();
  return page;
}

}  // namespace metrics
