#include "tests/unit/hold/gate_fixture.h"

// What a gate makes of outcomes that were lost.
namespace router::hold {
namespace {

TEST_F(GateTest, ALostOutcomeThatIsFoundIsDeliveredAndMakesOthersReady) {
  Stage([](Bench& bench, Subject& subject) -> Task<> {
    bench.application.has.insert({Uid("1.4.5"), Uid("1.7"), Uid("1.6")});
    auto id = co_await MakeVerifying(bench);
    auto plan = co_await bench.Accept(bench.MakePart("1.4.6", Kind::kPlan, kPlanClass),
                                      Needing("1.4.5", Kind::kStructureSet));
    subject.gate.Start();
    co_await bench.Await(id, State::kDelivered);
    co_await bench.Await(plan, State::kReady);
  });
}

TEST_F(GateTest, ALostOutcomeIsSentAgainOnlyAfterThreeNegativesOverTheWholeTime) {
  Stage([](Bench& bench, Subject& subject) -> Task<> {
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
  });
}

TEST_F(GateTest, WhatWasThereBeforeIsSentAgainAndIsAConflictTheSecondTime) {
  Stage([](Bench& bench, Subject& subject) -> Task<> {
    bench.application.has.insert({Uid("1.4.5"), Uid("1.7"), Uid("1.6")});
    std::vector<Uid> there = {Uid("1.4.5")};
    const store::Knowledge known{store::How::kStatus,
                                 bench.clock.WallNow() + std::chrono::hours(1)};
    auto exists = co_await bench.ledger->Exists(kName, std::move(there), known);
    EXPECT_TRUE(exists.has_value());
    auto id = co_await MakeVerifying(bench);
    subject.gate.Start();
    store::Row row = co_await bench.Await(id, State::kReady);
    EXPECT_EQ(row.reason.cause, Cause::kRetry);
    co_await LoseAnother(bench, id, Cause::kOutcomeUnknown);
    subject.gate.Wake();
    row = co_await bench.Await(id, State::kQuarantined);
    EXPECT_EQ(row.reason.cause, Cause::kConflict);
  });
}

TEST_F(GateTest, WhatIsCalledADuplicateAndNeverFoundIsLeftToAPerson) {
  Stage([](Bench& bench, Subject& subject) -> Task<> {
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
  });
}

TEST_F(GateTest, WhatNobodyAnswersIsLeftToAPersonInTheEnd) {
  Stage(
      [](Bench& bench, Subject& subject) -> Task<> {
        bench.application.refuse_find = [](const dataset::Identifier&) -> uint16_t {
          return 0xA700;
        };
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
      },
      [](config::Application& of) { of.retry.give_up_after = std::chrono::hours(1); });
}

// Somebody else's of the same UID may have other content.
TEST_F(GateTest, WhatOthersStoredEndsNoVerificationWhateverElseWasFoundMeanwhile) {
  Stage(
      [](Bench& bench, Subject& subject) -> Task<> {
        auto id = co_await MakeVerifying(bench);
        // Told to the ledger together, or the last two are.
        subject.gate.Stored(Uid("1.4.90"), store::How::kQuery);
        subject.gate.Stored(Uid("1.4.91"), store::How::kQuery);
        subject.gate.Stored(Uid("1.4.5"), store::How::kRelayed);
        for (bool known = false; !known;) {
          const std::vector<Uid> uids(1, Uid("1.4.5"));
          auto unknown = co_await bench.ledger->Unknown(kName, uids);
          known = unknown.has_value() && unknown->empty();
        }
        store::Row row = co_await bench.Find(id);
        EXPECT_EQ(row.state, State::kVerifying);
      },
      [](config::Application& of) { of.confirm = config::Confirm::kStatus; });
}

}  // namespace
}  // namespace router::hold
