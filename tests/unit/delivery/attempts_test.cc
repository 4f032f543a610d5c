#include <sys/resource.h>

#include "tests/unit/delivery/destination_fixture.h"
#include "tests/unit/store/faulty_vfs.h"

// What a destination makes of attempts that ended in doubt, and what counts as one.
namespace router::delivery {
namespace {

TEST_F(DestinationTest, ADuplicateAfterALostAnswerIsAskedAboutBeforeItIsBelieved) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        int answers = 0;
        bench.application.on_store = [&answers](const StoredInstance&) {
          return answers++ == 0 ? Reply{.abort = true} : Reply{.status = 0x0111};
        };
        Subject subject(bench);
        auto id = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan));
        subject.destination.Start();
        co_await bench.Await(id, State::kVerifying);
        store::Reason reason{Cause::kRetry, "not found"};
        auto failed = co_await bench.ledger->Fail(id, std::move(reason), bench.clock.WallNow());
        EXPECT_TRUE(failed.has_value());
        co_await bench.Until([&] { return subject.verifying == 2; });
        store::Row row = co_await bench.Await(id, State::kVerifying);
        EXPECT_EQ(row.reason.cause, Cause::kDuplicate);
        EXPECT_EQ(row.attempts, 2);
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, ADuplicateAfterALostAnswerIsBelievedWhereNobodyCanAsk) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        int answers = 0;
        bench.application.on_store = [&answers](const StoredInstance&) {
          return answers++ == 0 ? Reply{.abort = true} : Reply{.status = 0x0111};
        };
        Subject subject(bench, Change(), false);
        auto id = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan));
        subject.destination.Start();
        co_await bench.Until([&] { return Attempts(bench, "unknown") == 1; });
        bench.clock.Advance(std::chrono::minutes(10));
        subject.destination.Wake();
        co_await bench.Await(id, State::kDelivered);
        co_await End(bench, subject);
      },
      loop_);
}

// Whoever verifies, or nobody: what was never sent cannot be there.
TEST_F(DestinationTest, ADuplicateOfWhatWasNeverSentIsAConflict) {
  Run(
      [](net::Loop& loop) -> Task<> {
        for (bool somebody_verifies : {true, false}) {
          Bench bench(loop);
          bench.application.Listen();
          bench.application.on_store = [](const StoredInstance&) {
            return Reply{.status = 0x0111};
          };
          Subject subject(bench, Change(), somebody_verifies);
          auto id = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan));
          subject.destination.Start();
          store::Row row = co_await bench.Await(id, State::kQuarantined);
          EXPECT_EQ(row.reason.cause, Cause::kConflict);
          EXPECT_THAT(row.reason.text, HasSubstr("0111"));
          EXPECT_EQ(subject.verifying, 0);
          EXPECT_TRUE(std::filesystem::exists(bench.spool->paths().File(row.file.name)));
          co_await End(bench, subject);
        }
      },
      loop_);
}

// However many are due: after an outage they come as fast as they are taken.
TEST_F(DestinationTest, AnApplicationThatTakesNothingIsNotSentAllThatIsDueAgainAndAgain) {
  Run(
      [](net::Loop& loop) -> Task<> {
        constexpr size_t kRows = 50, kBudget = RetryBudget::kMost;
        Bench bench(loop);
        auto tried = [&bench] { return static_cast<size_t>(Attempts(bench, "retry")); };
        bench.application.Listen();
        bool takes = false;
        bench.application.on_store = [&takes](const StoredInstance&) {
          return Reply{.status = static_cast<uint16_t>(takes ? 0 : 0xA700)};
        };
        Subject subject(bench);
        std::vector<store::RowId> rows;
        for (size_t i = 0; i < kRows; ++i) {
          auto part = bench.MakePart("1.2.3." + std::to_string(i), Kind::kPlan, kPlan, "");
          rows.push_back(co_await bench.Accept(std::move(part)));
        }
        subject.destination.Start();
        co_await bench.Until([&] { return tried() >= kBudget; });
        for (size_t round = 1; round <= 3; ++round) {
          subject.destination.Wake();
          co_await bench.Find(rows.back());
          EXPECT_EQ(bench.application.stored.size(), kBudget + round - 1);
          bench.clock.Advance(std::chrono::seconds(5));
          subject.destination.Wake();
          co_await bench.Until([&] { return tried() >= kBudget + round; });
        }
        takes = true;
        bench.clock.Advance(std::chrono::minutes(10));
        subject.destination.Wake();  // and the clock stands still: no more than this is needed
        for (store::RowId row : rows) co_await bench.Await(row, State::kDelivered);
        co_await End(bench, subject);
      },
      loop_);
}

// They come first in the order of claims, and are due again whenever an attempt may be made.
TEST_F(DestinationTest, RowsThatAlwaysFailKeepNobodyElseFromBeingSent) {
  Run(
      [](net::Loop& loop) -> Task<> {
        constexpr int kPoison = 30, kSound = 20;
        Bench bench(loop);
        bench.application.Listen();
        bench.application.on_store = [](const StoredInstance& instance) {
          const bool poison = instance.instance.view().starts_with("1.2.3.");
          return Reply{.status = static_cast<uint16_t>(poison ? 0xA700 : 0)};
        };
        Subject subject(bench);
        for (int i = 0; i < kPoison; ++i) {
          auto part = bench.MakePart("1.2.3." + std::to_string(i), Kind::kImage, kCt, "");
          co_await bench.Accept(std::move(part));
        }
        subject.destination.Start();
        for (int tried = kPoison; tried < 2 * RetryBudget::kMost - 2; ++tried) {
          co_await bench.Until([&] { return Attempts(bench, "retry") >= tried; });
          bench.clock.Advance(std::chrono::minutes(10));
          subject.destination.Wake();
        }
        std::vector<store::RowId> sound;
        for (int i = 0; i < kSound; ++i) {
          auto part = bench.MakePart("1.2.4." + std::to_string(i), Kind::kPlan, kPlan, "");
          sound.push_back(co_await bench.Accept(std::move(part)));
        }
        subject.destination.Wake();  // and the clock stands still
        for (store::RowId row : sound) co_await bench.Await(row, State::kDelivered);
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, WhatWaitsForASlotHasNotBeenAttempted) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench, [](config::Application& of) {
          of.max_associations = 1;
          of.wait_for = std::chrono::milliseconds(1);
        });
        auto slot = co_await subject.destination.TakeSlot(Purpose::kRelay, kPatience);
        auto id = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan));
        subject.destination.Start();
        co_await bench.Until([&] { return slot->IsWanted(); });
        co_await bench.Await(id, State::kReady);
        slot->Release();
        co_await bench.Until([&] { return !bench.application.stored.empty(); });
        store::Row row = co_await bench.Await(id, State::kDelivered);
        EXPECT_EQ(row.attempts, 1);
        auto history = co_await bench.ledger->History(id);
        EXPECT_EQ(history->size(), 3u);  // accepted, being sent, delivered
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, WhatIsGivenUpWhileAnotherIsBeingSentIsNotSent) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        auto one = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kImage, kCt, "1.2.7", 1));
        auto two = co_await bench.Accept(bench.MakePart("1.2.3.2", Kind::kImage, kCt, "1.2.7", 2));
        auto three =
            co_await bench.Accept(bench.MakePart("1.2.3.3", Kind::kImage, kCt, "1.2.7", 3));
        auto discard = [](Bench& of, store::RowId row) -> Task<> {
          auto done = co_await of.ledger->Discard(row, "", "me");
          EXPECT_TRUE(done.has_value());
        };
        bench.application.on_store = [&](const StoredInstance& instance) {
          if (instance.instance.view() == "1.2.3.1") loop.Spawn(discard(bench, two));
          return Reply{};
        };
        Subject subject(bench);
        subject.destination.Start();
        co_await bench.Await(one, State::kDelivered);
        co_await bench.Await(three, State::kDelivered);
        EXPECT_THAT(bench.application.StoredUids(), ElementsAre("1.2.3.1", "1.2.3.3"));
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, WhatWaitedForLongIsTriedAsLongAsAnythingElse) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.on_store = [](const StoredInstance&) { return Reply{.status = 0xA700}; };
        Subject subject(
            bench, [](config::Application& of) { of.retry.give_up_after = std::chrono::hours(1); });
        auto id = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan),
                                        Needing("1.2.9", Kind::kStructureSet));
        bench.clock.Advance(std::chrono::hours(2));
        std::vector<Uid> there = {Uid("1.2.9")};
        const store::Knowledge known{store::How::kQuery,
                                     bench.clock.WallNow() + std::chrono::hours(9)};
        auto exists = co_await bench.ledger->Exists(kName, std::move(there), known);
        EXPECT_TRUE(exists.has_value());
        subject.destination.Start();
        for (int attempt = 1; attempt <= 3; ++attempt) {
          co_await bench.Until([&] { return Attempts(bench, "retry") == attempt; });
          store::Row row = co_await bench.Await(id, State::kReady);
          EXPECT_EQ(row.attempts, attempt);
          bench.clock.Advance(std::chrono::minutes(10));
          subject.destination.Wake();
        }
        bench.clock.Advance(std::chrono::hours(1));
        subject.destination.Wake();
        store::Row row = co_await bench.Await(id, State::kQuarantined);
        EXPECT_THAT(row.reason.text, HasSubstr("given up"));
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, NotYetHasAnEndWhereNothingIsWaitedFor) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.on_store = [](const StoredInstance&) { return Reply{.status = 0xC123}; };
        Subject subject(bench, [](config::Application& of) {
          of.statuses.not_yet = {{0xC123, 0xFFFF}};
          of.retry.give_up_after = std::chrono::hours(1);
        });
        auto id = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan));
        subject.destination.Start();
        co_await bench.Until([&] { return Attempts(bench, "not_yet") == 1; });
        co_await bench.Await(id, State::kReady);
        bench.clock.Advance(std::chrono::hours(2));
        subject.destination.Wake();
        store::Row row = co_await bench.Await(id, State::kQuarantined);
        EXPECT_EQ(row.reason.cause, Cause::kNotYet);
        EXPECT_EQ(bench.application.stored.size(), 2u);
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, AnOutcomeThatTheLedgerRefusedIsToldAgain) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop, store::FaultyVfs::Name());
        bench.application.Listen();
        bench.application.on_store = [](const StoredInstance&) {
          store::FaultyVfs::full_writes = 1;  // the disk is full when the outcome is told
          return Reply{};
        };
        Subject subject(bench);
        auto id = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan));
        subject.destination.Start();
        // A question of ours would share the commit that fails.
        co_await bench.Until([&] {
          return !bench.application.stored.empty() && store::FaultyVfs::full_writes == 0;
        });
        co_await bench.Await(id, State::kDelivered);
        EXPECT_EQ(bench.application.stored.size(), 1u);
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, WhereNobodyCanAskWhatIsInDoubtLaterIsSentAgainToo) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        auto id = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan));
        auto rows = co_await bench.ledger->Claim(kName, 1, "test", std::chrono::minutes(5));
        std::vector<store::RowId> one(1, id);
        auto begun = co_await bench.ledger->Begin(std::move(one), std::chrono::minutes(5));
        EXPECT_TRUE(begun.has_value());
        Subject subject(bench, Change(), false);
        subject.destination.Start();
        bench.clock.Advance(std::chrono::minutes(6));  // whoever sent it is gone
        subject.destination.Wake();
        co_await bench.Await(id, State::kDelivered);
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, NotYetInTheMiddleOfASeriesLetsNothingOfItPass) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        int answers = 0;
        bench.application.on_store = [&answers](const StoredInstance&) {
          return Reply{.status = static_cast<uint16_t>(answers++ == 0 ? 0xC123 : 0x0000)};
        };
        Subject subject(bench,
                        [](config::Application& of) { of.statuses.not_yet = {{0xC123, 0xFFFF}}; });
        auto one = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kImage, kCt, "1.2.7", 1));
        auto two = co_await bench.Accept(bench.MakePart("1.2.3.2", Kind::kImage, kCt, "1.2.7", 2));
        auto other =
            co_await bench.Accept(bench.MakePart("1.2.3.3", Kind::kImage, kCt, "1.2.8", 1));
        subject.destination.Start();
        co_await bench.Await(other, State::kDelivered);
        co_await bench.Await(one, State::kReady);
        bench.clock.Advance(std::chrono::minutes(10));
        subject.destination.Wake();
        co_await bench.Await(one, State::kDelivered);
        co_await bench.Await(two, State::kDelivered);
        EXPECT_THAT(bench.application.StoredUids(),
                    ElementsAre("1.2.3.1", "1.2.3.3", "1.2.3.1", "1.2.3.2"));
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, WithoutADescriptorASoundInstanceIsTriedAgain) {
#ifdef SLUICE_UBSAN
  GTEST_SKIP() << "UBSan itself needs descriptors";
#endif
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        rlimit before{};
        EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
        bench.application.on_store = [&before](const StoredInstance& instance) {
          rlimit none = before;
          none.rlim_cur = 0;
          if (instance.instance.view() == "1.2.3.1") setrlimit(RLIMIT_NOFILE, &none);
          return Reply{};
        };
        Subject subject(bench);
        auto one = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan));
        auto two = co_await bench.Accept(bench.MakePart("1.2.3.2", Kind::kPlan, kPlan));
        subject.destination.Start();
        co_await bench.Await(one, State::kDelivered);
        co_await bench.Until([&] { return Attempts(bench, "unreachable") == 1; });
        setrlimit(RLIMIT_NOFILE, &before);
        auto condition = co_await subject.destination.Describe();
        EXPECT_NE(condition.up, false);  // it is not the application that failed
        bench.clock.Advance(std::chrono::minutes(10));
        subject.destination.Wake();
        co_await bench.Await(two, State::kDelivered);
        co_await End(bench, subject);
      },
      loop_);
}

}  // namespace
}  // namespace router::delivery
