#include "metrics/catalog.h"

#include <gmock/gmock.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "metrics/buckets.h"
#include "metrics/docs.h"

namespace metrics {
namespace {

std::vector<std::string> Split(std::string_view text, char at) {
  std::vector<std::string> parts;
  std::istringstream stream{std::string(text)};
  for (std::string part; std::getline(stream, part, at);) parts.push_back(part);
  return parts;
}

TEST(Catalog, EveryMetricHasANameOfItsOwnAndLabelsThatPrometheusAccepts) {
  std::set<std::string_view> names;
  static const std::regex kLabel("[a-z][a-z_]*");
  for (const Metric& metric : kCatalog) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    for (const std::string& label : Split(metric.labels, ',')) {
      EXPECT_TRUE(std::regex_match(label, kLabel)) << metric.name << " " << label;
      EXPECT_NE(label, "le") << "is the library's";
    }
  }
}

TEST(Catalog, WordsAreOnlyGivenForLabelsThatTheMetricHas) {
  for (const Metric& metric : kCatalog) {
    auto labels = Split(metric.labels, ',');
    for (const std::string& entry : Split(metric.words, ';')) {
      std::string label = entry.substr(0, entry.find('='));
      EXPECT_THAT(labels, testing::Contains(label)) << metric.name;
      EXPECT_TRUE(WordsOf(metric, label).has_value()) << metric.name << " " << label;
    }
  }
}

TEST(Catalog, NoLabelCanNameAPatientAnInstanceOrAnAddress) {
  for (const Metric& metric : kCatalog) {
    for (const std::string& label : Split(metric.labels, ',')) {
      EXPECT_THAT(label,
                  testing::AnyOf("side", "state", "application", "outcome", "reason", "command",
                                 "client", "status_class", "direction", "rule", "action", "kind",
                                 "destination", "answer", "version", "revision"))
          << metric.name;
    }
  }
}

TEST(Catalog, BucketsAscend) {
  for (Buckets buckets : {Buckets::kMessage, Buckets::kLatency, Buckets::kCommit, Buckets::kHold}) {
    auto bounds = BoundsOf(buckets);
    ASSERT_FALSE(bounds.empty());
    for (size_t i = 1; i < bounds.size(); ++i) EXPECT_LT(bounds[i - 1], bounds[i]);
  }
}

TEST(Catalog, WordsAreFoundByTheirWholeLabel) {
  constexpr Metric metric = {Id::kMoves, Kind::kGauge, Buckets::kNone, "sluice_x",
                             "a,ab",     "ab=x|y;a=z", "an example"};
  EXPECT_EQ(WordsOf(metric, "a"), "z");
  EXPECT_EQ(WordsOf(metric, "ab"), "x|y");
  EXPECT_EQ(WordsOf(metric, "b"), std::nullopt);
}

TEST(MetricsPage, IsWhatTheCatalogueSays) {
  std::ifstream file(SLUICE_SOURCE_DIR "/docs/metrics.md");
  std::ostringstream page;
  page << file.rdbuf();
  EXPECT_EQ(page.str(), DocumentationPage())
      << "docs/metrics.md is stale: run sluice_metrics_docs > docs/metrics.md";
}

}  // namespace
}  // namespace metrics
