#include "tests/unit/hold/gate_fixture.h"

// What a gate makes of outcomes that were lost.
namespace router::hold {
namespace {

TEST_F(GateTest, ALostOutcomeThatIsFoundIsDeliveredAndMakesOthersReady) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.has.insert({Uid("1.4.5"), Uid("1.7"), Uid("1.6")});
        Subject subject(bench);
        auto id = co_await MakeVerifying(bench);
        auto plan = co_await bench.Accept(bench.MakePart("1.4.6", Kind::kPlan, kPlanClass),
                                          Needing("1.4.5", Kind::kStructureSet));
        subject.gate.Start();
        co_await bench.Await(id, State::kDelivered);
        co_await bench.Await(plan, State::kReady);
        co_await subject.End();
      },
      loop_);
}

TEST_F(GateTest, ALostOutcomeIsSentAgainOnlyAfterThreeNegativesOverTheWholeTime) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench);
        auto id = co_await MakeVerifying(bench);
        subject.gate.Start();
        for (int asked = 1; asked <= 2; ++asked) {
          co_await bench.Until([&] { return Absent(bench) >= 2 * asked; });
          for (int i = 0; i < 5; ++i) {  // woken in vain: the next question has its time
            subject.gate.Wake();
            store::Row row = co_await bench.Find(id);
            EXPECT_EQ(row.state, State::kVerifying);
          }
          EXPECT_EQ(Absent(bench), 2 * asked);  // by UID, then with all keys
          bench.clock.Advance(std::chrono::seconds(31));
          subject.gate.Wake();
        }
        store::Row row = co_await bench.Await(id, State::kReady);
        EXPECT_EQ(row.reason.cause, Cause::kRetry);
        EXPECT_EQ(bench.application.finds.size(), 6u);
        co_await subject.End();
      },
      loop_);
}

TEST_F(GateTest, WhatWasThereBeforeIsSentAgainAndIsAConflictTheSecondTime) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.has.insert({Uid("1.4.5"), Uid("1.7"), Uid("1.6")});
        std::vector<Uid> there = {Uid("1.4.5")};
        const store::Knowledge known{store::How::kStatus,
                                     bench.clock.WallNow() + std::chrono::hours(1)};
        auto exists = co_await bench.ledger->Exists(kName, std::move(there), known);
        EXPECT_TRUE(exists.has_value());
        Subject subject(bench);
        auto id = co_await MakeVerifying(bench);
        subject.gate.Start();
        store::Row row = co_await bench.Await(id, State::kReady);
        EXPECT_EQ(row.reason.cause, Cause::kRetry);
        co_await LoseAnother(bench, id, Cause::kOutcomeUnknown);
        subject.gate.Wake();
        row = co_await bench.Await(id, State::kQuarantined);
        EXPECT_EQ(row.reason.cause, Cause::kConflict);
        co_await subject.End();
      },
      loop_);
}

TEST_F(GateTest, WhatIsCalledADuplicateAndNeverFoundIsLeftToAPerson) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench);
        auto id = co_await MakeVerifying(bench);
        store::Reason again{Cause::kRetry, ""};
        auto failed = co_await bench.ledger->Fail(id, std::move(again), bench.clock.WallNow());
        EXPECT_TRUE(failed.has_value());
        co_await LoseAnother(bench, id, Cause::kDuplicate);
        subject.gate.Start();
        for (int asked = 1; asked <= 2; ++asked) {
          co_await bench.Until([&] { return Absent(bench) >= 2 * asked; });
          bench.clock.Advance(std::chrono::seconds(31));
          subject.gate.Wake();
        }
        store::Row row = co_await bench.Await(id, State::kQuarantined);
        EXPECT_EQ(row.reason.cause, Cause::kConflict);
        EXPECT_THAT(row.reason.text, HasSubstr("duplicate"));
        co_await subject.End();
      },
      loop_);
}

TEST_F(GateTest, WhatNobodyAnswersIsLeftToAPersonInTheEnd) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.refuse_find = [](const dataset::Identifier&) -> uint16_t {
          return 0xA700;
        };
        Subject subject(
            bench, [](config::Application& of) { of.retry.give_up_after = std::chrono::hours(1); });
        auto id = co_await MakeVerifying(bench);
        subject.gate.Start();
        co_await bench.Until([&] { return !bench.application.finds.empty(); });
        bench.clock.Advance(std::chrono::minutes(59));
        subject.gate.Wake();
        const size_t asked = bench.application.finds.size();
        co_await bench.Until([&] {  // asked again and again
          bench.clock.Advance(std::chrono::milliseconds(100));
          subject.gate.Wake();
          return bench.application.finds.size() > asked;
        });
        store::Row row = co_await bench.Find(id);
        EXPECT_EQ(row.state, State::kVerifying);
        bench.clock.Advance(std::chrono::minutes(5));
        subject.gate.Wake();
        row = co_await bench.Await(id, State::kQuarantined);
        EXPECT_EQ(row.reason.cause, Cause::kOutcomeUnknown);
        EXPECT_TRUE(row.maybe_there);
        co_await subject.End();
      },
      loop_);
}

}  // namespace
}  // namespace router::hold
