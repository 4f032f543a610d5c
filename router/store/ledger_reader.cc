#include "router/store/ledger_reader.h"

#include "router/store/commitment_steps.h"
#include "router/store/database.h"
#include "router/store/queries.h"
#include "router/store/spool.h"

namespace router::store {
namespace {

// The answer, unless the database failed on the way. A failure does not outlive the question.
template <class T>
Result<T> Judge(Database& database, T answer) {
  if (!database.failed()) return answer;
  Error error = database.failure();
  database.Forgive();
  return std::unexpected(std::move(error));
}

}  // namespace

LedgerReader::LedgerReader(std::unique_ptr<Database> database) : database_(std::move(database)) {}
LedgerReader::~LedgerReader() = default;

Result<std::unique_ptr<LedgerReader>> LedgerReader::Open(const std::string& directory) {
  Result<std::unique_ptr<Database>> database =
      Database::Open(StorePaths{directory}.Ledger(), Database::Access::kReadOnly);
  if (!database) return std::unexpected(database.error());
  return std::unique_ptr<LedgerReader>(new LedgerReader(std::move(*database)));
}

Result<Row> LedgerReader::Find(RowId row) {
  std::lock_guard lock(mutex_);
  Result<std::optional<Row>> found = Judge(*database_, FindRow(*database_, row));
  if (!found) return std::unexpected(found.error());
  if (*found) return std::move(**found);
  return Fail(Errc::kNotFound, Blame::kInternal, "there is no row " + std::to_string(row));
}

Result<std::vector<HeldRow>> LedgerReader::Held(const HeldFilter& filter) {
  std::lock_guard lock(mutex_);
  return Judge(*database_, HeldRows(*database_, filter));
}

Result<std::vector<HeldRow>> LedgerReader::ByUid(const Uid& sop_instance) {
  std::lock_guard lock(mutex_);
  return Judge(*database_, RowsOfUid(*database_, sop_instance));
}

Result<std::vector<HistoryStep>> LedgerReader::History(RowId row) {
  std::lock_guard lock(mutex_);
  return Judge(*database_, HistoryOf(*database_, row));
}

Result<std::vector<Requirement>> LedgerReader::Missing(RowId row, int skip) {
  std::lock_guard lock(mutex_);
  return Judge(*database_, MissingOf(*database_, row, skip, HeldFilter::kPage));
}

Result<std::map<std::string, int64_t>> LedgerReader::OpenRows() {
  std::lock_guard lock(mutex_);
  return Judge(*database_, OpenRowsOfAll(*database_));
}

Result<std::map<std::string, int64_t>> LedgerReader::OwedCommitments() {
  std::lock_guard lock(mutex_);
  return Judge(*database_, steps::OwedOfAll(*database_));
}

Result<std::vector<OwedCommitment>> LedgerReader::Owed() {
  std::lock_guard lock(mutex_);
  return Judge(*database_, steps::OldestOwed(*database_, HeldFilter::kPage));
}

Result<std::vector<RowId>> LedgerReader::InOrderOfInjection(const std::string& application) {
  std::lock_guard lock(mutex_);
  return Judge(*database_, OpenRowsInOrder(*database_, application));
}

Result<std::optional<Sighting>> LedgerReader::Seen(const std::string& application, const Uid& uid) {
  std::lock_guard lock(mutex_);
  return Judge(*database_, SightingOf(*database_, application, uid));
}

}  // namespace router::store
