#include "tests/unit/store/ledger_contract.h"

// SqliteLedger under the contract's tests.
namespace router::store {
namespace {

class SqliteHarness : public LedgerHarness {
 public:
  explicit SqliteHarness(const Clock& clock) : clock_(clock) { Restart(); }
  Ledger& ledger() override { return *ledger_; }
  CommitmentLedger& commitments() override { return ledger_->commitments(); }
  StorePaths paths() const override { return {folder_.path()}; }
  void Restart() override {
    ledger_.reset();
    Result<std::unique_ptr<SqliteLedger>> opened =
        SqliteLedger::Open({.directory = folder_.path()}, clock_);
    if (!opened) log::Fatal("the ledger does not open", {{"why", opened.error().detail}});
    ledger_ = std::move(*opened);
  }

 private:
  const Clock& clock_;
  ScratchFolder folder_;
  std::unique_ptr<SqliteLedger> ledger_;
};

const LedgerMaker kSqlite = {"Sqlite", [](const Clock& clock) -> std::unique_ptr<LedgerHarness> {
                               return std::make_unique<SqliteHarness>(clock);
                             }};
std::string Name(const ::testing::TestParamInfo<LedgerMaker>& maker) { return maker.param.name; }

}  // namespace

INSTANTIATE_TEST_SUITE_P(Store, LedgerContract, ::testing::Values(kSqlite), Name);
INSTANTIATE_TEST_SUITE_P(Store, ClockStep, ::testing::Values(kSqlite), Name);
INSTANTIATE_TEST_SUITE_P(Store, LedgerDueContract, ::testing::Values(kSqlite), Name);
INSTANTIATE_TEST_SUITE_P(Store, LedgerTermsContract, ::testing::Values(kSqlite), Name);
INSTANTIATE_TEST_SUITE_P(Store, LedgerCopiesContract, ::testing::Values(kSqlite), Name);
INSTANTIATE_TEST_SUITE_P(Store, LedgerComing, ::testing::Values(kSqlite), Name);
INSTANTIATE_TEST_SUITE_P(Store, LedgerPatients, ::testing::Values(kSqlite), Name);
INSTANTIATE_TEST_SUITE_P(Store, LedgerDeliveryContract, ::testing::Values(kSqlite), Name);
INSTANTIATE_TEST_SUITE_P(Store, KeptContract, ::testing::Values(kSqlite), Name);
INSTANTIATE_TEST_SUITE_P(Store, CommitmentContract, ::testing::Values(kSqlite), Name);

}  // namespace router::store
