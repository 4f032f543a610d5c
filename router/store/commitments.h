#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "router/base/ae_title.h"
#include "router/base/clock.h"
#include "router/base/result.h"
#include "router/base/uid.h"
#include "router/dataset/commitment.h"
#include "router/net/task.h"
#include "router/store/row.h"

namespace router::store {

using net::Task;

// One request for storage commitment: open until every instance is decided, then due to be
// reported until the client has acknowledged that, or nobody tries any more.
struct Commitment {
  RowId id = 0;  // of table `commitment`; rises, never used again
  std::string application;
  AeTitle client;       // who asked: its calling AE title as received
  AeTitle called;       // the title that it called
  std::string address;  // numeric, of the connection by which it asked
  Uid transaction;      // (0008,1195)
  WallTime decided_at;
  int attempts = 0;  // to report it, that failed
};

struct NewCommitment {
  std::string application;
  AeTitle client, called;
  std::string address;
  dataset::CommitmentRequest request;
  WallTime deadline;         // what is undecided then is to be decided then
  uint16_t used_reason = 0;  // (0008,1197) of all, where the Transaction UID names another request
  int64_t most_owed = 1000;  // requests of this client, this one included
};

// Instances in all requests of one client that are owed.
inline constexpr int64_t kMostInstancesOwed = 1'000'000;
// So many times what one client may be owed an application's clients may be owed together: a client
// that is configured by a pattern can ask under as many titles as it likes.
inline constexpr int64_t kClientsOwedAtMost = 4;

struct AddedCommitment {
  enum class Outcome : uint8_t {
    kNew,
    kRepeated,  // the client had asked the very same, and has no report yet: `id` is that one
    kUsed,  // its Transaction UID names another request, or one that was reported: all has failed
  };
  Outcome outcome = Outcome::kNew;
  RowId id = 0;
};

// An instance of an open request, and what the ledger knows of it at the application.
struct UndecidedInstance {
  RowId commitment = 0;
  int position = 0;  // in the request
  dataset::ReferencedSop sop;
  WallTime deadline;
  // Of the latest row of its UID that the asking client sent; where it sent none, of the latest of
  // any. One that was discarded counts only where there is no other. Absent: there is none.
  std::optional<State> state;
  Uid held_class;               // then: the SOP class of that row
  Uid study, series;            // then, if known
  bool believed_there = false;  // a C-FIND has found it since the client asked
  // What the spool has of what the asking client sent under this UID, each content once: first that
  // of the row above. None, where the spool does not have the content of that row.
  std::vector<SpoolFile> files;
};

struct InstanceDecision {
  RowId commitment = 0;
  int position = 0;
  uint16_t reason = 0;  // zero: committed; else Failure Reason (0008,1197)
  // With zero: these files of the spool stay until then, whatever becomes of their rows. Where one
  // is gone already nothing is decided.
  std::vector<std::string> files = {};
  WallTime promised_until = {};
};

// What a report says: every instance of the request once.
struct CommitmentResult {
  std::vector<dataset::ReferencedSop> committed;
  std::vector<dataset::FailedSop> failed;
};

// A request that is owed a report, for operators.
struct OwedCommitment {
  std::string application;
  AeTitle client;
  Uid transaction;
  bool decided = false;
  int64_t instances = 0;
  WallTime accepted_at, deadline, next_attempt_at;
  int attempts = 0;
};

// Durable record of the storage commitment that we owe to clients (docs/ledger.md). N-ACTION may be
// answered with 0000H only after Add has returned a value: from then on the request survives
// SIGKILL and power loss until Reported or GiveUp is durable. A report is made at least once.
//
// Part of the ledger: same thread, same commits, same errors (kDisk: the disk is full and nothing
// was done; kNotFound: no such request, or not in that state). Awaited on any loop.
class CommitmentLedger {
 public:
  virtual ~CommitmentLedger() = default;

  // Error kLimit: the client is owed too much already.
  virtual Task<Result<AddedCommitment>> Add(NewCommitment asked) = 0;
  // Is this request for us whoever serves storage commitment: is any of its instances held (a row
  // that is not final), or is it owed already?
  virtual Task<Result<bool>> Concerns(NewCommitment asked) = 0;
  // Instances of open requests of the application, by request and position, after the one named by
  // `commitment` and `position` (0, -1: from the first).
  virtual Task<Result<std::vector<UndecidedInstance>>> Undecided(std::string application,
                                                                 RowId commitment, int position,
                                                                 int limit) = 0;
  // What was decided before stays as it was. Returns how many requests are to be reported now,
  // because nothing of them is undecided any more.
  virtual Task<Result<int>> Decide(std::vector<InstanceDecision> decisions) = 0;

  // Of each client the decided request whose next report is the most overdue, if that is not due
  // after `due_by`; the most overdue first.
  virtual Task<Result<std::vector<Commitment>>> Due(std::string application, WallTime due_by,
                                                    int limit) = 0;
  // When the next report is due; nothing: none is.
  virtual Task<Result<std::optional<WallTime>>> NextDue(std::string application) = 0;
  virtual Task<Result<CommitmentResult>> ResultOf(RowId commitment) = 0;
  // Before each report: all that was promised with this request stays at least until then. An
  // instance whose file is gone is not committed any more, for `lost_reason`. Returns how many
  // those are.
  virtual Task<Result<int>> Renew(RowId commitment, WallTime promised_until,
                                  uint16_t lost_reason) = 0;
  // The client acknowledged it; it did not, and is told again then; nobody tries any more.
  virtual Task<Result<>> Reported(RowId commitment) = 0;
  virtual Task<Result<>> NotReported(RowId commitment, WallTime next_attempt_at,
                                     bool attempted = true) = 0;
  virtual Task<Result<>> GiveUp(RowId commitment) = 0;
};

}  // namespace router::store
