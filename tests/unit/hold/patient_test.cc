#include "tests/unit/hold/gate_fixture.h"

// `patient_check`: instances that refer to those of another patient.
namespace router::hold {
namespace {

const std::string kSuccessor =
    std::string(SLUICE_TEST_DATA) + "/varian-eclipse-proton-headphantom/RN.dcm";

// Nobody's in the files of the tests.
store::Patient Stranger() {
  return {dataset::Sha256::Of(AsBytes("a stranger")), dataset::Sha256::Of(AsBytes("Stranger^A"))};
}
store::Patient OfFile(const std::string& path) {
  auto header = dataset::ReadPart10Header(path);
  auto head = dataset::ReadHead(header->DatasetOf(path));
  return {head->patient_id_digest, head->patient_name_digest};
}
void Quarantine(config::Application& of) { of.patient_check = config::PatientCheck::kQuarantine; }

Task<> Note(Bench& bench, Uid uid, store::Patient patient) {
  auto noted = co_await bench.ledger->NotePatient(kName, uid, patient, false);
  EXPECT_TRUE(noted.has_value());
}
Task<store::RowId> HoldPlan(Bench& bench, store::Patient patient) {
  auto part = bench.MakePart("1.4.1", Kind::kPlan, kPlanClass);
  store::Acceptance acceptance;
  acceptance.instance = part.instance;
  acceptance.file = part.file;
  acceptance.requirements = Needing(kStructuresUid.view(), Kind::kStructureSet);
  acceptance.patient = patient;
  auto accepted = co_await bench.ledger->Accept(std::move(acceptance));
  EXPECT_TRUE(accepted.has_value());
  co_return accepted ? accepted->row : 0;
}

TEST_F(GateTest, APlanOfAnotherPatientThanItsStructureSetIsOnlySaidByDefault) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench);
        subject.gate.Start();
        co_await Note(bench, kStructuresUid, Stranger());
        auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
        auto verdict = co_await subject.gate.Judge(part.instance, part.region);
        EXPECT_EQ(verdict->kind, Verdict::Kind::kWaiting);
        EXPECT_TRUE(verdict->patient_differs);
        EXPECT_EQ(verdict->patient, OfFile(kPlanFile));
        EXPECT_TRUE(verdict->patient.IsKnown());
        co_await subject.End();
      },
      loop_);
}

TEST_F(GateTest, APlanOfAnotherPatientThanItsStructureSetIsQuarantinedOnRequest) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench, Quarantine);
        subject.gate.Start();
        co_await Note(bench, kStructuresUid, Stranger());
        auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
        auto verdict = co_await subject.gate.Judge(part.instance, part.region);
        EXPECT_EQ(verdict->kind, Verdict::Kind::kQuarantine);
        EXPECT_EQ(verdict->reason, store::PatientDiffersFrom(kStructuresUid));
        EXPECT_EQ(verdict->status & 0xF000, 0xC000);
        EXPECT_LE(verdict->comment.size(), 64u);
        EXPECT_THAT(bench.application.finds, IsEmpty());
        co_await subject.End();
      },
      loop_);
}

TEST_F(GateTest, APlanOfTheSamePatientAsItsStructureSetIsNothingToSpeakOf) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench, Quarantine);
        subject.gate.Start();
        co_await Note(bench, kStructuresUid, OfFile(kStructures));
        auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
        auto verdict = co_await subject.gate.Judge(part.instance, part.region);
        EXPECT_EQ(verdict->kind, Verdict::Kind::kWaiting);
        EXPECT_FALSE(verdict->patient_differs);
        co_await subject.End();
      },
      loop_);
}

TEST_F(GateTest, APlanThatWaitsForAStructureSetOfAnotherPatientIsQuarantinedWhenThatIsThere) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench, Quarantine);
        subject.gate.Start();
        auto stranger = co_await HoldPlan(bench, Stranger());
        co_await subject.gate.NotePatient(kStructuresUid, OfFile(kStructures));
        store::Row row = co_await bench.Find(stranger);
        EXPECT_EQ(row.state, State::kQuarantined);
        EXPECT_EQ(row.reason, store::PatientDiffersFrom(kStructuresUid));
        co_await subject.End();
      },
      loop_);
}

// It may be refused yet, or be in conflict with what is held: then it is nobody's.
TEST_F(GateTest, WhatIsOnlyJudgedEndsNothingAndIsNotRemembered) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        HasImages(bench);
        Subject subject(bench, Quarantine);
        subject.gate.Start();
        auto stranger = co_await HoldPlan(bench, Stranger());
        auto part = bench.MakePartOf(kStructures, Kind::kStructureSet);
        auto verdict = co_await subject.gate.Judge(part.instance, part.region);
        EXPECT_EQ(verdict->kind, Verdict::Kind::kReady);  // it refers to nobody else's
        store::Row row = co_await bench.Find(stranger);
        EXPECT_EQ(row.state, State::kWaiting);
        std::vector<Uid> uids(1, kStructuresUid);
        auto others = co_await bench.ledger->OtherPatients(kName, std::move(uids), Stranger());
        EXPECT_THAT(*others, IsEmpty());
        co_await subject.End();
      },
      loop_);
}

// A plan only notes its predecessor.
TEST_F(GateTest, WhatIsOnlyNotedIsNotComparedWhicheverComesFirst) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench, Quarantine);
        subject.gate.Start();
        auto part = bench.MakePartOf(kSuccessor, Kind::kPlan);
        auto verdict = co_await subject.gate.Judge(part.instance, part.region);
        int noted = 0;
        for (const store::Requirement& one : verdict->requirements) {
          if (one.strength != store::Strength::kNoted || one.kind == Kind::kImage) continue;
          ++noted;
          co_await Note(bench, one.uid, Stranger());
        }
        EXPECT_GT(noted, 0);
        verdict = co_await subject.gate.Judge(part.instance, part.region);
        EXPECT_EQ(verdict->kind, Verdict::Kind::kWaiting);
        EXPECT_FALSE(verdict->patient_differs);
        co_await subject.End();
      },
      loop_);
}

TEST_F(GateTest, APlanThatWaitsForAStructureSetOfAnotherPatientGoesOnWaitingByDefault) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench);
        subject.gate.Start();
        auto stranger = co_await HoldPlan(bench, Stranger());
        co_await subject.gate.NotePatient(kStructuresUid, OfFile(kStructures));
        store::Row row = co_await bench.Find(stranger);
        EXPECT_EQ(row.state, State::kWaiting);
        co_await subject.End();
      },
      loop_);
}

}  // namespace
}  // namespace router::hold
