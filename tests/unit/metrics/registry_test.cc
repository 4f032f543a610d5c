#include "metrics/registry.h"

#include <gmock/gmock.h>

#include <thread>
#include <vector>

namespace metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Registry, TheSameLabelsNameTheSameSeries) {
  Registry registry;
  Counter first = registry.Get<Id::kReleased>("VMSDBD", "plan");
  Counter again = registry.Get<Id::kReleased>("VMSDBD", "plan");
  first.Add();
  again.Add(2);
  EXPECT_EQ(first.Value(), 3);
  EXPECT_EQ(registry.Get<Id::kReleased>("VMSDBD", "dose").Value(), 0);
}

TEST(Registry, LabelsAreWrittenUnderTheirOwnNames) {
  Registry registry;
  registry.Get<Id::kAssociationsTotal>("downstream", "VMSDBD", "released").Add(7);
  std::string text = registry.Serialize();
  EXPECT_THAT(text,
              HasSubstr("sluice_associations_total{application=\"VMSDBD\",outcome=\"released\","
                        "side=\"downstream\"} 7"));
  EXPECT_THAT(text, HasSubstr("# TYPE sluice_associations_total counter"));
}

TEST(Registry, AValueThatIsInNoListIsCountedAsOther) {
  Registry registry;
  registry.Get<Id::kMessages>("C-EVIL", "DCMTK", "VMSDBD", "success").Add();
  std::string text = registry.Serialize();
  EXPECT_THAT(text, HasSubstr("command=\"other\""));
  EXPECT_THAT(text, Not(HasSubstr("C-EVIL")));
}

TEST(Registry, AClientThatIsNotConfiguredIsCountedAsOther) {
  std::vector<std::string> known = {"DCMTK", "AUTOSEG"};
  EXPECT_EQ(BoundedLabel("AUTOSEG", known), "AUTOSEG");
  EXPECT_EQ(BoundedLabel("DOE^JANE", known), "other");
  EXPECT_EQ(BoundedLabel("", known), "other");
}

TEST(Registry, CollectorsSetGaugesBeforeTheyAreRead) {
  Registry registry;
  int held = 3;
  registry.AddCollector([&held](Registry& r) {
    r.SetAllToZero<Id::kHeldInstances>();
    r.Get<Id::kHeldInstances>("VMSDBD", held > 2 ? "plan" : "dose", "image").Set(held);
  });
  EXPECT_THAT(registry.Serialize(), HasSubstr("kind=\"plan\",reason=\"image\"} 3"));
  held = 1;
  std::string text = registry.Serialize();
  EXPECT_THAT(text, HasSubstr("kind=\"plan\",reason=\"image\"} 0")) << "what is gone is zero";
  EXPECT_THAT(text, HasSubstr("kind=\"dose\",reason=\"image\"} 1"));
}

TEST(Registry, ATotalThatIsCountedElsewhereNeverFalls) {
  Registry registry;
  Counter lost = registry.Get<Id::kLogLinesLost>();
  lost.RaiseTo(5);
  lost.RaiseTo(5);
  lost.RaiseTo(3);
  EXPECT_EQ(lost.Value(), 5);
  lost.RaiseTo(9);
  EXPECT_EQ(lost.Value(), 9);
}

TEST(Registry, AHandleThatWasNeverResolvedDoesNothing) {
  Counter counter;
  Gauge gauge;
  Histogram histogram;
  counter.Add();
  counter.RaiseTo(3);
  gauge.Set(1);
  gauge.Add();
  histogram.Observe(1);
  EXPECT_EQ(counter.Value(), 0);
  EXPECT_EQ(gauge.Value(), 0);
  EXPECT_EQ(histogram.Count(), 0u);
}

TEST(Registry, HistogramsHaveTheBucketsOfTheCatalogue) {
  Registry registry;
  Histogram commit = registry.Get<Id::kLedgerCommit>();
  commit.Observe(0.002);
  commit.Observe(3600);
  std::string text = registry.Serialize();
  EXPECT_THAT(text, HasSubstr("sluice_ledger_commit_seconds_bucket{le=\"0.001\"} 0"));
  EXPECT_THAT(text, HasSubstr("sluice_ledger_commit_seconds_bucket{le=\"0.0025\"} 1"));
  EXPECT_THAT(text, HasSubstr("sluice_ledger_commit_seconds_bucket{le=\"+Inf\"} 2"));
  EXPECT_EQ(commit.Count(), 2u);
}

TEST(Registry, CountsOfManyThreadsAddUp) {
  Registry registry;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&registry] {
      for (int n = 0; n < 1000; ++n) registry.Get<Id::kBytes>("upstream", "out").Add(2);
    });
  }
  for (int n = 0; n < 20; ++n) EXPECT_THAT(registry.Serialize(), HasSubstr("sluice_"));
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(registry.Get<Id::kBytes>("upstream", "out").Value(), 8000);
}

TEST(Registry, CountsWithoutLabelsAreThereFromTheStartGaugesOnlyOnceKnown) {
  Registry registry;
  EXPECT_THAT(registry.Serialize(), HasSubstr("sluice_log_lines_lost_total 0"));
  EXPECT_THAT(registry.Serialize(), HasSubstr("sluice_loop_lag_seconds_count 0"));
  EXPECT_THAT(registry.Serialize(), Not(HasSubstr("sluice_spool_free_bytes")));
}

TEST(Presence, CountsForAsLongAsOneLivesWhereverItMoves) {
  Registry registry;
  Gauge open = registry.Get<Id::kAssociations>("downstream", "open");
  Gauge releasing = registry.Get<Id::kAssociations>("downstream", "releasing");
  {
    Presence here(open);
    EXPECT_EQ(open.Value(), 1);
    Presence there = std::move(here);
    EXPECT_EQ(open.Value(), 1);
    there = Presence(releasing);
    EXPECT_EQ(open.Value(), 0);
    EXPECT_EQ(releasing.Value(), 1);
  }
  EXPECT_EQ(releasing.Value(), 0);
}

}  // namespace
}  // namespace metrics
