#include "tests/unit/delivery/destination_fixture.h"

namespace router::delivery {
namespace {

TEST_F(DestinationTest, ASeriesArrivesInItsOrderOnOneAssociation) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench);
        std::vector<store::RowId> rows;
        for (int number : {3, 1, 2}) {
          auto part =
              bench.MakePart("1.2.3." + std::to_string(number), Kind::kImage, kCt, "1.2.7", number);
          rows.push_back(co_await bench.Accept(part));
        }
        subject.destination.Start();
        for (store::RowId row : rows) co_await bench.Await(row, State::kDelivered);
        EXPECT_THAT(bench.application.StoredUids(), ElementsAre("1.2.3.1", "1.2.3.2", "1.2.3.3"));
        EXPECT_EQ(bench.application.associations, 1);
        EXPECT_EQ(bench.application.stored.front().calling, "SLUICE");
        EXPECT_EQ(Attempts(bench, "delivered"), 3);
        EXPECT_TRUE(std::filesystem::is_empty(bench.spool->paths().Spool()));
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, WhatArrivesLaterWakesItAndUsesTheSameAssociation) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench);
        subject.destination.Start();
        for (const char* uid : {"1.2.3.1", "1.2.3.2"}) {
          auto row = co_await bench.Accept(bench.MakePart(uid, Kind::kPlan, kPlan));
          co_await bench.Await(row, State::kDelivered);
        }
        EXPECT_EQ(bench.application.associations, 1);
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, AnAssociationThatWentAwayWhileIdleLosesNoAnswer) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench);
        subject.destination.Start();
        auto first = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan));
        co_await bench.Await(first, State::kDelivered);
        bench.clock.Advance(std::chrono::seconds(2));
        auto second = co_await bench.Accept(bench.MakePart("1.2.3.2", Kind::kPlan, kPlan));
        co_await bench.Await(second, State::kDelivered);
        EXPECT_EQ(bench.application.echoes, 1);  // asked whether it is still there
        EXPECT_EQ(bench.application.associations, 1);
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, ARefusalForGoodIsQuarantinedWithStatusAndComment) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.on_store = [](const StoredInstance&) {
          return Reply{.status = 0xC001, .comment = "no such course"};
        };
        Subject subject(bench);
        auto id = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan));
        subject.destination.Start();
        store::Row row = co_await bench.Await(id, State::kQuarantined);
        EXPECT_EQ(row.reason.cause, Cause::kRefused);
        EXPECT_THAT(row.reason.text, HasSubstr("C001"));
        EXPECT_THAT(row.reason.text, HasSubstr("no such course"));
        EXPECT_EQ(Attempts(bench, "refused"), 1);
        EXPECT_TRUE(std::filesystem::exists(bench.spool->paths().File(row.file.name)));
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, AStatusThatMeansAgainIsSentAgainAndNothingOvertakesIt) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        int answers = 0;
        bench.application.on_store = [&answers](const StoredInstance&) {
          return Reply{.status = static_cast<uint16_t>(answers++ == 0 ? 0xA700 : 0x0000)};
        };
        Subject subject(bench);
        auto one = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kImage, kCt, "1.2.7", 1));
        auto two = co_await bench.Accept(bench.MakePart("1.2.3.2", Kind::kImage, kCt, "1.2.7", 2));
        subject.destination.Start();
        co_await bench.Until([&] { return Attempts(bench, "retry") == 1; });
        store::Row row = co_await bench.Await(one, State::kReady);
        EXPECT_GT(row.next_attempt_at, bench.clock.WallNow());
        EXPECT_EQ(row.reason.cause, Cause::kRetry);
        bench.clock.Advance(std::chrono::minutes(10));
        subject.destination.Wake();
        co_await bench.Await(one, State::kDelivered);
        co_await bench.Await(two, State::kDelivered);
        EXPECT_THAT(bench.application.StoredUids(), ElementsAre("1.2.3.1", "1.2.3.1", "1.2.3.2"));
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, NotYetGoesBackToWaitingForWhatItRefersTo) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.on_store = [](const StoredInstance&) { return Reply{.status = 0xC123}; };
        Subject subject(bench,
                        [](config::Application& of) { of.statuses.not_yet = {{0xC123, 0xFFFF}}; });
        const store::Knowledge known{store::How::kQuery,
                                     bench.clock.WallNow() + std::chrono::hours(1)};
        std::vector<Uid> there = {Uid("1.2.9")};
        auto exists = co_await bench.ledger->Exists(kName, std::move(there), known);
        EXPECT_TRUE(exists.has_value());
        auto id = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan),
                                        Needing("1.2.9", Kind::kStructureSet));
        subject.destination.Start();
        store::Row row = co_await bench.Await(id, State::kWaiting);
        EXPECT_EQ(row.missing, 1);
        EXPECT_EQ(row.reason.cause, Cause::kNotYet);
        EXPECT_EQ(subject.waiting, 1);
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, ALostAnswerIsToBeVerifiedAndNotTakenForAFailure) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.on_store = [](const StoredInstance&) { return Reply{.abort = true}; };
        Subject subject(bench);
        auto id = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan));
        subject.destination.Start();
        store::Row row = co_await bench.Await(id, State::kVerifying);
        EXPECT_EQ(row.reason.cause, Cause::kOutcomeUnknown);
        EXPECT_EQ(subject.verifying, 1);
        EXPECT_EQ(bench.application.stored.size(), 1u);
        EXPECT_EQ(Attempts(bench, "unknown"), 1);
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, WhereNobodyCanAskALostAnswerMeansSendingAgain) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        int answers = 0;
        bench.application.on_store = [&answers](const StoredInstance&) {
          return Reply{.abort = answers++ == 0};
        };
        Subject subject(bench, Change(), false);
        auto id = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan));
        subject.destination.Start();
        co_await bench.Until([&] { return Attempts(bench, "unknown") == 1; });
        co_await bench.Await(id, State::kReady);
        bench.clock.Advance(std::chrono::minutes(10));
        subject.destination.Wake();
        co_await bench.Await(id, State::kDelivered);
        EXPECT_EQ(bench.application.stored.size(), 2u);
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, ARequestThatNeverWentOutWholeIsNoUnknownOutcome) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.on_store = [](const StoredInstance&) {
          return Reply{.close_early = true};
        };
        Subject subject(bench);
        auto part =
            bench.MakePart("1.2.3.1", Kind::kPlan, kPlan, "1.2.7", {}, kImplicit, 15'000'000);
        auto id = co_await bench.Accept(part);
        subject.destination.Start();
        co_await bench.Until([&] { return Attempts(bench, "unreachable") == 1; });
        store::Row row = co_await bench.Await(id, State::kReady);
        EXPECT_EQ(row.reason.cause, Cause::kUnreachable);
        EXPECT_EQ(subject.verifying, 0);
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, WithConfirmByStatusTheNextOneOfTheChainIsReadyAtOnce) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench,
                        [](config::Application& of) { of.confirm = config::Confirm::kStatus; });
        auto plan = co_await bench.Accept(bench.MakePart("1.2.3.2", Kind::kPlan, kPlan),
                                          Needing("1.2.3.1", Kind::kStructureSet));
        std::string rtstruct(dimse::uid::kRtStructureSet);
        auto structures =
            co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kStructureSet, rtstruct, "1.8"));
        subject.destination.Start();
        co_await bench.Await(structures, State::kDelivered);
        co_await bench.Await(plan, State::kDelivered);
        EXPECT_THAT(bench.application.StoredUids(), ElementsAre("1.2.3.1", "1.2.3.2"));
        EXPECT_EQ(bench.metrics.Get<metrics::Id::kReleased>(kName, "plan").Value(), 1);
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, WithConfirmByQueryNothingIsBelievedOnTheWordOfAStatus) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench,
                        [](config::Application& of) { of.confirm = config::Confirm::kQuery; });
        auto plan = co_await bench.Accept(bench.MakePart("1.2.3.2", Kind::kPlan, kPlan),
                                          Needing("1.2.3.1", Kind::kStructureSet));
        std::string rtstruct(dimse::uid::kRtStructureSet);
        auto structures =
            co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kStructureSet, rtstruct, "1.8"));
        subject.destination.Start();
        co_await bench.Await(structures, State::kDelivered);
        co_await bench.Until([&] { return !subject.stored.empty(); });
        EXPECT_THAT(subject.stored, ElementsAre("1.2.3.1"));
        store::Row row = co_await bench.Find(plan);
        EXPECT_EQ(row.state, State::kWaiting);
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, WhatIsNotTakenAsStoredIsConverted) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.choose = [](const ul::ProposedContext& context) {
          return context.transfer_syntaxes.front().view() == kImplicit
                     ? ul::ContextAnswer::Accept(context.transfer_syntaxes.front())
                     : ul::ContextAnswer::Reject(ul::ContextResult::kTransferSyntaxesNotSupported);
        };
        Subject subject(bench);
        auto id = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan));
        subject.destination.Start();
        co_await bench.Await(id, State::kDelivered);
        EXPECT_EQ(bench.application.stored.front().transfer_syntax.view(), kImplicit);
        EXPECT_GT(bench.application.stored.front().bytes, 0u);
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, WhatCannotBeSentInAnySyntaxIsQuarantinedAndTheRestGoesOn) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.choose = [](const ul::ProposedContext& context) {
          return context.abstract_syntax.view() != kPlan
                     ? ul::ContextAnswer::Accept(context.transfer_syntaxes.front())
                     : ul::ContextAnswer::Reject(ul::ContextResult::kAbstractSyntaxNotSupported);
        };
        Subject subject(bench);
        auto plan = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan));
        auto image = co_await bench.Accept(bench.MakePart("1.2.3.2", Kind::kImage, kCt, "1.2.8"));
        subject.destination.Start();
        store::Row row = co_await bench.Await(plan, State::kQuarantined);
        EXPECT_EQ(row.reason.cause, Cause::kUndeliverable);
        EXPECT_THAT(row.reason.text, HasSubstr(kPlan));
        co_await bench.Await(image, State::kDelivered);
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, AFileThatWasCutShortIsNeverSentAsIfItWereWhole) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench);
        auto part = bench.MakePart("1.2.3.1", Kind::kPlan, kPlan, "1.2.7", {}, kImplicit, 5000);
        auto id = co_await bench.Accept(part);
        const std::string path = bench.spool->paths().File(part.file.name);
        std::filesystem::resize_file(path, part.file.size - 100);
        subject.destination.Start();
        store::Row row = co_await bench.Await(id, State::kQuarantined);
        EXPECT_EQ(row.reason.cause, Cause::kUnreadable);
        EXPECT_TRUE(bench.application.stored.empty());
        co_await End(bench, subject);
      },
      loop_);
}

// One bit turned over, in what lies in the spool.
void Rot(const Bench& bench, const Bench::Part& part) {
  std::fstream file(bench.spool->paths().File(part.file.name),
                    std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(part.file.size - 10));
  const char was = static_cast<char>(file.get());
  file.seekp(static_cast<std::streamoff>(part.file.size - 10));
  file.put(static_cast<char>(was ^ 1));
}

TEST_F(DestinationTest, AFileThatRottedIsQuarantinedAndNeverArrivesAndTheNextOneDoes) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench);
        auto part = bench.MakePart("1.2.3.1", Kind::kPlan, kPlan, "1.2.7", {}, kImplicit, 700'000);
        auto rotten = co_await bench.Accept(part);
        auto sound = co_await bench.Accept(
            bench.MakePart("1.2.3.2", Kind::kPlan, kPlan, "1.2.8", {}, kImplicit, 700'000));
        Rot(bench, part);
        subject.destination.Start();
        store::Row row = co_await bench.Await(rotten, State::kQuarantined);
        EXPECT_EQ(row.reason.cause, Cause::kUnreadable);
        EXPECT_THAT(row.reason.text, HasSubstr("SHA-256"));
        co_await bench.Await(sound, State::kDelivered);
        EXPECT_THAT(bench.application.StoredUids(), ElementsAre("1.2.3.2"));
        EXPECT_FALSE(bench.application.Has(Uid("1.2.3.1")));
        auto condition = co_await subject.destination.Describe();
        EXPECT_EQ(condition.failures, 0u) << "it is not the application that failed";
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, AFileThatRottedIsNotConvertedEither) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.choose = [](const ul::ProposedContext& context) {
          return context.transfer_syntaxes.front().view() == kImplicit
                     ? ul::ContextAnswer::Accept(context.transfer_syntaxes.front())
                     : ul::ContextAnswer::Reject(ul::ContextResult::kTransferSyntaxesNotSupported);
        };
        Subject subject(bench);
        auto part = bench.MakePart("1.2.3.1", Kind::kPlan, kPlan);
        auto id = co_await bench.Accept(part);
        Rot(bench, part);
        subject.destination.Start();
        store::Row row = co_await bench.Await(id, State::kQuarantined);
        EXPECT_THAT(row.reason.text, HasSubstr("SHA-256"));
        EXPECT_TRUE(bench.application.stored.empty());
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, ADeadApplicationIsLeftAloneUntilItAnswersAnEcho) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench, [](config::Application& of) {
          of.breaker = {.failures = 1, .probe_every = std::chrono::seconds(30)};
        });
        co_await bench.application.StopListening();
        auto id = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan));
        subject.destination.Start();
        co_await bench.Until([&] { return Attempts(bench, "unreachable") == 1; });
        store::Row row = co_await bench.Await(id, State::kReady);
        EXPECT_EQ(row.reason.cause, Cause::kUnreachable);
        auto down = co_await subject.destination.Describe();
        EXPECT_EQ(down.up, false);
        EXPECT_EQ(down.breaker, Breaker::State::kOpen);
        EXPECT_EQ(bench.metrics.Get<metrics::Id::kDestinationUp>(kName).Value(), 0);
        EXPECT_EQ(bench.metrics.Get<metrics::Id::kBreakerState>(kName).Value(), 2);

        bench.application.Listen();
        bench.clock.Advance(std::chrono::minutes(10));  // the row and the probe are due
        subject.destination.Wake();
        co_await bench.Await(id, State::kDelivered);
        EXPECT_EQ(bench.application.echoes, 1);
        EXPECT_EQ(bench.metrics.Get<metrics::Id::kDestinationUp>(kName).Value(), 1);
        EXPECT_EQ(bench.metrics.Get<metrics::Id::kBreakerState>(kName).Value(), 0);
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, AnEmptyQueueDoesNotKeepADeadApplicationFromBeingProbed) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench, [](config::Application& of) {
          of.breaker = {.failures = 1, .probe_every = std::chrono::milliseconds(1)};
        });
        subject.destination.Start();
        for (int i = 0; i < 5; ++i) co_await bench.ledger->Due(kName);  // it is at rest by now
        co_await bench.application.StopListening();
        std::vector<ul::ProposedContext> contexts = Propose({});
        auto leg = co_await subject.destination.Connect(std::move(contexts), Purpose::kReserved,
                                                        net::Milliseconds(1'000));
        EXPECT_FALSE(leg.has_value());
        bench.application.Listen();
        bench.clock.Advance(std::chrono::minutes(1));  // the probe is due, nothing else ever is
        co_await bench.Until([&] { return bench.application.echoes > 0; });
        co_await bench.Until(
            [&] { return bench.metrics.Get<metrics::Id::kBreakerState>(kName).Value() == 0; });
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, ARejectedAssociationCostsNoRowItsPlace) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.reject = true;
        Subject subject(bench);
        auto one = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kImage, kCt, "1.2.7", 1));
        auto two = co_await bench.Accept(bench.MakePart("1.2.3.2", Kind::kImage, kCt, "1.2.7", 2));
        subject.destination.Start();
        co_await bench.Until([&] { return Attempts(bench, "unreachable") == 1; });
        bench.application.reject = false;
        bench.clock.Advance(std::chrono::minutes(10));
        subject.destination.Wake();
        co_await bench.Await(one, State::kDelivered);
        co_await bench.Await(two, State::kDelivered);
        EXPECT_THAT(bench.application.StoredUids(), ElementsAre("1.2.3.1", "1.2.3.2"));
        co_await End(bench, subject);
      },
      loop_);
}

// ---- at once

TEST_F(DestinationTest, SendNowBringsTheApplicationsOwnStatusAndComment) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.on_store = [](const StoredInstance&) {
          return Reply{.status = 0xB007, .comment = "element discarded"};
        };
        Subject subject(bench);
        subject.destination.Start();
        auto part = bench.MakePart("1.2.3.1", Kind::kPlan, kPlan);
        Attempt attempt = co_await subject.destination.SendNow(part.instance, part.region);
        EXPECT_EQ(attempt.outcome, Attempt::Outcome::kAnswered);
        EXPECT_EQ(attempt.answer.status, 0xB007);
        EXPECT_EQ(attempt.answer.comment, "element discarded");
        EXPECT_THAT(subject.stored, ElementsAre("1.2.3.1"));
        auto again = bench.MakePart("1.2.3.2", Kind::kPlan, kPlan);
        attempt = co_await subject.destination.SendNow(again.instance, again.region);
        EXPECT_EQ(attempt.outcome, Attempt::Outcome::kAnswered);
        EXPECT_EQ(bench.application.associations, 1);
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, SendNowGoesBehindOlderRowsOfItsSeries) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench);  // not started: the row stays ready
        co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan, "1.2.7"));
        auto part = bench.MakePart("1.2.3.2", Kind::kPlan, kPlan, "1.2.7");
        Attempt attempt = co_await subject.destination.SendNow(part.instance, part.region);
        EXPECT_EQ(attempt.outcome, Attempt::Outcome::kNotSent);
        auto other = bench.MakePart("1.2.3.3", Kind::kPlan, kPlan, "1.2.8");
        attempt = co_await subject.destination.SendNow(other.instance, other.region);
        EXPECT_EQ(attempt.outcome, Attempt::Outcome::kAnswered);
        EXPECT_THAT(bench.application.StoredUids(), ElementsAre("1.2.3.3"));
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, SendNowDoesNotPassTheSameInstanceThatIsHeld) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench);
        subject.destination.Start();
        co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan, ""),
                              Needing("1.2.9", Kind::kStructureSet));
        auto part = bench.MakePart("1.2.3.1", Kind::kPlan, kPlan, "");
        Attempt attempt = co_await subject.destination.SendNow(part.instance, part.region);
        EXPECT_EQ(attempt.outcome, Attempt::Outcome::kNotSent);
        EXPECT_TRUE(bench.application.stored.empty());
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, SendNowTellsNotSentFromUnknown) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench);
        auto part = bench.MakePart("1.2.3.1", Kind::kPlan, kPlan);
        bench.application.on_store = [](const StoredInstance&) { return Reply{.abort = true}; };
        Attempt attempt = co_await subject.destination.SendNow(part.instance, part.region);
        EXPECT_EQ(attempt.outcome, Attempt::Outcome::kUnknown);
        bench.application.reject = true;
        attempt = co_await subject.destination.SendNow(part.instance, part.region);
        EXPECT_EQ(attempt.outcome, Attempt::Outcome::kNotSent);
        EXPECT_EQ(attempt.error.code, Errc::kRejected);
        EXPECT_TRUE(subject.stored.empty());
        co_await End(bench, subject);
      },
      loop_);
}

TEST_F(DestinationTest, AClientThatHoldsTheOnlySlotIsAskedToGiveItBack) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench, [](config::Application& of) { of.max_associations = 1; });
        auto slot = co_await subject.destination.TakeSlot(Purpose::kRelay, kPatience);
        EXPECT_TRUE(slot.has_value());
        subject.destination.Start();
        auto id = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan));
        co_await bench.Until([&] { return slot->IsWanted(); });
        EXPECT_TRUE(bench.application.stored.empty());
        slot->Release();
        co_await bench.Await(id, State::kDelivered);
        // And back: the idle association of delivery makes way for the next client.
        auto next = co_await subject.destination.TakeSlot(Purpose::kRelay, kPatience);
        EXPECT_TRUE(next.has_value());
        next->Release();
        co_await End(bench, subject);
      },
      loop_);
}

// ---- the end

TEST_F(DestinationTest, DrainLeavesWhatWasNotSentReady) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench);
        bool draining = false;
        net::Signal drained(loop);
        auto drain = [](Subject& of, net::Signal& done) -> Task<> {
          co_await of.destination.Drain(kPatience);
          done.Notify();
        };
        bench.application.on_store = [&](const StoredInstance&) {
          if (!std::exchange(draining, true)) loop.Spawn(drain(subject, drained));
          return Reply{};
        };
        std::vector<store::RowId> rows;
        for (int i = 1; i <= 4; ++i) {
          rows.push_back(co_await bench.Accept(
              bench.MakePart("1.2.3." + std::to_string(i), Kind::kImage, kCt, "1.2.7", i)));
        }
        subject.destination.Start();
        co_await drained.Wait();
        store::Row first = co_await bench.Find(rows.front());
        store::Row last = co_await bench.Find(rows.back());
        EXPECT_EQ(first.state, State::kDelivered);
        EXPECT_EQ(last.state, State::kReady);
        EXPECT_EQ(bench.application.stored.size(), 1u);
        bench.OnReady({});
        co_await bench.application.Close();
      },
      loop_);
}

TEST_F(DestinationTest, DrainInterruptsAnApplicationThatNeverAnswersAndTheRowIsVerified) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        bench.application.silent = true;
        Subject subject(bench);
        auto id = co_await bench.Accept(bench.MakePart("1.2.3.1", Kind::kPlan, kPlan));
        subject.destination.Start();
        co_await bench.Until([&] { return !bench.application.stored.empty(); });
        co_await subject.destination.Drain(net::Milliseconds(1));
        store::Row row = co_await bench.Find(id);
        EXPECT_EQ(row.state, State::kVerifying);
        bench.OnReady({});
        co_await bench.application.Close();
      },
      loop_);
}

}  // namespace
}  // namespace router::delivery
