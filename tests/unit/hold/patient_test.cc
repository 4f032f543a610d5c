#include <fstream>

#include "router/dataset/edit.h"
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
  Play([](Bench& bench, Subject& subject) -> Task<> {
    co_await Note(bench, kStructuresUid, Stranger());
    auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
    auto verdict = co_await subject.gate.Judge(part.instance, part.region);
    EXPECT_EQ(verdict->kind, Verdict::Kind::kWaiting);
    EXPECT_TRUE(verdict->patient_differs);
    EXPECT_EQ(verdict->patient, OfFile(kPlanFile));
    EXPECT_TRUE(verdict->patient.IsKnown());
  });
}

TEST_F(GateTest, APlanOfAnotherPatientThanItsStructureSetIsQuarantinedOnRequest) {
  Play(
      [](Bench& bench, Subject& subject) -> Task<> {
        co_await Note(bench, kStructuresUid, Stranger());
        auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
        auto verdict = co_await subject.gate.Judge(part.instance, part.region);
        EXPECT_EQ(verdict->kind, Verdict::Kind::kQuarantine);
        EXPECT_EQ(verdict->reason, store::PatientDiffersFrom(kStructuresUid));
        EXPECT_EQ(verdict->status & 0xF000, 0xC000);
        EXPECT_LE(verdict->comment.size(), 64u);
        EXPECT_THAT(bench.application.finds, IsEmpty());
      },
      Quarantine);
}

TEST_F(GateTest, APlanOfTheSamePatientAsItsStructureSetIsNothingToSpeakOf) {
  Play(
      [](Bench& bench, Subject& subject) -> Task<> {
        co_await Note(bench, kStructuresUid, OfFile(kStructures));
        auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
        auto verdict = co_await subject.gate.Judge(part.instance, part.region);
        EXPECT_EQ(verdict->kind, Verdict::Kind::kWaiting);
        EXPECT_FALSE(verdict->patient_differs);
      },
      Quarantine);
}

TEST_F(GateTest, APlanThatWaitsForAStructureSetOfAnotherPatientIsQuarantinedWhenThatIsThere) {
  Play(
      [](Bench& bench, Subject& subject) -> Task<> {
        auto stranger = co_await HoldPlan(bench, Stranger());
        co_await subject.gate.NotePatient(kStructuresUid, OfFile(kStructures));
        store::Row row = co_await bench.Find(stranger);
        EXPECT_EQ(row.state, State::kQuarantined);
        EXPECT_EQ(row.reason, store::PatientDiffersFrom(kStructuresUid));
      },
      Quarantine);
}

// It may be refused yet, or be in conflict with what is held: then it is nobody's.
TEST_F(GateTest, WhatIsOnlyJudgedEndsNothingAndIsNotRemembered) {
  Stage(
      [](Bench& bench, Subject& subject) -> Task<> {
        HasImages(bench);
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
      },
      Quarantine);
}

// A structure set of another patient than the file says.
Bench::Part StructuresOfAStranger(Bench& bench) {
  Bench::Part part = bench.MakePartOf(kStructures, Kind::kStructureSet);
  std::ifstream stream(part.region.path, std::ios::binary);
  const std::string all((std::istreambuf_iterator<char>(stream)), {});
  auto edited =
      dataset::ReplaceElement(AsBytes(std::string_view(all).substr(part.file.dataset_offset)),
                              part.instance.transfer_syntax, 0x00100020, "a stranger");
  EXPECT_TRUE(edited.has_value());
  std::ofstream(part.region.path, std::ios::binary)
      << all.substr(0, part.file.dataset_offset) << AsText(*edited);
  return part;
}

// Judged ready: it is there already, and comes again while its images are there.
Task<> LetStrangerPass(Bench& bench, Subject& subject) {
  HasImages(bench);
  bench.application.has.insert({kStructuresUid, Uid("1.7"), Uid("1.6")});
  auto structures = StructuresOfAStranger(bench);
  auto verdict = co_await subject.gate.Judge(structures.instance, structures.region);
  EXPECT_EQ(verdict->kind, Verdict::Kind::kReady);
}

Task<Verdict> JudgePlan(Bench& bench, Subject& subject) {
  auto plan = bench.MakePartOf(kPlanFile, Kind::kPlan);
  auto verdict = co_await subject.gate.Judge(plan.instance, plan.region);
  EXPECT_TRUE(verdict.has_value());
  co_return verdict ? *verdict : Verdict();
}

// Neither of them is in the ledger.
TEST_F(GateTest, APlanIsComparedWithAStructureSetThatIsOnItsWayAtTheSameTime) {
  Play(
      [](Bench& bench, Subject& subject) -> Task<> {
        co_await LetStrangerPass(bench, subject);
        subject.gate.AtOnce(kStructuresUid);
        bench.clock.Advance(std::chrono::minutes(1));  // it takes long to be sent
        Verdict verdict = co_await JudgePlan(bench, subject);
        EXPECT_EQ(verdict.kind, Verdict::Kind::kQuarantine);
        EXPECT_EQ(verdict.reason, store::PatientDiffersFrom(kStructuresUid));
        subject.gate.AtOnceEnded(kStructuresUid);
        verdict = co_await JudgePlan(bench, subject);
        EXPECT_EQ(verdict.kind, Verdict::Kind::kReady);  // it was not taken
      },
      Quarantine);
}

TEST_F(GateTest, APlanIsComparedWithAStructureSetThatIsAboutToBeSent) {
  Play(
      [](Bench& bench, Subject& subject) -> Task<> {
        co_await LetStrangerPass(bench, subject);
        Verdict verdict = co_await JudgePlan(bench, subject);
        EXPECT_EQ(verdict.kind, Verdict::Kind::kQuarantine);
        bench.clock.Advance(std::chrono::minutes(1));  // it never is
        verdict = co_await JudgePlan(bench, subject);
        EXPECT_EQ(verdict.kind, Verdict::Kind::kReady);
      },
      Quarantine);
}

TEST_F(GateTest, AStructureSetOnItsWayWithAnotherPatientsPlanIsOnlySaidByDefault) {
  Play([](Bench& bench, Subject& subject) -> Task<> {
    co_await LetStrangerPass(bench, subject);
    Verdict verdict = co_await JudgePlan(bench, subject);
    EXPECT_EQ(verdict.kind, Verdict::Kind::kReady);
    EXPECT_TRUE(verdict.patient_differs);
  });
}

TEST_F(GateTest, WhatIsOnItsWayForTheSamePatientIsNothingToSpeakOf) {
  Play(
      [](Bench& bench, Subject& subject) -> Task<> {
        HasImages(bench);
        bench.application.has.insert({kStructuresUid, Uid("1.7"), Uid("1.6")});
        auto structures = bench.MakePartOf(kStructures, Kind::kStructureSet);
        auto first = co_await subject.gate.Judge(structures.instance, structures.region);
        EXPECT_EQ(first->kind, Verdict::Kind::kReady);
        Verdict verdict = co_await JudgePlan(bench, subject);
        EXPECT_EQ(verdict.kind, Verdict::Kind::kReady);
        EXPECT_FALSE(verdict.patient_differs);
      },
      Quarantine);
}

// A plan only notes its predecessor.
TEST_F(GateTest, WhatIsOnlyNotedIsNotComparedWhicheverComesFirst) {
  Play(
      [](Bench& bench, Subject& subject) -> Task<> {
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
      },
      Quarantine);
}

TEST_F(GateTest, APlanThatWaitsForAStructureSetOfAnotherPatientGoesOnWaitingByDefault) {
  Play([](Bench& bench, Subject& subject) -> Task<> {
    auto stranger = co_await HoldPlan(bench, Stranger());
    co_await subject.gate.NotePatient(kStructuresUid, OfFile(kStructures));
    store::Row row = co_await bench.Find(stranger);
    EXPECT_EQ(row.state, State::kWaiting);
  });
}

}  // namespace
}  // namespace router::hold
