#include "router/store/queries.h"
#include "router/store/schema.h"
#include "router/store/steps.h"
#include "router/store/sweep.h"
#include "tests/unit/store/store_fixture.h"

// Releasing costs what is released, not what is held: no statement of the way of an instance walks
// a table.
namespace router::store {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kHeld = 20'000;

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
  steps::Exists(tx, kVmsdbd, {Uid("9.1")}, known);
  steps::Absent(tx, kVmsdbd, {{Uid("9.2"), now}});
  steps::AskSoon(tx, kVmsdbd, {Uid("9.2")}, now);
  steps::ForgetExistence(tx, kVmsdbd, {Uid("9.1")});
  steps::Coming(tx, kVmsdbd, {Uid("1.1"), Uid("9.2")});
  Patient patient{dataset::Sha256::Of(AsBytes("1")), {}};
  steps::NotePatient(tx, kVmsdbd, Uid("9.2"), patient, true);
  steps::OtherPatients(tx, kVmsdbd, {Uid("9.2")}, patient);
  steps::ForgetExpired(tx, 100);
  EXPECT_TRUE(steps::Relax(tx, waiting, {Uid("9.3")}, {}));
  EXPECT_EQ(steps::Claim(tx, kVmsdbd, 3, "a", minutes(5)).size(), 3u);
  EXPECT_TRUE(steps::Begin(tx, {first, second}, minutes(5)));
  steps::GiveBack(tx, {waiting});
  EXPECT_TRUE(steps::Verifying(tx, first, {}));
  EXPECT_TRUE(steps::Complete(tx, first, known));
  EXPECT_TRUE(steps::FailAttempt(tx, second, {}, now));
  EXPECT_TRUE(steps::BackToWaiting(tx, third, {}, {Needs("9.4")}, now));
  EXPECT_TRUE(steps::BackToWaiting(tx, second, {}, {}, now));
  EXPECT_TRUE(steps::Quarantine(tx, waiting, {}, std::nullopt));
  EXPECT_TRUE(steps::Retry(tx, waiting, "", "me"));
  EXPECT_TRUE(steps::Release(tx, waiting, "", "me"));
  EXPECT_TRUE(steps::Discard(tx, waiting, "", "me"));
  steps::TakeWarnings(tx, kVmsdbd, now, 10);
  steps::ReserveMessageIds(tx, kVmsdbd, AeTitle::FromWire("S"), 1);
  steps::EndAllSending(tx);
  WantedUids(*database_, kVmsdbd, now, 10);
  UnverifiedRows(*database_, kVmsdbd, 10);
  OverdueRows(*database_, kVmsdbd, now, 10);
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

}  // namespace
}  // namespace router::store
