#include "tests/unit/hold/gate_fixture.h"

namespace router::hold {
namespace {

// ---- judging

TEST_F(GateTest, AnImageIsReadyWithoutAQuestion) {
  Play([](Bench& bench, Subject& subject) -> Task<> {
    auto part = bench.MakePart("1.3.1", Kind::kImage, std::string(dimse::uid::kCtImage));
    auto verdict = co_await subject.gate.Judge(part.instance, part.region);
    EXPECT_EQ(verdict->kind, Verdict::Kind::kReady);
    EXPECT_EQ(bench.application.associations, 0);
  });
}

TEST_F(GateTest, AStructureSetWithoutItsImagesWaitsAndSaysForWhat) {
  Play([](Bench& bench, Subject& subject) -> Task<> {
    auto part = bench.MakePartOf(kStructures, Kind::kStructureSet);
    auto verdict = co_await subject.gate.Judge(part.instance, part.region);
    EXPECT_EQ(verdict->kind, Verdict::Kind::kWaiting);
    EXPECT_THAT(verdict->missing, SizeIs(61));
    EXPECT_EQ(verdict->reason.cause, Cause::kReferences);
    EXPECT_THAT(verdict->reason.text, HasSubstr("waits for 61 of 61"));
    EXPECT_TRUE(verdict->deadline.has_value());
    EXPECT_LE(bench.application.finds.size(), 2u);  // one for the series, not one for a slice
  });
}

TEST_F(GateTest, WhatExistsIsFoundInOneQueryAndRemembered) {
  Stage([](Bench& bench, Subject& subject) -> Task<> {
    HasImages(bench);
    subject.gate.Start();
    auto part = bench.MakePartOf(kStructures, Kind::kStructureSet);
    auto verdict = co_await subject.gate.Judge(part.instance, part.region);
    EXPECT_EQ(verdict->kind, Verdict::Kind::kReady);
    EXPECT_THAT(bench.application.finds, SizeIs(1));
    verdict = co_await subject.gate.Judge(part.instance, part.region);
    EXPECT_EQ(verdict->kind, Verdict::Kind::kReady);
    EXPECT_THAT(bench.application.finds, SizeIs(1));
  });
}

TEST_F(GateTest, OneMissingSliceIsEnoughToWait) {
  Stage([](Bench& bench, Subject& subject) -> Task<> {
    HasImages(bench);
    const Uid gone = bench.application.has.begin()->instance;
    bench.application.has.erase(bench.application.has.begin());
    subject.gate.Start();
    auto part = bench.MakePartOf(kStructures, Kind::kStructureSet);
    auto verdict = co_await subject.gate.Judge(part.instance, part.region);
    EXPECT_EQ(verdict->kind, Verdict::Kind::kWaiting);
    EXPECT_THAT(verdict->missing, ElementsAre(gone));
  });
}

TEST_F(GateTest, AnApplicationThatCannotBeReachedHoldsNobodyUp) {
  Stage([](Bench& bench, Subject& subject) -> Task<> {
    co_await bench.application.StopListening();
    subject.gate.Start();
    auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
    auto verdict = co_await subject.gate.Judge(part.instance, part.region);
    EXPECT_EQ(verdict->kind, Verdict::Kind::kWaiting);
    EXPECT_THAT(verdict->missing, ElementsAre(kStructuresUid));
    const int tried = subject.connections;
    verdict = co_await subject.gate.Judge(part.instance, part.region);
    EXPECT_EQ(verdict->kind, Verdict::Kind::kWaiting);
    EXPECT_EQ(subject.connections, tried);  // it is left alone for a while
  });
}

TEST_F(GateTest, AnApplicationThatNeverAnswersIsWaitedForNoLongerThanDecideWithin) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.silent = true;
        Subject subject(bench, [](config::Application& of) {
          of.decide_within = std::chrono::milliseconds(50);
        });
        subject.gate.Start();
        auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
        auto verdict = co_await subject.gate.Judge(part.instance, part.region);
        EXPECT_EQ(verdict->kind, Verdict::Kind::kWaiting);
        co_await subject.End();  // ends the question that is still open
      },
      loop_);
}

TEST_F(GateTest, AnUnknownMachineIsQuarantinedWithItsNameAndTheKnownOnes) {
  Play(
      [](Bench& bench, Subject& subject) -> Task<> {
        auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
        auto verdict = co_await subject.gate.Judge(part.instance, part.region);
        EXPECT_EQ(verdict->kind, Verdict::Kind::kQuarantine);
        EXPECT_EQ(verdict->reason.cause, Cause::kUnknownMachine);
        EXPECT_THAT(verdict->reason.text, HasSubstr("EDGE, TB1"));
        EXPECT_THAT(verdict->requirements, ::testing::Not(IsEmpty()));  // for its release
        EXPECT_THAT(bench.application.finds, IsEmpty());
      },
      [](config::Application& of) {
        of.machines = {"EDGE", "TB1"};
      });
}

TEST_F(GateTest, AnUnknownMachineIsRefusedOnRequestWithACommentThatFits) {
  Play(
      [](Bench& bench, Subject& subject) -> Task<> {
        auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
        auto verdict = co_await subject.gate.Judge(part.instance, part.region);
        EXPECT_EQ(verdict->kind, Verdict::Kind::kRefuse);
        EXPECT_EQ(verdict->status & 0xF000, 0xC000);
        EXPECT_LE(verdict->comment.size(), 64u);
        EXPECT_THAT(verdict->comment, HasSubstr("unknown here"));
      },
      [](config::Application& of) {
        of.machines = {"EDGE", "a machine with a long name", "another one with a long name"};
        of.unknown_machine = config::UnknownMachine::kRefuse;
      });
}

TEST_F(GateTest, ReferencesThatCannotBeReadAreNotTakenForNone) {
  Play([](Bench& bench, Subject& subject) -> Task<> {
    auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
    std::filesystem::resize_file(part.region.path, part.file.size / 2);
    auto verdict = co_await subject.gate.Judge(part.instance, part.region);
    EXPECT_FALSE(verdict.has_value());
    if (!verdict) {
      EXPECT_EQ(verdict.error().code, Errc::kCorrupt);
    }
  });
}

// ---- waiting

TEST_F(GateTest, AWaitingRowIsReadyOnceItsReferenceIsFound) {
  Stage([](Bench& bench, Subject& subject) -> Task<> {
    int told = 0;
    bench.OnReady([&told] { ++told; });
    auto id = co_await AcceptWaitingPlan(bench);
    subject.gate.Start();
    co_await Asked(bench, 1);
    store::Row row = co_await bench.Find(id);
    EXPECT_EQ(row.state, State::kWaiting);
    bench.application.has.insert({Uid("1.4.2"), Uid("1.7"), Uid("1.6")});
    bench.clock.Advance(std::chrono::minutes(1));
    subject.gate.Wake();
    co_await bench.Await(id, State::kReady);
    co_await bench.Until([&] { return told > 0; });
    EXPECT_EQ(subject.Released("plan"), 1);
  });
}

TEST_F(GateTest, ANoIsAskedAgainAndAgainButNotAtOnce) {
  Stage([](Bench& bench, Subject& subject) -> Task<> {
    auto id = co_await AcceptWaitingPlan(bench);
    subject.gate.Start();
    for (size_t asked = 1; asked <= 5; ++asked) {
      co_await Asked(bench, asked);
      for (int i = 0; i < 5; ++i) {  // not before its time
        subject.gate.Wake();
        co_await bench.Find(id);
      }
      EXPECT_EQ(bench.application.finds.size(), asked);
      bench.clock.Advance(std::chrono::minutes(6));
      subject.gate.Wake();
    }
    store::Row row = co_await bench.Find(id);
    EXPECT_EQ(row.state, State::kWaiting);
  });
}

TEST_F(GateTest, WhatASessionStoredIsBelievedWithConfirmStatus) {
  Stage(
      [](Bench& bench, Subject& subject) -> Task<> {
        auto id = co_await AcceptWaitingPlan(bench);  // never started: nobody asks
        subject.gate.Stored(Uid("1.4.2"), store::How::kRelayed);
        co_await bench.Await(id, State::kReady);
        EXPECT_EQ(subject.Released("plan"), 1);
      },
      [](config::Application& of) { of.confirm = config::Confirm::kStatus; });
}

TEST_F(GateTest, WhatASessionStoredIsAskedAboutSoonWithConfirmQuery) {
  Stage(
      [](Bench& bench, Subject& subject) -> Task<> {
        auto id = co_await AcceptWaitingPlan(bench);
        subject.gate.Start();
        co_await Asked(bench, 1);
        bench.application.has.insert({Uid("1.4.2"), Uid("1.7"), Uid("1.6")});
        subject.gate.Stored(Uid("1.4.2"), store::How::kRelayed);
        subject.gate.Stored(Uid("1.4.77"), store::How::kRelayed);  // nobody waits for this one
        for (bool soon = false; !soon;) {
          auto wanted = co_await bench.ledger->Wanted(
              kName, bench.clock.WallNow() + std::chrono::seconds(1), 10);
          soon = !wanted->empty();
        }
        bench.clock.Advance(std::chrono::seconds(1));
        subject.gate.Wake();
        co_await bench.Await(id, State::kReady);
        EXPECT_THAT(bench.application.finds, SizeIs(2));
      },
      [](config::Application& of) {
        of.confirm = config::Confirm::kQuery;
        of.existence.first = std::chrono::hours(1);
        of.existence.most = std::chrono::hours(1);
      });
}

// A hundred plans wait for structure sets whose UIDs begin like `backlog`, all to be asked about,
// ten in a second; one more for 1.4.2, which is stored after ten questions and found within the
// next two.
Task<> StoreBesideABacklog(net::Loop& loop, std::string backlog) {
  Bench bench(loop);
  bench.application.Listen();
  Subject subject(bench, [](config::Application& of) {
    of.confirm = config::Confirm::kQuery;
    of.existence.first = std::chrono::hours(1);
    of.existence.most = std::chrono::hours(1);
  });
  for (int i = 0; i < 100; ++i) {
    auto part = bench.MakePart("1.5." + std::to_string(i), Kind::kPlan, kPlanClass);
    std::vector<store::Requirement> needs =
        Needing(backlog + std::to_string(i), Kind::kStructureSet);
    co_await bench.Accept(std::move(part), std::move(needs));
  }
  auto id = co_await AcceptWaitingPlan(bench);
  subject.gate.Start();
  // As many as may be asked while the clock stands still.
  co_await bench.Until([&] { return bench.application.finds.size() == 10; });
  bench.application.has.insert({Uid("1.4.2"), Uid("1.7"), Uid("1.6")});
  subject.gate.Stored(Uid("1.4.2"), store::How::kRelayed);
  const WallTime in_a_second = bench.clock.WallNow() + std::chrono::seconds(1);
  for (bool soon = false; !soon;) {
    auto wanted = co_await bench.ledger->Wanted(kName, in_a_second, 1);
    soon = wanted->front().soon;
  }
  bench.clock.Advance(std::chrono::milliseconds(400));  // four more
  co_await bench.Await(id, State::kReady);
  EXPECT_LE(bench.application.finds.size(), 12u) << "of the backlog one was under way";
  co_await subject.End();
}

// A backlog of a hundred takes ten seconds, one of a hundred thousand hours.
TEST_F(GateTest, WhatASessionStoredIsAskedAboutBeforeABacklog) {
  Run([](net::Loop& loop) { return StoreBesideABacklog(loop, "1.3."); }, loop_);
}

TEST_F(GateTest, ANoFromBeforeItWasStoredDelaysNothing) {
  Run([](net::Loop& loop) { return StoreBesideABacklog(loop, "1.6."); }, loop_);  // asked first
}

// ---- ends

TEST_F(GateTest, TheDeadlineQuarantinesAndSaysWhatIsMissing) {
  Stage([](Bench& bench, Subject& subject) -> Task<> {
    auto id = co_await AcceptWaitingPlan(bench, bench.clock.WallNow() + std::chrono::hours(1));
    subject.gate.Start();
    bench.clock.Advance(std::chrono::minutes(61));
    subject.gate.Wake();
    store::Row row = co_await bench.Await(id, State::kQuarantined);
    EXPECT_EQ(row.reason.cause, Cause::kDeadline);
    EXPECT_THAT(row.reason.text, HasSubstr("structure_set"));
  });
}

TEST_F(GateTest, TheDeadlineSendsAnywayWhereTheApplicationSaysSo) {
  Stage(
      [](Bench& bench, Subject& subject) -> Task<> {
        auto id = co_await AcceptWaitingPlan(bench, bench.clock.WallNow() + std::chrono::hours(1));
        subject.gate.Start();
        bench.clock.Advance(std::chrono::minutes(61));
        subject.gate.Wake();
        co_await bench.Await(id, State::kReady);
        EXPECT_EQ(subject.Released("plan"), 1);
      },
      [](config::Application& of) { of.hold.then = config::AfterDeadline::kSend; });
}

TEST_F(GateTest, ImagesThatOnlyTheListNamesAreGivenUpOnceItIsQuiet) {
  Stage([](Bench& bench, Subject& subject) -> Task<> {
    bench.application.has.insert({Uid("1.3.1"), Uid("1.7"), Uid("1.6")});
    store::Requirement contour = store::Needs("1.3.1"), listed = store::Needs("1.3.2");
    listed.site = kListOnly;
    auto part = bench.MakePart("1.4.5", Kind::kStructureSet, kStructureClass);
    std::vector<store::Requirement> both = {contour, listed};
    auto id = co_await bench.Accept(std::move(part), std::move(both));
    subject.gate.Start();
    co_await Asked(bench, 2);
    bench.clock.Advance(std::chrono::minutes(9));
    subject.gate.Wake();
    co_await Asked(bench, 3);
    store::Row row = co_await bench.Find(id);
    EXPECT_EQ(row.state, State::kWaiting);
    bench.clock.Advance(std::chrono::minutes(2));
    subject.gate.Wake();
    co_await bench.Await(id, State::kReady);
    EXPECT_EQ(subject.Released("structure_set"), 1);
  });
}

TEST_F(GateTest, AContourWithoutItsImageIsNeverGivenUp) {
  Stage([](Bench& bench, Subject& subject) -> Task<> {
    store::Requirement contour = store::Needs("1.3.1"), listed = store::Needs("1.3.2");
    listed.site = kListOnly;
    auto part = bench.MakePart("1.4.5", Kind::kStructureSet, kStructureClass);
    std::vector<store::Requirement> both = {contour, listed};
    auto id = co_await bench.Accept(std::move(part), std::move(both));
    subject.gate.Start();
    for (size_t round = 1; round <= 3; ++round) {
      co_await Asked(bench, 2 * round);
      bench.clock.Advance(std::chrono::hours(1));
      subject.gate.Wake();
    }
    co_await Asked(bench, 8);
    store::Row row = co_await bench.Find(id);
    EXPECT_EQ(row.state, State::kWaiting);
  });
}

TEST_F(GateTest, DrainEndsWhoeverIsBeingJudged) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.silent = true;
        Subject subject(bench,
                        [](config::Application& of) { of.decide_within = std::chrono::hours(1); });
        subject.gate.Start();
        bool judged = false;
        auto judge = [](Subject& of, bool& done) -> Task<> {
          auto part = of.bench.MakePartOf(kPlanFile, Kind::kPlan);
          auto verdict = co_await of.gate.Judge(part.instance, part.region);
          EXPECT_TRUE(verdict.has_value());
          if (verdict) {
            EXPECT_EQ(verdict->kind, Verdict::Kind::kWaiting);
          }
          done = true;
        };
        loop.Spawn(judge(subject, judged));
        co_await bench.Until([&] { return !bench.application.finds.empty(); });
        EXPECT_FALSE(judged);
        co_await subject.End();
        EXPECT_TRUE(judged);
      },
      loop_);
}

}  // namespace
}  // namespace router::hold
