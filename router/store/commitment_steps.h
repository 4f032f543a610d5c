#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "router/store/commitments.h"
#include "router/store/transaction.h"

// What each call of CommitmentLedger does inside a transaction; commitments.h has the meaning. A
// call that returns an error has changed nothing.
namespace router::store::steps {

Result<AddedCommitment> AddCommitment(Transaction& tx, const NewCommitment& asked);
bool ConcernsUs(Database& database, const NewCommitment& asked);
std::vector<UndecidedInstance> UndecidedInstances(Database& database,
                                                  const std::string& application, RowId commitment,
                                                  int position, int limit, WallTime now);
int DecideInstances(Transaction& tx, const std::vector<InstanceDecision>& decisions);
std::vector<Commitment> DueReports(Database& database, const std::string& application,
                                   WallTime due_by, int limit);
std::optional<WallTime> NextReport(Database& database, const std::string& application);
std::map<std::string, int64_t> OwedOfAll(Database& database);
std::vector<OwedCommitment> OldestOwed(Database& database, int limit);
Result<CommitmentResult> ResultOfCommitment(Database& database, RowId id);
int RenewPromises(Transaction& tx, RowId id, WallTime promised_until, uint16_t lost_reason);
Result<> EndCommitment(Transaction& tx, RowId id, bool reported);
Result<> ReportAgain(Transaction& tx, RowId id, WallTime next_attempt_at, bool attempted);

}  // namespace router::store::steps
