#include "tests/unit/delivery/destination_fixture.h"

// What rules may ask for: one instance for several applications, some of which hold nothing; a time
// before which nothing is sent.
namespace router::delivery {
namespace {

constexpr const char* kPacs = "RTPACS";

// `application` and a second one without a profile.
std::shared_ptr<const config::Config> WithPacs(Bench& bench, ApplicationStandIn& pacs) {
  config::Config config = *bench.Configured();
  config::Application of = config.applications.front();
  of.name = kPacs;
  of.ae_title = AeTitle::FromWire(kPacs);
  of.address = config::Endpoint{"127.0.0.1", pacs.port()};
  of.profile = config::Profile::kNone;
  config.applications.push_back(std::move(of));
  return std::make_shared<const config::Config>(std::move(config));
}

// Held for the first until its reference is there, ready for the second.
Task<std::vector<store::Accepted>> AcceptCopies(Bench& bench, std::string uid, int number) {
  auto part = bench.MakePart(uid, Kind::kImage, kCt, "1.2.7", number);
  std::vector<store::Acceptance> both(2);
  for (store::Acceptance& one : both) {
    one.instance = part.instance;
    one.file = part.file;
  }
  both[0].requirements = Needing("1.9", Kind::kImage);
  both[1].instance.application = kPacs;
  auto accepted = co_await bench.ledger->AcceptAll(std::move(both));
  EXPECT_TRUE(accepted.has_value());
  co_return accepted ? std::move(*accepted) : std::vector<store::Accepted>(2);
}

TEST_F(DestinationTest, EachApplicationGetsItsCopyInOrderWhenItIsDueThere) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        ApplicationStandIn pacs(loop);
        bench.application.Listen();
        pacs.Listen();
        auto config = WithPacs(bench, pacs);
        Subject subject(bench, config, true);
        Destination second({bench.loop, bench.disk, bench.cpu, *bench.ledger, *bench.spool,
                            bench.metrics, bench.clock},
                           config, kPacs, {});
        bench.OnReady([&] {
          subject.destination.Wake();
          second.Wake();
        });
        std::vector<store::RowId> held, ready;
        for (int number : {3, 1, 2}) {
          auto rows = co_await AcceptCopies(bench, "1.2.3." + std::to_string(number), number);
          EXPECT_EQ(rows[0].state, State::kWaiting);
          EXPECT_EQ(rows[1].state, State::kReady);
          held.push_back(rows[0].row);
          ready.push_back(rows[1].row);
        }
        subject.destination.Start();
        second.Start();
        for (store::RowId row : ready) co_await bench.Await(row, State::kDelivered);
        EXPECT_THAT(pacs.StoredUids(), ElementsAre("1.2.3.1", "1.2.3.2", "1.2.3.3"));
        EXPECT_THAT(bench.application.StoredUids(), ElementsAre());
        const store::Knowledge known{store::How::kQuery,
                                     bench.clock.WallNow() + std::chrono::hours(1)};
        const std::vector<Uid> uids(1, Uid("1.9"));
        auto released = co_await bench.ledger->Exists(kName, uids, known);
        EXPECT_TRUE(released.has_value());
        for (store::RowId row : held) co_await bench.Await(row, State::kDelivered);
        EXPECT_THAT(bench.application.StoredUids(), ElementsAre("1.2.3.1", "1.2.3.2", "1.2.3.3"));
        EXPECT_EQ(pacs.stored.size(), 3u);
        co_await second.Drain(kPatience);
        co_await pacs.Close();
        co_await End(bench, subject);
        EXPECT_TRUE(std::filesystem::is_empty(bench.spool->paths().Spool()));
      },
      loop_);
}

TEST_F(DestinationTest, WhatHasATimeOfItsOwnIsSentThenAndKeepsItsSeriesInOrder) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Bench bench(loop);
        bench.application.Listen();
        Subject subject(bench);
        subject.destination.Start();
        auto part = bench.MakePart("1.2.3.1", Kind::kImage, kCt, "1.2.7", 1);
        store::Acceptance night;
        night.instance = part.instance;
        night.file = part.file;
        night.not_before = bench.clock.WallNow() + std::chrono::hours(8);
        auto accepted = co_await bench.ledger->Accept(std::move(night));
        EXPECT_TRUE(accepted.has_value());
        auto behind =
            co_await bench.Accept(bench.MakePart("1.2.3.2", Kind::kImage, kCt, "1.2.7", 2));
        auto other =
            co_await bench.Accept(bench.MakePart("1.2.4.1", Kind::kImage, kCt, "1.2.8", 1));
        co_await bench.Await(other, State::kDelivered);
        EXPECT_THAT(bench.application.StoredUids(), ElementsAre("1.2.4.1"));
        auto late = bench.MakePart("1.2.3.3", Kind::kImage, kCt, "1.2.7", 3);
        Attempt attempt = co_await subject.destination.SendNow(late.instance, late.region);
        EXPECT_TRUE(attempt.is_behind);
        bench.clock.Advance(std::chrono::hours(8));
        subject.destination.Wake();
        co_await bench.Await(behind, State::kDelivered);
        EXPECT_THAT(bench.application.StoredUids(), ElementsAre("1.2.4.1", "1.2.3.1", "1.2.3.2"));
        co_await End(bench, subject);
      },
      loop_);
}

}  // namespace
}  // namespace router::delivery
