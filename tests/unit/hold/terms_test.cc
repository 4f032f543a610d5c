#include "router/hold/terms.h"

#include "tests/unit/hold/gate_fixture.h"

// What is settled for one instance in place of the configuration.
namespace router::hold {
namespace {

constexpr net::Milliseconds kNone(0), kPatient = std::chrono::hours(1);

Task<Verdict> Judge(Subject& subject, Bench::Part& part, Terms terms,
                    net::Milliseconds patience = kNone) {
  auto verdict = co_await subject.gate.Judge(part.instance, part.region, patience, terms);
  EXPECT_TRUE(verdict.has_value());
  co_return verdict ? *verdict : Verdict();
}

// Accepted as it was judged; it waits for its structure set.
Task<store::RowId> Hold(Subject& subject, Terms terms) {
  auto part = subject.bench.MakePartOf(kPlanFile, Kind::kPlan);
  Verdict verdict = co_await Judge(subject, part, terms);
  EXPECT_EQ(verdict.kind, Verdict::Kind::kWaiting);
  store::Acceptance acceptance;
  acceptance.instance = part.instance;
  acceptance.file = part.file;
  acceptance.requirements = verdict.requirements;
  acceptance.warn_after = verdict.warn_after;
  acceptance.deadline = verdict.deadline;
  acceptance.at_deadline = verdict.at_deadline;
  auto accepted = co_await subject.bench.ledger->Accept(std::move(acceptance));
  EXPECT_TRUE(accepted.has_value());
  co_return accepted ? accepted->row : 0;
}

bool AllNoted(const std::vector<store::Requirement>& all) {
  return std::ranges::none_of(
      all, [](const auto& one) { return one.strength == store::Strength::kRequired; });
}

void SendsAtDeadline(config::Application& of) { of.hold.then = config::AfterDeadline::kSend; }

TEST(Terms, WhatTheyDoNotSettleStaysAsConfigured) {
  config::Requirements requirements;
  requirements.match_images = config::MatchImages::kSeries;
  requirements.dose_plan = config::Strength::kNoted;
  const config::Hold hold{std::chrono::minutes(3), std::chrono::hours(3),
                          config::AfterDeadline::kSend};
  EXPECT_EQ(Under(Terms(), requirements), requirements);
  EXPECT_EQ(Under(Terms(), hold), hold);
}

TEST(Terms, WhatTheySettleTakesThePlaceOfTheConfiguration) {
  using enum config::Strength;
  Terms terms;
  terms.structure_set_images = terms.plan_structure_set = terms.dose_plan =
      terms.dose_structure_set = terms.record_plan = terms.registration_images = kNoted;
  terms.match_images = config::MatchImages::kFrameOfReference;
  terms.match_structure_sets = config::MatchStructureSets::kStudy;
  terms.no_images = config::NoImages::kQuarantine;
  terms.warn_after = std::chrono::minutes(1);
  terms.at_most = std::chrono::minutes(2);
  terms.then = config::AfterDeadline::kSend;
  const config::Requirements all = {kNoted,
                                    kNoted,
                                    kNoted,
                                    kNoted,
                                    kNoted,
                                    kNoted,
                                    config::MatchImages::kFrameOfReference,
                                    config::MatchStructureSets::kStudy,
                                    config::NoImages::kQuarantine};
  EXPECT_EQ(Under(terms, config::Requirements()), all);
  EXPECT_EQ(Under(terms, config::Hold()),
            (config::Hold{std::chrono::minutes(1), std::chrono::minutes(2),
                          config::AfterDeadline::kSend}));
}

TEST_F(GateTest, OneInstanceMayNeedLessThanTheOthersOfItsApplication) {
  Play([](Bench& bench, Subject& subject) -> Task<> {
    auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
    Terms less;
    less.plan_structure_set = config::Strength::kNoted;
    Verdict verdict = co_await Judge(subject, part, less);
    EXPECT_EQ(verdict.kind, Verdict::Kind::kReady);
    EXPECT_THAT(bench.application.finds, IsEmpty());
    verdict = co_await Judge(subject, part, Terms());
    EXPECT_EQ(verdict.kind, Verdict::Kind::kWaiting);
  });
}

TEST_F(GateTest, OneInstanceMayNeedMoreThanTheOthersOfItsApplication) {
  Play(
      [](Bench& bench, Subject& subject) -> Task<> {
        auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
        Terms more;
        more.plan_structure_set = config::Strength::kRequired;
        Verdict verdict = co_await Judge(subject, part, more);
        EXPECT_EQ(verdict.kind, Verdict::Kind::kWaiting);
        EXPECT_THAT(verdict.missing, ElementsAre(kStructuresUid));
      },
      [](config::Application& of) {
        of.requirements.plan_structure_set = config::Strength::kNoted;
      });
}

TEST_F(GateTest, WhatSatisfiesOneInstanceIsKeptInItsRequirements) {
  Play([](Bench& bench, Subject& subject) -> Task<> {
    auto part = bench.MakePartOf(kStructures, Kind::kStructureSet);
    Terms loose;
    loose.match_images = config::MatchImages::kFrameOfReference;
    Verdict verdict = co_await Judge(subject, part, loose);
    EXPECT_EQ(verdict.kind, Verdict::Kind::kWaiting);
    EXPECT_THAT(verdict.missing, SizeIs(1));
    const auto held = std::ranges::find(verdict.requirements, store::Strength::kRequired,
                                        &store::Requirement::strength);
    EXPECT_EQ(held->level, store::Level::kFrameOfReference);
  });
}

TEST_F(GateTest, WhatIsNotHeldIsReadyAndItsReferencesAreNoted) {
  Play([](Bench& bench, Subject& subject) -> Task<> {
    auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
    Terms off;
    off.hold = false;
    Verdict verdict = co_await Judge(subject, part, off, kPatient);
    EXPECT_EQ(verdict.kind, Verdict::Kind::kReady);
    EXPECT_THAT(verdict.missing, IsEmpty());
    EXPECT_THAT(verdict.requirements, ::testing::Not(IsEmpty()));
    EXPECT_TRUE(AllNoted(verdict.requirements));
    EXPECT_THAT(bench.application.finds, IsEmpty());
  });
}

TEST_F(GateTest, WhatIsNotHeldIsStillNotSentForAnUnknownMachine) {
  Play(
      [](Bench& bench, Subject& subject) -> Task<> {
        auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
        Terms off;
        off.hold = false;
        Verdict verdict = co_await Judge(subject, part, off);
        EXPECT_EQ(verdict.kind, Verdict::Kind::kQuarantine);
        EXPECT_EQ(verdict.reason.cause, Cause::kUnknownMachine);
      },
      [](config::Application& of) { of.machines = {"EDGE"}; });
}

TEST_F(GateTest, WhatIsNotHeldIsStillComparedWithThePatientOfWhatItRefersTo) {
  Play(
      [](Bench& bench, Subject& subject) -> Task<> {
        store::Patient stranger{dataset::Sha256::Of(AsBytes("a stranger")), {}};
        auto noted = co_await bench.ledger->NotePatient(kName, kStructuresUid, stranger, false);
        EXPECT_TRUE(noted.has_value());
        auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
        Terms off;
        off.hold = false;
        Verdict verdict = co_await Judge(subject, part, off);
        EXPECT_EQ(verdict.kind, Verdict::Kind::kQuarantine);
        EXPECT_EQ(verdict.reason.cause, Cause::kPatient);
      },
      [](config::Application& of) { of.patient_check = config::PatientCheck::kQuarantine; });
}

TEST_F(GateTest, ItsOwnTimesAreThoseOfItsRow) {
  Play([](Bench& bench, Subject& subject) -> Task<> {
    Terms terms;
    terms.warn_after = std::chrono::minutes(1);
    terms.at_most = std::chrono::minutes(2);
    const WallTime now = bench.clock.WallNow();
    auto id = co_await Hold(subject, terms);
    store::Row row = co_await bench.Find(id);
    EXPECT_EQ(row.warn_after, now + std::chrono::minutes(1));
    EXPECT_EQ(row.deadline, now + std::chrono::minutes(2));
    EXPECT_EQ(row.at_deadline, store::AtDeadline::kAsConfigured);
  });
}

TEST_F(GateTest, OneThatIsToBeSentAtItsDeadlineIsSentWhateverIsConfiguredThen) {
  Play([](Bench& bench, Subject& subject) -> Task<> {
    Terms send;
    send.then = config::AfterDeadline::kSend;
    auto id = co_await Hold(subject, send);
    auto other = co_await AcceptWaitingPlan(bench, bench.clock.WallNow() + std::chrono::hours(1));
    bench.clock.Advance(std::chrono::hours(8 * 24));
    subject.gate.Wake();
    co_await bench.Await(id, State::kReady);
    co_await bench.Await(other, State::kQuarantined);
  });
}

TEST_F(GateTest, OneThatIsToBeKeptAtItsDeadlineIsKeptWhateverIsConfiguredThen) {
  Play(
      [](Bench& bench, Subject& subject) -> Task<> {
        Terms keep;
        keep.then = config::AfterDeadline::kQuarantine;
        auto id = co_await Hold(subject, keep);
        auto other =
            co_await AcceptWaitingPlan(bench, bench.clock.WallNow() + std::chrono::hours(1));
        bench.clock.Advance(std::chrono::hours(8 * 24));
        subject.gate.Wake();
        co_await bench.Await(id, State::kQuarantined);
        co_await bench.Await(other, State::kReady);
      },
      SendsAtDeadline);
}

TEST_F(GateTest, ItsOwnAcknowledgementSaysHowLongItIsWaitedFor) {
  Play([](Bench& bench, Subject& subject) -> Task<> {
    auto structures = bench.MakePartOf(kStructures, Kind::kStructureSet);
    co_await bench.Accept(std::move(structures));  // due: it comes by itself
    auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
    Terms at_once, patient;
    at_once.acknowledge = config::Acknowledge{kNone, config::Acknowledge::Then::kDurable};
    patient.acknowledge = config::Acknowledge{kPatient, config::Acknowledge::Then::kDurable};
    // Within an hour, or the test hangs.
    Verdict verdict = co_await Judge(subject, part, at_once, kPatient);
    EXPECT_EQ(verdict.kind, Verdict::Kind::kWaiting);

    std::optional<Verdict::Kind> judged;
    auto judge = [](Subject& of, Bench::Part& plan, Terms terms,
                    std::optional<Verdict::Kind>& into) -> Task<> {
      Verdict own = co_await Judge(of, plan, terms, kNone);
      into = own.kind;
    };
    bench.loop.Spawn(judge(subject, part, patient, judged));
    co_await bench.Until([&] { return bench.application.finds.size() >= 2; });
    bench.application.has.insert({kStructuresUid, Uid("1.7"), Uid("1.6")});
    subject.gate.Stored(kStructuresUid, store::How::kStatus);
    co_await bench.Until([&] { return judged.has_value(); });
    EXPECT_EQ(judged, Verdict::Kind::kReady);
  });
}

}  // namespace
}  // namespace router::hold
