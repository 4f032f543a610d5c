#pragma once
#include "router/store/commitments.h"

namespace router::store {

class LedgerThread;

// Requests for storage commitment in the tables of SqliteLedger, which owns it.
class SqliteCommitments : public CommitmentLedger {
 public:
  explicit SqliteCommitments(LedgerThread& thread) : thread_(thread) {}

  Task<Result<AddedCommitment>> Add(NewCommitment asked) override;
  Task<Result<bool>> Concerns(NewCommitment asked) override;
  Task<Result<std::vector<UndecidedInstance>>> Undecided(std::string application, RowId commitment,
                                                         int position, int limit) override;
  Task<Result<int>> Decide(std::vector<InstanceDecision> decisions) override;
  Task<Result<std::vector<Commitment>>> Due(std::string application, WallTime due_by,
                                            int limit) override;
  Task<Result<std::optional<WallTime>>> NextDue(std::string application) override;
  Task<Result<CommitmentResult>> ResultOf(RowId commitment) override;
  Task<Result<int>> Renew(RowId commitment, WallTime promised_until, uint16_t lost_reason) override;
  Task<Result<>> Reported(RowId commitment) override;
  Task<Result<>> NotReported(RowId commitment, WallTime next_attempt_at, bool attempted) override;
  Task<Result<>> GiveUp(RowId commitment) override;

 private:
  LedgerThread& thread_;
};

}  // namespace router::store
