#include <algorithm>

#include "router/store/commitment_steps.h"
#include "router/store/queries.h"
#include "router/store/schema.h"
#include "router/store/steps.h"
#include "router/store/sweep.h"
#include "tests/unit/store/store_fixture.h"

// Releasing costs what is released, not what is held: no statement of the way of an instance walks
// a table.
namespace router::store {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kHeld = 20'000;
constexpr int kMany = 5'000;

class QueryPlanTest : public ::testing::Test {
 protected:
  QueryPlanTest()
      : database_(Database::Open(folder_.path() + "/ledger.sqlite", Database::Access::kReadWrite)
                      .value()) {
    EXPECT_TRUE(PrepareLedger(*database_, 0));
    database_->Script("PRAGMA synchronous = OFF; BEGIN");
  }
  ~QueryPlanTest() override {
    EXPECT_FALSE(database_->failed()) << database_->failure().detail;
    database_->Script("COMMIT");
  }

  RowId Accept(Transaction& tx, int i, std::vector<Requirement> needs) {
    Acceptance arrival = Arrival("1." + std::to_string(i),
                                 SpoolFile{"f" + std::to_string(i), 10, 0, {}}, std::move(needs));
    arrival.instance.series = Uid("7." + std::to_string(i / 100));
    arrival.instance.instance_number = i;
    return steps::Accept(tx, arrival).row;
  }
  void HoldMany(Transaction& tx) {
    for (int i = 0; i < kHeld; ++i)
      Accept(tx, i, {Needs("9." + std::to_string(i)), Needs("8." + std::to_string(i / 10))});
  }
  // In steps of SQLite's machine, which no other process of this computer disturbs.
  template <class F>
  int64_t WorkOf(F work) {
    database_->ResetWork();
    work();
    return database_->Work();
  }
  std::vector<std::string> PlanOf(const std::string& sql) {
    std::vector<std::string> plan;
    Rows rows = database_->Ask("EXPLAIN QUERY PLAN " + sql);
    while (rows.Next()) {
      rows.Int(), rows.Int(), rows.Int();
      plan.push_back(rows.Text());
    }
    return plan;
  }

  TestClock clock_;
  ScratchFolder folder_;
  std::unique_ptr<Database> database_;
};

TEST_F(QueryPlanTest, NoStatementOfTheWayOfAnInstanceWalksATable) {
  WallTime now = clock_.WallNow();
  Knowledge known{How::kQuery, now + hours(1)};
  Transaction tx(*database_, now);
  RowId waiting = Accept(tx, 1, {Needs("9.1"), Needs("9.2"), Needs("9.3")});
  RowId first = Accept(tx, 2, {}), second = Accept(tx, 3, {}), third = Accept(tx, 4, {});
  for (const Priority priority :
       {Priority::kLow, Priority::kHigh}) {  // the second raises the first
    const std::string name = "copy" + std::to_string(static_cast<int>(priority));
    Acceptance copy = Arrival("1." + std::to_string(100 + static_cast<int>(priority)),
                              SpoolFile{name, 10, 0, {}});
    copy.instance.application = "RTPACS";
    copy.instance.series = Uid("7.9");
    copy.priority = priority;
    copy.not_before = now + hours(1);
    steps::Accept(tx, copy);
  }
  Acceptance lost = Arrival("1.200", SpoolFile{"lost", 10, 0, {}});
  lost.instance.application = "RTPACS";
  lost.verify = Reason{Cause::kOutcomeUnknown, "lost"};
  steps::Accept(tx, lost);
  steps::Exists(tx, kVmsdbd, {Uid("9.1")}, known);
  steps::Absent(tx, kVmsdbd, {{Uid("9.2"), now}});
  steps::AskSoon(tx, kVmsdbd, {Uid("9.2")}, now);
  steps::CollectionsFound(tx, kVmsdbd, {{Uid("9.5"), Uid("6.1")}});
  CollectionsWanted(*database_, kVmsdbd, 10);
  steps::ForgetExistence(tx, kVmsdbd, {Uid("9.1")});
  steps::Coming(tx, kVmsdbd, {Uid("1.1"), Uid("9.2")});
  Patient patient{dataset::Sha256::Of(AsBytes("1")), {}};
  steps::NotePatient(tx, kVmsdbd, Uid("9.2"), patient, true);
  steps::OtherPatients(tx, kVmsdbd, {Uid("9.2")}, patient);
  steps::ForgetExpired(tx, 100);
  EXPECT_TRUE(steps::Relax(tx, waiting, {Uid("9.3")}, {}));
  EXPECT_EQ(steps::Claim(tx, kVmsdbd, 3, "a", minutes(5)).size(), 3u);
  steps::ClaimFresh(tx, kVmsdbd, 3, "a", minutes(5));
  steps::ClaimLongestDue(tx, kVmsdbd, "a", minutes(5));
  EXPECT_TRUE(steps::Begin(tx, {first, second}, minutes(5)));
  steps::GiveBack(tx, {waiting});
  EXPECT_TRUE(steps::Verifying(tx, first, {}));
  EXPECT_TRUE(steps::Complete(tx, first, known));
  EXPECT_TRUE(steps::FailAttempt(tx, second, {}, now));
  EXPECT_TRUE(steps::BackToWaiting(tx, third, {}, {Needs("9.4")}, now));
  EXPECT_TRUE(steps::BackToWaiting(tx, second, {}, {}, now));
  EXPECT_TRUE(steps::Quarantine(tx, waiting, {}, std::nullopt));
  EXPECT_TRUE(steps::Retry(tx, waiting, "", "me"));
  EXPECT_TRUE(steps::Release(tx, waiting, "", "me", std::nullopt));
  EXPECT_TRUE(steps::Discard(tx, waiting, "", "me"));
  steps::TakeWarnings(tx, kVmsdbd, now, 10);
  steps::ReserveMessageIds(tx, kVmsdbd, AeTitle::FromWire("S"), 1);
  steps::EndAllSending(tx);
  NewCommitment asked{
      kVmsdbd, AeTitle::FromWire("TPS"), {}, "", {Uid("2.1"), {{Uid("1.1"), Uid("1.2")}}}, now, 1};
  const RowId owed = steps::AddCommitment(tx, asked).value().id;
  steps::ConcernsUs(*database_, asked);
  steps::AddCommitment(tx, asked);
  EXPECT_EQ(steps::UndecidedInstances(*database_, kVmsdbd, 0, -1, 10, now).size(), 1u);
  Acceptance sent = Arrival("1.2", SpoolFile{"kept", 10, 0, {}});
  sent.retain_for = hours(1);
  steps::Keep(tx, sent);
  EXPECT_EQ(steps::DecideInstances(tx, {{owed, 0, 0, {"kept"}, now + hours(1)}}), 1);
  EXPECT_EQ(steps::RenewPromises(tx, owed, now + hours(2), 0x0110), 0);
  steps::MakeRoom(tx, 1);
  steps::EndKeeping(tx, 10);
  EXPECT_EQ(steps::DueReports(*database_, kVmsdbd, now, 10).size(), 1u);
  steps::NextReport(*database_, kVmsdbd);
  EXPECT_TRUE(steps::ResultOfCommitment(*database_, owed));
  EXPECT_TRUE(steps::ReportAgain(tx, owed, now, true));
  EXPECT_TRUE(steps::EndCommitment(tx, owed, true));
  WantedUids(*database_, kVmsdbd, now, 10);
  UnverifiedRows(*database_, kVmsdbd, 10);
  OverdueRows(*database_, kVmsdbd, now, 10);
  QuietRows(*database_, kVmsdbd, now, 10);
  DueOf(*database_, kVmsdbd);
  OpenRowsOf(*database_, kVmsdbd);
  StandingOfInstance(*database_, Arrival("1.1", SpoolFile()).instance);
  HeldRows(*database_, {});
  RowsOfUid(*database_, Uid("1.1"));
  HistoryOf(*database_, waiting);
  tx.Close();

  std::vector<std::string> statements = database_->Statements();
  EXPECT_GT(statements.size(), 40u);
  for (const std::string& sql : statements) {
    if (sql.starts_with("PRAGMA") || sql.starts_with("EXPLAIN")) continue;
    for (const std::string& step : PlanOf(sql)) {
      // "SCAN x USING COVERING INDEX" walks as well.
      EXPECT_THAT(step, Not(HasSubstr("SCAN"))) << sql;
    }
  }
}

TEST_F(QueryPlanTest, WhatIsForgottenIsFoundByItsTime) {
  Transaction tx(*database_, clock_.WallNow());
  steps::ForgetExpired(tx, 100);
  const std::vector<std::string> statements = database_->Statements();
  for (std::string table : {"existence", "patient"}) {
    const std::string index = table == "patient" ? "patient_at" : "existence_expires";
    auto sql = std::ranges::find_if(statements, [&](const std::string& one) {
      return one.starts_with("DELETE FROM " + table + " ");
    });
    ASSERT_NE(sql, statements.end()) << table;
    const std::vector<std::string> plan = PlanOf(*sql);
    EXPECT_THAT(plan, Contains(HasSubstr("USING COVERING INDEX " + index + " ("))) << *sql;
    EXPECT_THAT(plan, Contains(HasSubstr("SEARCH " + table + " USING PRIMARY KEY"))) << *sql;
  }
}

// Each row waits for all of the next layer, and the last layer comes.
TEST_F(QueryPlanTest, CraftedChainsAreLookedAtOnce) {
  constexpr int kLayers = 5, kWide = 14;
  Transaction tx(*database_, clock_.WallNow());
  auto number = [](int layer, int at) { return 1000 * layer + at; };
  for (int layer = 1; layer <= kLayers; ++layer) {
    std::vector<Requirement> needs;
    for (int at = 0; at < kWide && layer < kLayers; ++at)
      needs.push_back(Needs("1." + std::to_string(number(layer + 1, at))));
    for (int at = 0; at < kWide; ++at) Accept(tx, number(layer, at), needs);
  }
  std::vector<Uid> coming;
  const int64_t work = WorkOf([&] { coming = steps::Coming(tx, kVmsdbd, {Uid("1.1000")}); });
  EXPECT_EQ(coming.size(), 1u);
  EXPECT_LT(work, 100 * kLayers * kWide * kWide) << "in steps of the virtual machine";
}

TEST_F(QueryPlanTest, AScanWouldBeSeen) {
  std::vector<std::string> plan = PlanOf("SELECT id FROM delivery WHERE reason = 'x'");
  ASSERT_FALSE(plan.empty());
  EXPECT_THAT(plan[0], HasSubstr("SCAN"));
}

// Counted in steps of SQLite's machine, which no other process of this computer disturbs.
TEST_F(QueryPlanTest, OneReleaseAmongTwentyThousandCostsWhatItCostsAlone) {
  Transaction tx(*database_, clock_.WallNow());
  RowId lone = Accept(tx, 1'000'000, {Needs("9.1000000")});
  Knowledge known{How::kQuery, clock_.WallNow() + hours(1)};
  auto cost = [&](const Uid& uid, RowId expected) {
    database_->ResetWork();
    std::vector<ReadyRow> ready = steps::Exists(tx, kVmsdbd, {uid}, known);
    EXPECT_EQ(ready.size(), 1u);
    EXPECT_TRUE(ready.empty() || ready[0].id == expected);
    return database_->Work();
  };
  int64_t alone = cost(Uid("9.1000000"), lone);
  HoldMany(tx);
  RowId one = Accept(tx, 1'000'001, {Needs("9.1000001")});
  int64_t among = cost(Uid("9.1000001"), one);
  EXPECT_GT(alone, 0);
  EXPECT_LE(among, 2 * alone) << "in steps of the virtual machine";
}

TEST_F(QueryPlanTest, AClaimAmongThousandsThatRestCostsWhatItCostsAlone) {
  WallTime now = clock_.WallNow();
  Transaction tx(*database_, now);
  auto cost = [&](int i) {
    RowId due = Accept(tx, i, {});
    std::vector<Row> claimed;
    int64_t work = WorkOf([&] { claimed = steps::Claim(tx, kVmsdbd, 10, "a", minutes(5)); });
    EXPECT_EQ(claimed.size(), 1u);
    EXPECT_TRUE(claimed.empty() || claimed[0].id == due);
    EXPECT_TRUE(steps::Complete(tx, due, std::nullopt));
    return work;
  };
  int64_t alone = cost(1'000'000);
  for (int i = 0; i < kMany; ++i) {
    Acceptance arrival = Arrival("1." + std::to_string(i), SpoolFile{std::to_string(i), 1, 0, {}});
    steps::Accept(tx, arrival);
  }
  // As if an attempt of each had been answered "later".
  while (!steps::Claim(tx, kVmsdbd, 1000, "a", minutes(5)).empty()) {
  }
  for (RowId row = 2; row < kMany + 2; ++row)
    ASSERT_TRUE(steps::FailAttempt(tx, row, {Cause::kRetry, ""}, now + hours(1)));
  EXPECT_LE(cost(1'000'001), 2 * alone) << "in steps of the virtual machine";
}

TEST_F(QueryPlanTest, AClaimOfTheMostUrgentAmongThousandsDueCostsWhatItCostsAlone) {
  Transaction tx(*database_, clock_.WallNow());
  auto cost = [&](int i) {
    Acceptance urgent = Arrival("1." + std::to_string(i), SpoolFile{std::to_string(i), 1, 0, {}});
    urgent.instance.kind = Kind::kDose;
    urgent.priority = Priority::kHigh;
    const RowId due = steps::Accept(tx, urgent).row;
    std::vector<Row> claimed;
    const int64_t work = WorkOf([&] { claimed = steps::Claim(tx, kVmsdbd, 1, "a", minutes(5)); });
    EXPECT_EQ(claimed.size(), 1u);
    EXPECT_TRUE(claimed.empty() || claimed[0].id == due);
    EXPECT_TRUE(steps::Complete(tx, due, std::nullopt));
    return work;
  };
  const int64_t alone = cost(1'000'000);
  for (int i = 0; i < kMany; ++i) Accept(tx, i, {});
  EXPECT_LE(cost(1'000'001), 2 * alone) << "in steps of the virtual machine";
}

TEST_F(QueryPlanTest, TheLastOfALongSeriesIsAcceptedAsCheaplyAsTheSecond) {
  Transaction tx(*database_, clock_.WallNow());
  auto cost = [&](int i) {
    Acceptance one = Arrival("1." + std::to_string(i), SpoolFile{std::to_string(i), 1, 0, {}});
    one.instance.series = Uid("7.1");
    return WorkOf([&] { steps::Accept(tx, one); });
  };
  cost(0);
  const int64_t second = cost(1);
  for (int i = 2; i < kMany; ++i) cost(i);
  EXPECT_LE(cost(kMany), 2 * second) << "in steps of the virtual machine";
}

TEST_F(QueryPlanTest, WhatIsDueAmongThousandsIsFoundAsIfAlone) {
  WallTime now = clock_.WallNow();
  Transaction tx(*database_, now);
  auto listed = [](const std::string& uid) {
    Requirement requirement = Needs(uid);
    requirement.site = kListOnly;
    return requirement;
  };
  auto quiet = [&] {
    size_t found = 0;
    int64_t work = WorkOf([&] { found = QuietRows(*database_, kVmsdbd, now, 10).size(); });
    EXPECT_EQ(found, 1u);
    return work;
  };
  auto first = [&] {
    std::vector<WantedUid> wanted;
    int64_t work = WorkOf([&] { wanted = WantedUids(*database_, kVmsdbd, now, 1); });
    EXPECT_TRUE(wanted.size() == 1 && wanted[0].uid == Uid("9.1000000"));
    return work;
  };
  Accept(tx, 1'000'000, {listed("9.1000000")});
  steps::AskSoon(tx, kVmsdbd, {Uid("9.1000000")}, now);
  int64_t quiet_alone = quiet(), first_alone = first();
  for (int i = 0; i < kMany; ++i)
    Accept(tx, i, {Needs("9." + std::to_string(i)), listed("8." + std::to_string(i / 10))});
  EXPECT_LE(quiet(), 2 * quiet_alone) << "in steps of the virtual machine";
  EXPECT_LE(first(), 2 * first_alone) << "in steps of the virtual machine";
}

// What was delivered long ago is kept for good.
TEST_F(QueryPlanTest, WhatWasDeliveredLongAgoMakesNoAttemptDearer) {
  Transaction tx(*database_, clock_.WallNow());
  Knowledge known{How::kQuery, clock_.WallNow() + hours(1)};
  auto cost = [&](int i) {
    RowId row = Accept(tx, i, {});
    const Instance instance = FindRow(*database_, row)->instance;
    return WorkOf([&] {
      StandingOfInstance(*database_, instance);
      EXPECT_EQ(steps::Claim(tx, kVmsdbd, 1, "a", minutes(5)).size(), 1u);
      EXPECT_TRUE(steps::Begin(tx, {row}, minutes(5)));
      EXPECT_TRUE(steps::Complete(tx, row, known));
    });
  };
  int64_t alone = cost(1'000'000);
  for (int i = 0; i < kMany; ++i) {
    RowId row = Accept(tx, i, {});
    ASSERT_EQ(steps::Claim(tx, kVmsdbd, 1, "a", minutes(5)).size(), 1u);
    ASSERT_TRUE(steps::Complete(tx, row, std::nullopt));
  }
  EXPECT_LE(cost(1'000'001), 2 * alone) << "in steps of the virtual machine";
}

}  // namespace
}  // namespace router::store
