#include "tests/unit/hold/gate_fixture.h"

// `unknown_machine: map`.
namespace router::hold {
namespace {

TEST_F(GateTest, AMachineThatIsToBeRenamedIsNoReasonToKeepThePlan) {
  Play(
      [](Bench& bench, Subject& subject) -> Task<> {
        auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
        auto verdict = co_await subject.gate.Judge(part.instance, part.region);
        EXPECT_EQ(verdict->kind, Verdict::Kind::kWaiting);
        EXPECT_THAT(verdict->rename, ElementsAre(::testing::Pair("TR3", "EDGE")));
      },
      [](config::Application& of) {
        of.machines = {"EDGE"};
        of.unknown_machine = config::UnknownMachine::kMap;
        of.machine_names = {{"TR3", "EDGE"}};
      });
}

TEST_F(GateTest, AMachineWithoutANameHereKeepsThePlanAsItIs) {
  Play(
      [](Bench& bench, Subject& subject) -> Task<> {
        auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
        auto verdict = co_await subject.gate.Judge(part.instance, part.region);
        EXPECT_EQ(verdict->kind, Verdict::Kind::kQuarantine);
        EXPECT_EQ(verdict->reason.cause, Cause::kUnknownMachine);
        EXPECT_THAT(verdict->rename, IsEmpty());
      },
      [](config::Application& of) {
        of.machines = {"EDGE"};
        of.unknown_machine = config::UnknownMachine::kMap;
        of.machine_names = {{"ANOTHER", "EDGE"}};
      });
}

TEST_F(GateTest, AMachineThatIsStillUnknownIsNamed) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject edge(bench, [](config::Application& of) { of.machines = {"EDGE"}; });
        Subject both(bench, [](config::Application& of) { of.machines = {"EDGE", "TR3"}; });
        auto part = bench.MakePartOf(kPlanFile, Kind::kPlan);
        auto unknown = co_await edge.gate.UnknownMachineIn(part.instance, part.region);
        EXPECT_EQ(unknown.value_or("?"), "TR3");
        unknown = co_await both.gate.UnknownMachineIn(part.instance, part.region);
        EXPECT_EQ(unknown.value_or("?"), "");
        co_await edge.gate.Drain();
        co_await both.End();
      },
      loop_);
}

TEST(MachinePaths, AreThoseOfBeamsIonBeamsAndBrachytherapy) {
  const std::vector<std::vector<dataset::Tag>> paths = MachinePaths();
  EXPECT_THAT(paths, ::testing::UnorderedElementsAre(ElementsAre(0x300A00B0, 0x300A00B2),
                                                     ElementsAre(0x300A03A2, 0x300A00B2),
                                                     ElementsAre(0x300A0206, 0x300A00B2)));
}

}  // namespace
}  // namespace router::hold
