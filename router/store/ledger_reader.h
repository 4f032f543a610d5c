#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "router/base/result.h"
#include "router/store/commitments.h"
#include "router/store/row.h"

namespace router::store {

class Database;

// What operators ask, on a read-only connection of its own, so that a page never waits for a
// commit nor delays one. For the threads of the HTTP API: blocks, any thread, one question at a
// time. Pages of at most HeldFilter::kPage rows; no statement is left open when a call returns.
// Errors: kDisk, kCorrupt, kNotFound.
class LedgerReader {
 public:
  // After SqliteLedger::Open on the same directory.
  static Result<std::unique_ptr<LedgerReader>> Open(const std::string& directory);
  ~LedgerReader();

  Result<Row> Find(RowId row);
  Result<std::vector<HeldRow>> Held(const HeldFilter& filter);
  Result<std::vector<HeldRow>> ByUid(const Uid& sop_instance);  // the latest first
  Result<std::vector<HistoryStep>> History(RowId row);
  // All of a row's requirements, in the order of UIDs, beyond the first `skip`; at most kPage.
  Result<std::vector<Requirement>> Missing(RowId row, int skip);
  // How many open rows each application has, if any.
  Result<std::map<std::string, int64_t>> OpenRows();
  // All open rows of an application: by kind in the order of injection, then the series that came
  // first, within a series by instance number, then arrival, as Ledger::Claim gives them out.
  Result<std::vector<RowId>> InOrderOfInjection(const std::string& application);
  // Was the instance ever known to exist at the application, as far as is remembered: believed
  // still or not.
  Result<std::optional<Sighting>> Seen(const std::string& application, const Uid& uid);
  // How many requests for storage commitment each application's clients have had no report of.
  Result<std::map<std::string, int64_t>> OwedCommitments();
  // These requests, the oldest first, HeldFilter::kPage of them.
  Result<std::vector<OwedCommitment>> Owed();

 private:
  explicit LedgerReader(std::unique_ptr<Database> database);
  std::mutex mutex_;
  std::unique_ptr<Database> database_;  // under mutex_
};

}  // namespace router::store
