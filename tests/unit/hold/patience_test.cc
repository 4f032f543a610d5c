#include "tests/unit/hold/gate_fixture.h"

// Clients that wait with their instance for upstream's own answer, and for what they do not.
namespace router::hold {
namespace {

constexpr net::Milliseconds kPatient = std::chrono::hours(1);

// A plan that is judged while the test goes on. Lives as long as the test.
struct Judged {
  std::optional<Verdict::Kind> kind;

  static Task<> Judge(Subject& of, Judged& into, net::Milliseconds patience) {
    auto part = of.bench.MakePartOf(kPlanFile, Kind::kPlan);
    auto verdict = co_await of.gate.Judge(part.instance, part.region, patience);
    EXPECT_TRUE(verdict.has_value());
    into.kind = verdict ? verdict->kind : Verdict::Kind::kRefuse;
  }
};

// The structure set of the plan, held here.
Task<store::RowId> HoldStructures(Bench& bench, std::vector<store::Requirement> needs = {}) {
  auto part = bench.MakePartOf(kStructures, Kind::kStructureSet);
  co_return co_await bench.Accept(std::move(part), std::move(needs));
}

// Nobody is asked twice but by who waits.
Task<> AskedAgain(Bench& bench) {
  co_await bench.Until([&] { return bench.application.finds.size() >= 4; });
}

void AskOften(config::Application& of) { of.existence.first = std::chrono::milliseconds(10); }

TEST_F(GateTest, PatienceIsNotForWhatTheSameSenderMayBringNext) {
  Play([](Bench&, Subject& subject) -> Task<> {
    Judged judged;
    co_await Judged::Judge(subject, judged, kPatient);  // within an hour, or the test hangs
    EXPECT_EQ(judged.kind, Verdict::Kind::kWaiting);
  });
}

TEST_F(GateTest, PatienceIsForWhatIsDueAndEndsWhenItIsThere) {
  Play([](Bench& bench, Subject& subject) -> Task<> {
    co_await HoldStructures(bench);
    Judged judged;
    bench.loop.Spawn(Judged::Judge(subject, judged, kPatient));
    co_await bench.Until([&] { return !bench.application.finds.empty(); });
    EXPECT_FALSE(judged.kind.has_value());
    bench.application.has.insert({kStructuresUid, Uid("1.7"), Uid("1.6")});
    subject.gate.Stored(kStructuresUid, store::How::kStatus);
    co_await bench.Until([&] { return judged.kind.has_value(); });
    EXPECT_EQ(judged.kind, Verdict::Kind::kReady);
  });
}

TEST_F(GateTest, PatienceEndsByWhatTheLedgerLearnedFromDelivery) {
  Play([](Bench& bench, Subject& subject) -> Task<> {
    co_await HoldStructures(bench);
    Judged judged;
    bench.loop.Spawn(Judged::Judge(subject, judged, kPatient));
    co_await bench.Until([&] { return !bench.application.finds.empty(); });
    const store::Knowledge known{store::How::kStatus,
                                 bench.clock.WallNow() + std::chrono::hours(1)};
    const std::vector<Uid> uids(1, kStructuresUid);
    auto told = co_await bench.ledger->Exists(kName, uids, known);
    EXPECT_TRUE(told.has_value());
    subject.gate.Known(kStructuresUid);
    co_await bench.Until([&] { return judged.kind.has_value(); });
    EXPECT_EQ(judged.kind, Verdict::Kind::kReady);
  });
}

TEST_F(GateTest, PatienceEndsWhenWhatWasDueWillNotCome) {
  Play(
      [](Bench& bench, Subject& subject) -> Task<> {
        auto id = co_await HoldStructures(bench);
        Judged judged;
        bench.loop.Spawn(Judged::Judge(subject, judged, kPatient));
        co_await AskedAgain(bench);
        EXPECT_FALSE(judged.kind.has_value());
        store::Reason reason{Cause::kRefused, "refused"};
        auto done = co_await bench.ledger->Quarantine(id, std::move(reason));
        EXPECT_TRUE(done.has_value());
        co_await bench.Until([&] { return judged.kind.has_value(); });
        EXPECT_EQ(judged.kind, Verdict::Kind::kWaiting);
      },
      AskOften);
}

TEST_F(GateTest, PatienceIsForARowThatItselfWaitsOnlyWhileThatComes) {
  Stage(
      [](Bench& bench, Subject& subject) -> Task<> {
        auto image = bench.MakePart("1.3.1", Kind::kImage, std::string(dimse::uid::kCtImage));
        auto id = co_await bench.Accept(std::move(image));
        co_await HoldStructures(bench, Needing("1.3.1", Kind::kImage));
        subject.gate.Start();
        Judged judged;
        bench.loop.Spawn(Judged::Judge(subject, judged, kPatient));
        co_await AskedAgain(bench);
        EXPECT_FALSE(judged.kind.has_value());
        store::Reason reason{Cause::kRefused, "refused"};
        auto done = co_await bench.ledger->Quarantine(id, std::move(reason));
        EXPECT_TRUE(done.has_value());
        co_await bench.Until([&] { return judged.kind.has_value(); });
        EXPECT_EQ(judged.kind, Verdict::Kind::kWaiting);
      },
      AskOften);
}

TEST_F(GateTest, PatienceEndsWhenTheProcessIsToEnd) {
  Play(
      [](Bench& bench, Subject& subject) -> Task<> {
        co_await HoldStructures(bench);
        Judged judged;
        bench.loop.Spawn(Judged::Judge(subject, judged, kPatient));
        co_await AskedAgain(bench);
        EXPECT_FALSE(judged.kind.has_value());
        subject.gate.EndPatience();
        co_await bench.Until([&] { return judged.kind.has_value(); });
        EXPECT_EQ(judged.kind, Verdict::Kind::kWaiting);
      },
      AskOften);
}

}  // namespace
}  // namespace router::hold
