#include "tests/unit/hold/gate_fixture.h"

// Requirements that any instance of a series, of a frame of reference or of a study satisfies.
namespace router::hold {
namespace {

using std::chrono::minutes;

const Uid kSeries("1.7"), kStudy("1.6"), kFrame("1.8"), kImage("1.3.1");
const Whereabouts kInSeries{Kind::kImage, kSeries, kStudy, kFrame};

std::vector<store::Requirement> NeedsSeries() {
  store::Requirement series = store::Needs(kSeries.view());
  series.level = store::Level::kSeries;
  series.series = kSeries;
  return {series};
}
std::vector<store::Requirement> NeedsStructureSetOfStudy() {
  store::Requirement any = store::Needs(kStudy.view(), Kind::kStructureSet);
  any.level = store::Level::kStudy;
  any.study = kStudy;
  return {any};
}
Task<store::RowId> AcceptNeeding(Bench& bench, std::vector<store::Requirement> needs) {
  auto part = bench.MakePart("1.4.5", Kind::kStructureSet, kStructureClass);
  co_return co_await bench.Accept(std::move(part), std::move(needs));
}
// Until what rows wait for is to be asked about no sooner than this.
Task<> AskedAt(Bench& bench, WallTime at) {
  for (bool later = false; !later;) {
    auto wanted = co_await bench.ledger->Wanted(kName, at + std::chrono::hours(48), 10);
    later = wanted.has_value() && !wanted->empty() && wanted->front().next_check >= at;
  }
}
// Until the gate has looked at what waited before it.
Task<> Begin(Subject& subject) {
  subject.gate.Start();
  auto part = subject.bench.MakePartOf(kPlanFile, Kind::kPlan);
  auto verdict = co_await subject.gate.Judge(part.instance, part.region);
  EXPECT_TRUE(verdict.has_value());
  subject.bench.application.finds.clear();
}
void HasImage(Bench& bench) { bench.application.has.insert({kImage, kSeries, kStudy}); }

TEST_F(GateTest, ASeriesThatIsAddedToIsMetOnceItHasBeenQuiet) {
  Stage([](Bench& bench, Subject& subject) -> Task<> {
    HasImage(bench);
    co_await Begin(subject);
    subject.gate.Stored(kImage, store::How::kRelayed, kInSeries);
    for (bool told = false; !told;) {
      const std::vector<Uid> series(1, kSeries);
      auto stored = co_await bench.ledger->Coming(kName, series);
      told = stored.has_value() && !stored->empty();
    }
    auto id = co_await AcceptNeeding(bench, NeedsSeries());
    subject.gate.Wake();
    co_await AskedAt(bench, bench.clock.WallNow() + minutes(10));
    EXPECT_THAT(bench.application.finds, SizeIs(1));  // there, and added to a moment ago
    bench.clock.Advance(minutes(9));
    subject.gate.Stored(Uid("1.3.2"), store::How::kRelayed, kInSeries);
    co_await AskedAt(bench, bench.clock.WallNow() + minutes(10));
    bench.clock.Advance(minutes(9));
    subject.gate.Wake();
    store::Row row = co_await bench.Find(id);
    EXPECT_EQ(row.state, State::kWaiting);  // the second counts, not the first
    EXPECT_THAT(bench.application.finds, SizeIs(1));
    bench.clock.Advance(minutes(1));
    subject.gate.Wake();
    co_await bench.Await(id, State::kReady);
    EXPECT_THAT(bench.application.finds, SizeIs(2));
  });
}

TEST_F(GateTest, ASeriesToWhichNothingIsAddedIsMetAtOnceAndNotBelievedLater) {
  Stage([](Bench& bench, Subject& subject) -> Task<> {
    HasImage(bench);
    co_await Begin(subject);
    subject.gate.Stored(Uid("1.3.9"), store::How::kRelayed,
                        {Kind::kImage, Uid("1.79"), Uid("1.69"), Uid("1.89")});
    auto id = co_await AcceptNeeding(bench, NeedsSeries());
    subject.gate.Wake();
    co_await bench.Await(id, State::kReady);
    const std::vector<Uid> series(1, kSeries);
    auto unknown = co_await bench.ledger->Unknown(kName, series);
    EXPECT_THAT(*unknown, ElementsAre(kSeries));
  });
}

TEST_F(GateTest, WhatWaitedForASeriesBeforeTheStartWaitsAsIfItHadJustBeenAddedTo) {
  Stage([](Bench& bench, Subject& subject) -> Task<> {
    HasImage(bench);
    auto id = co_await AcceptNeeding(bench, NeedsSeries());
    subject.gate.Start();
    co_await AskedAt(bench, bench.clock.WallNow() + minutes(10));
    store::Row row = co_await bench.Find(id);
    EXPECT_EQ(row.state, State::kWaiting);
    bench.clock.Advance(minutes(10));
    subject.gate.Wake();
    co_await bench.Await(id, State::kReady);
  });
}

// However many instances are wanted besides, and longer.
TEST_F(GateTest, ABacklogHidesNoSeriesFromWhoeverExpectsUnrest) {
  Stage([](Bench& bench, Subject& subject) -> Task<> {
    HasImage(bench);
    std::vector<store::Requirement> backlog;
    for (int i = 0; i < 10'000; ++i) {
      store::Requirement one = store::Needs("1.5." + std::to_string(i));
      one.series = Uid("1.75");
      backlog.push_back(std::move(one));
    }
    auto part = bench.MakePart("1.4.9", Kind::kStructureSet, kStructureClass);
    auto accepted = co_await bench.Accept(std::move(part), std::move(backlog));
    EXPECT_GT(accepted, 0);
    bench.clock.Advance(std::chrono::milliseconds(1));
    auto id = co_await AcceptNeeding(bench, NeedsSeries());
    std::vector<Uid> series(1, kSeries);
    const WallTime now = bench.clock.WallNow();
    auto soon = co_await bench.ledger->AskSoon(kName, std::move(series), now);  // goes first
    EXPECT_TRUE(soon.has_value());
    subject.gate.Start();
    for (bool later = false; !later;) {
      auto wanted = co_await bench.ledger->WantedCollections(kName, 10);
      EXPECT_TRUE(wanted.has_value() && !wanted->empty()) << "it was met";
      later = !wanted || wanted->empty() || wanted->front().next_check >= now + minutes(10);
    }
    store::Row row = co_await bench.Find(id);
    EXPECT_EQ(row.state, State::kWaiting);
  });
}

// A replan: a frame of reference goes through two studies, and only one has images there.
TEST_F(GateTest, OneStudySpeaksForNoOtherOfTheSameFrameOfReference) {
  Run(
      [](net::Loop& loop) -> Task<> {
        const Uid studies[] = {kStudy, Uid("1.66")};
        for (int with_images : {0, 1}) {
          Bench bench(loop);
          bench.application.Listen();
          const Uid study = studies[with_images], other = studies[1 - with_images];
          bench.application.has.insert({kImage, kSeries, study, "CT", kFrame.str()});
          Subject subject(bench);
          co_await Begin(subject);
          std::vector<store::RowId> ids;
          for (const Uid& of : studies) {
            store::Requirement frame = store::Needs(kFrame.view());
            frame.level = store::Level::kFrameOfReference;
            frame.study = of;
            const std::vector<store::Requirement> needs(1, frame);
            auto part = bench.MakePart("1.4." + std::to_string(ids.size()), Kind::kStructureSet,
                                       kStructureClass);
            ids.push_back(co_await bench.Accept(std::move(part), needs));
          }
          subject.gate.Wake();
          co_await bench.Await(ids[with_images], State::kReady);
          co_await AskedAt(bench, bench.clock.WallNow() + std::chrono::milliseconds(1));
          EXPECT_THAT(bench.application.finds,
                      ::testing::Contains("SERIES i= s= st=" + other.str()));
          store::Row row = co_await bench.Find(ids[1 - with_images]);
          EXPECT_EQ(row.state, State::kWaiting);
          bench.application.has.insert({Uid("1.3.2"), Uid("1.77"), other, "CT", kFrame.str()});
          bench.clock.Advance(minutes(10));
          subject.gate.Wake();
          co_await bench.Await(ids[1 - with_images], State::kReady);
          co_await subject.End();
        }
      },
      loop_);
}

TEST_F(GateTest, AStructureSetOfTheStudyWakesWhatWaitsForAny) {
  Stage(
      [](Bench& bench, Subject& subject) -> Task<> {
        co_await Begin(subject);
        auto id = co_await AcceptNeeding(bench, NeedsStructureSetOfStudy());
        subject.gate.Wake();
        co_await AskedAt(bench, bench.clock.WallNow() + std::chrono::hours(20));
        bench.application.has.insert({Uid("1.4.7"), Uid("1.71"), kStudy, "RTSTRUCT"});
        subject.gate.Stored(Uid("1.4.7"), store::How::kStatus,
                            {Kind::kStructureSet, Uid("1.71"), kStudy, Uid()});
        for (bool soon = false; !soon;) {
          auto wanted = co_await bench.ledger->Wanted(
              kName, bench.clock.WallNow() + std::chrono::seconds(1), 10);
          soon = wanted.has_value() && !wanted->empty();
        }
        bench.clock.Advance(std::chrono::seconds(1));
        subject.gate.Wake();
        co_await bench.Await(id, State::kReady);
      },
      [](config::Application& of) {
        of.existence.first = of.existence.most = std::chrono::hours(24);
      });
}

TEST_F(GateTest, AStructureSetThatNamesNoImagesIsKeptOnRequest) {
  Run(
      [](net::Loop& loop) -> Task<> {
        for (auto policy : {config::NoImages::kRelease, config::NoImages::kQuarantine}) {
          Bench bench(loop);
          bench.application.Listen();
          Subject subject(
              bench, [policy](config::Application& of) { of.requirements.no_images = policy; });
          subject.gate.Start();
          auto part = bench.MakePart("1.4.5", Kind::kStructureSet, kStructureClass);
          auto verdict = co_await subject.gate.Judge(part.instance, part.region);
          const bool kept = policy == config::NoImages::kQuarantine;
          EXPECT_EQ(verdict->kind, kept ? Verdict::Kind::kQuarantine : Verdict::Kind::kReady);
          EXPECT_EQ(verdict->reason.cause, kept ? Cause::kReferences : Cause::kNone);
          EXPECT_LE(verdict->comment.size(), 64u);
          co_await subject.End();
        }
      },
      loop_);
}

}  // namespace
}  // namespace router::hold
