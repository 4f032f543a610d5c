#include "router/store/sqlite_commitments.h"

#include "router/store/commitment_steps.h"
#include "router/store/ledger_thread.h"

namespace router::store {

Task<Result<AddedCommitment>> SqliteCommitments::Add(NewCommitment asked) {
  return thread_.Do<AddedCommitment>(
      {}, [asked = std::move(asked)](Transaction& tx) { return steps::AddCommitment(tx, asked); });
}

Task<Result<bool>> SqliteCommitments::Concerns(NewCommitment asked) {
  return thread_.Do<bool>({}, [asked = std::move(asked)](Transaction& tx) {
    return steps::ConcernsUs(tx.database(), asked);
  });
}

Task<Result<std::vector<UndecidedInstance>>> SqliteCommitments::Undecided(std::string application,
                                                                          RowId commitment,
                                                                          int position, int limit) {
  return thread_.Do<std::vector<UndecidedInstance>>({}, [=](Transaction& tx) {
    return steps::UndecidedInstances(tx.database(), application, commitment, position, limit,
                                     tx.now());
  });
}

Task<Result<int>> SqliteCommitments::Decide(std::vector<InstanceDecision> decisions) {
  return thread_.Do<int>({}, [decisions = std::move(decisions)](Transaction& tx) {
    return steps::DecideInstances(tx, decisions);
  });
}

Task<Result<std::vector<Commitment>>> SqliteCommitments::Due(std::string application,
                                                             WallTime due_by, int limit) {
  return thread_.Do<std::vector<Commitment>>({}, [=](Transaction& tx) {
    return steps::DueReports(tx.database(), application, due_by, limit);
  });
}

Task<Result<std::optional<WallTime>>> SqliteCommitments::NextDue(std::string application) {
  return thread_.Do<std::optional<WallTime>>(
      {}, [=](Transaction& tx) { return steps::NextReport(tx.database(), application); });
}

Task<Result<CommitmentResult>> SqliteCommitments::ResultOf(RowId commitment) {
  return thread_.Do<CommitmentResult>(
      {}, [=](Transaction& tx) { return steps::ResultOfCommitment(tx.database(), commitment); });
}

Task<Result<int>> SqliteCommitments::Renew(RowId commitment, WallTime promised_until,
                                           uint16_t lost_reason) {
  return thread_.Do<int>({}, [=](Transaction& tx) {
    return steps::RenewPromises(tx, commitment, promised_until, lost_reason);
  });
}

Task<Result<>> SqliteCommitments::Reported(RowId commitment) {
  return thread_.Do<void>(
      {}, [=](Transaction& tx) { return steps::EndCommitment(tx, commitment, true); });
}

Task<Result<>> SqliteCommitments::NotReported(RowId commitment, WallTime next_attempt_at,
                                              bool attempted) {
  return thread_.Do<void>({}, [=](Transaction& tx) {
    return steps::ReportAgain(tx, commitment, next_attempt_at, attempted);
  });
}

Task<Result<>> SqliteCommitments::GiveUp(RowId commitment) {
  return thread_.Do<void>(
      {}, [=](Transaction& tx) { return steps::EndCommitment(tx, commitment, false); });
}

}  // namespace router::store
