#include "tests/unit/delivery/destination_fixture.h"

// Instances that are sent without a row, and whoever brought them waits no longer.
namespace router::delivery {
namespace {

// One that is sent while the test goes on. Lives as long as the test.
struct Sent {
  std::optional<Attempt> attempt;

  static Task<> Send(Bench& bench, Subject& subject, std::string uid, Sent& into) {
    auto part = bench.MakePart(uid, Kind::kPlan, kPlan);
    AtOnce how;
    into.attempt = co_await subject.destination.SendNow(part.instance, part.region, how);
  }
};

TEST_F(DestinationTest, WhoeverWaitsNoLongerIsToldThatTheOutcomeIsUnknownAndNobodyElseIs) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.silent = true;
        Subject subject(bench);
        Sent given_up, other;
        loop.Spawn(Sent::Send(bench, subject, "1.2.3.1", given_up));
        loop.Spawn(Sent::Send(bench, subject, "1.2.3.2", other));
        co_await bench.Until([&] { return bench.application.stored.size() == 2; });
        subject.destination.GiveUpOn(Uid("1.2.3.9"));  // nobody's
        subject.destination.GiveUpOn(Uid("1.2.3.1"));
        co_await bench.Until([&] { return given_up.attempt.has_value(); });
        EXPECT_EQ(given_up.attempt->outcome, Attempt::Outcome::kUnknown);
        EXPECT_EQ(given_up.attempt->error.code, Errc::kTimeout);
        EXPECT_FALSE(other.attempt.has_value());
        subject.destination.GiveUpOn(Uid("1.2.3.2"));
        co_await bench.Until([&] { return other.attempt.has_value(); });
        EXPECT_TRUE(subject.stored.empty());
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, WhatWasAnsweredBeforeItWasGivenUpOnIsAnswered) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench);
        auto part = bench.MakePart("1.2.3.1", Kind::kPlan, kPlan);
        bench.application.on_store = [&](const StoredInstance& one) {
          subject.destination.GiveUpOn(one.instance);
          return Reply{};
        };
        Attempt attempt = co_await subject.destination.SendNow(part.instance, part.region);
        // Either way it is told the truth: what is unknown is verified, what is answered is there.
        if (attempt.outcome == Attempt::Outcome::kAnswered) {
          EXPECT_EQ(attempt.answer.status, 0);
          EXPECT_THAT(subject.stored, ElementsAre("1.2.3.1"));
        } else {
          EXPECT_EQ(attempt.outcome, Attempt::Outcome::kUnknown);
          EXPECT_TRUE(subject.stored.empty());
        }
        co_await End(bench, subject);
      },
      loop_);
}

}  // namespace
}  // namespace router::delivery
