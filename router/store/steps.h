#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "router/base/result.h"
#include "router/store/ledger.h"
#include "router/store/transaction.h"

// What each call of the ledger does inside a transaction. A call that returns an error has changed
// nothing: all that can be refused is refused before the first change. ledger.h has the meaning.
namespace router::store::steps {

// acceptance.cc
Accepted Accept(Transaction& tx, const Acceptance& acceptance);

// kept.cc: files of delivered rows, for storage commitment
RowId Keep(Transaction& tx, const Acceptance& acceptance);
uint64_t MakeRoom(Transaction& tx, uint64_t bytes);
// Those whose time is over; at most so many.
int64_t EndKeeping(Transaction& tx, int at_most);

// existence.cc
std::vector<ReadyRow> Exists(Transaction& tx, const std::string& application,
                             const std::vector<Uid>& uids, const Knowledge& knowledge);
std::vector<ReadyRow> CollectionsFound(Transaction& tx, const std::string& application,
                                       const std::vector<Collection>& collections);
void Absent(Transaction& tx, const std::string& application, const std::vector<Absence>& absences);
void ForgetExistence(Transaction& tx, const std::string& application, const std::vector<Uid>& uids);
std::vector<Uid> AskSoon(Transaction& tx, const std::string& application,
                         const std::vector<Uid>& uids, WallTime at);
std::vector<Uid> Unknown(Transaction& tx, const std::string& application,
                         const std::vector<Uid>& uids);
std::vector<Uid> Coming(Transaction& tx, const std::string& application,
                        const std::vector<Uid>& uids);
// How many of the table that had the most to forget.
int64_t ForgetExpired(Transaction& tx, int at_most);

// patients.cc
std::vector<Uid> OtherPatients(Transaction& tx, const std::string& application,
                               const std::vector<Uid>& uids, const Patient& patient);
std::vector<Row> NotePatient(Transaction& tx, const std::string& application, const Uid& uid,
                             const Patient& patient, bool quarantine);
int64_t ForgetPatients(Transaction& tx, WallTime before, int at_most);

// requirements.cc
// Writes the requirements of a new row, met where the UIDs are known; `row` is counted afresh.
void AddRequirements(Transaction& tx, const Row& row, const std::vector<Requirement>& all);
Result<State> Relax(Transaction& tx, RowId id, const std::vector<Uid>& uids, const Reason& reason);
Result<State> BackToWaiting(Transaction& tx, RowId id, const Reason& reason,
                            const std::vector<Requirement>& unmet, WallTime retry_at);

// claims.cc
std::vector<Row> Claim(Transaction& tx, const std::string& application, int limit,
                       const std::string& owner, std::chrono::milliseconds lease);
std::vector<Row> ClaimFresh(Transaction& tx, const std::string& application, int limit,
                            const std::string& owner, std::chrono::milliseconds lease);
std::vector<Row> ClaimLongestDue(Transaction& tx, const std::string& application,
                                 const std::string& owner, std::chrono::milliseconds lease);
Result<Row> Begin(Transaction& tx, const std::vector<RowId>& rows, std::chrono::milliseconds lease);
int Renew(Transaction& tx, const std::vector<RowId>& rows, std::chrono::milliseconds lease);
void GiveBack(Transaction& tx, const std::vector<RowId>& rows);
// What was claimed when the process before us ended. Returns how many rows are to be verified.
int EndAllSending(Transaction& tx);

// outcomes.cc
// A question found it: rows of it that are being verified are delivered, where that is a proof.
void SettleFound(Transaction& tx, const std::string& application, const Uid& uid);
Result<std::vector<ReadyRow>> Complete(Transaction& tx, RowId id,
                                       const std::optional<Knowledge>& knowledge);
Result<> Verifying(Transaction& tx, RowId id, const Reason& reason);
Result<> FailAttempt(Transaction& tx, RowId id, const Reason& reason, WallTime next_attempt_at);
Result<> Quarantine(Transaction& tx, RowId id, const Reason& reason, std::optional<State> from);
Result<> Discard(Transaction& tx, RowId id, const std::string& reason, const std::string& by);
Result<State> Release(Transaction& tx, RowId id, const std::string& reason, const std::string& by,
                      std::optional<State> from);
Result<State> Retry(Transaction& tx, RowId id, const std::string& reason, const std::string& by);
std::vector<Row> TakeWarnings(Transaction& tx, const std::string& application, WallTime now,
                              int limit);
uint16_t ReserveMessageIds(Transaction& tx, const std::string& application, const AeTitle& title,
                           uint16_t count);

// clock_step.cc
// The wall clock was set back: next attempts, next questions and leases come earlier by as much.
void MoveBack(Transaction& tx, std::chrono::milliseconds by);
// The same, judged by the last step in the history.
void MoveBackAtStart(Transaction& tx);

}  // namespace router::store::steps
