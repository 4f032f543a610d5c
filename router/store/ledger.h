#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "router/base/result.h"
#include "router/net/task.h"
#include "router/store/gauges.h"
#include "router/store/row.h"

namespace router::store {

using net::Task;

enum class OnConflict : uint8_t { kKeep, kReplace };

struct Acceptance {
  Instance instance;
  SpoolFile file;                            // a part that SpoolWriter::Finish made durable
  std::optional<dataset::Digest> canonical;  // absent: contents are compared by bytes and syntax
  std::vector<Requirement> requirements;     // distinct by UID; a second mention is left out
  std::optional<WallTime> warn_after, deadline;
  AtDeadline at_deadline = AtDeadline::kAsConfigured;
  // Once it misses nothing it is not due before then, whatever the clock is set to meanwhile. What
  // comes later in its series stays behind it.
  std::optional<WallTime> not_before;
  // Raises that of all of its series that is still to be sent: the order within a series stays.
  Priority priority = Priority::kMedium;
  OnConflict on_conflict = OnConflict::kKeep;
  std::optional<Reason> quarantine;  // durable, but into quarantine at once
  // It was sent already and the answer was lost: into `verifying` at once, as after one attempt.
  // What it requires was there when it was sent, and counts as met.
  std::optional<Reason> verify;
  bool there_before = false;  // with `verify`: what StandingOf said before it was sent
  // It gets no row of its own, for its sender answers for it: joined to a row of the same instance
  // that is to be sent, or else dropped (kNotKept, with the row if there is one in quarantine).
  bool only_if_held = false;
  // A copy of the first of AcceptAll, or of what was sent at once, for which its sender answers to
  // nobody: where other content stays under its UID (kConflict) it gets a row in quarantine all the
  // same. If the first is a conflict nothing of its copies is kept (kNotKept).
  bool is_copy = false;
  std::string note;                       // what was done to it, for its history; no patient data
  Patient patient;                        // remembered under its UID
  bool quarantine_other_patient = false;  // where what it refers to is another patient's
  // So long its file is kept once it has been delivered and nothing else needs it (Keep,
  // CommitmentLedger); zero: it goes.
  std::chrono::milliseconds retain_for{0};
};

struct Accepted {
  enum class Outcome : uint8_t {
    kNew,        // a row of its own
    kDuplicate,  // the same content is held already: one copy, `row` is the first
    kConflict,  // other content is held under this UID and stays: `row` is the first; of a copy its
                // own, in quarantine
    kReplaced,  // the first was discarded, `row` is the new one
    kNotKept,   // only_if_held, and nothing of it is to be sent; or a copy of what was refused
  };
  Outcome outcome = Outcome::kNew;
  RowId row = 0;
  State state = State::kWaiting;    // of `row`
  std::vector<Uid> other_patients;  // what a new row requires and is known to be another patient's
};

// What the ledger knows of an instance that is about to be sent without being accepted.
struct Standing {
  bool is_behind =
      false;  // an open row of the same instance, or one due in its series, goes before
  bool there_before = false;  // its UID was stored or found there already
};

// A row that just became ready.
struct ReadyRow {
  RowId id = 0;
  Uid sop_instance;
  Kind kind = Kind::kOther;
};

// What Complete and Exists make known, and until when it is believed.
struct Knowledge {
  How how = How::kStatus;
  WallTime expires;
};

// The next moment at which something is to be done for an application; absent: never.
struct NextDue {
  std::optional<WallTime> attempt;   // a ready row
  std::optional<WallTime> check;     // a wanted UID
  std::optional<WallTime> deadline;  // a waiting row
  std::optional<WallTime> warning;   // a waiting or verifying row
  std::optional<WallTime> lease;     // a row being sent
};

// Durable record of every instance that was acknowledged and is not yet delivered.
//
// Contract: a C-STORE-RSP of 0000H may be sent only after Accept has returned kNew, kDuplicate or
// kReplaced. From then on the instance survives SIGKILL and power loss until Complete or Discard
// is durable. Delivery is at least once.
//
// Accept, Exists and Complete are reconciled in one transaction each, so no wake-up is lost. Calls
// made while a commit is under way share the next one; they take effect in call order. Awaited on
// any loop, resumed on that loop, in call order, after the commit.
//
// Errors of every call: kDisk (retryable): the disk is full and nothing of the call was done. Calls
// that name a row: kNotFound if there is none, or if its state does not allow the step; the
// detail says which. A ledger that cannot commit ends the process.
//
// Implementations: SqliteLedger. They pass tests/unit/store/ledger_*contract_test.cc.
class Ledger {
 public:
  virtual ~Ledger() = default;

  // Takes the part over, whatever the answer is: it becomes the row's file, or is removed. With
  // every required UID known at the application the row is ready, else waiting.
  // Error kDisk also where the file could not be renamed: A700H.
  virtual Task<Result<Accepted>> Accept(Acceptance instance) = 0;
  // All or none, in one transaction: a copy to several applications names the same file in each.
  virtual Task<Result<std::vector<Accepted>>> AcceptAll(std::vector<Acceptance> instances) = 0;
  // An instance that was sent without being accepted, and is there: a row that is delivered, whose
  // file is kept for `retain_for`. Takes the part over as Accept does.
  virtual Task<Result<RowId>> Keep(Acceptance instance) = 0;
  // Files of delivered rows that are kept and were promised to nobody are removed, those whose time
  // ends first before others, until `bytes` are gone. Returns how many bytes went; they are free
  // when the next call is answered.
  virtual Task<Result<uint64_t>> MakeRoom(uint64_t bytes) = 0;

  // `uids` now exist at `application`. Rows that waited for them alone become ready. What a query
  // found also ends rows that are being verified (→ delivered), unless they were there before.
  virtual Task<Result<std::vector<ReadyRow>>> Exists(std::string application, std::vector<Uid> uids,
                                                     Knowledge knowledge) = 0;
  // Series, frames of reference and studies in which what rows wait for was found: met, where they
  // ask for it in that study, and not believed of whatever asks for it from now on.
  virtual Task<Result<std::vector<ReadyRow>>> CollectionsFound(
      std::string application, std::vector<Collection> collections) = 0;
  // The same as Exists without waiting, from any thread: what relayed stores make known.
  virtual void NoteExists(std::string application, std::vector<Uid> uids, Knowledge knowledge) = 0;
  // A negative answer, never final: when to ask again. UIDs that nobody wants are passed over.
  virtual Task<Result<>> Absent(std::string application, std::vector<Absence> absences) = 0;
  // They exist no longer, or were never there: ready and waiting rows need them again.
  virtual Task<Result<>> ForgetExistence(std::string application, std::vector<Uid> uids) = 0;
  // A C-STORE of these was answered well: ask about them at `at`, as if for the first time, and
  // before others. Returns those that somebody waits for. That they may be there is remembered, not
  // believed.
  virtual Task<Result<std::vector<Uid>>> AskSoon(std::string application, std::vector<Uid> uids,
                                                 WallTime at) = 0;
  // Those of `uids` that are not known (or no longer believed) to exist.
  virtual Task<Result<std::vector<Uid>>> Unknown(std::string application,
                                                 std::vector<Uid> uids) = 0;
  // Those of `uids` that will be there without anybody sending anything more: a row of them is due,
  // on its way or being verified, or waits for nothing but such; or a C-STORE of them was answered
  // well within the last minute, and nobody has found them yet.
  virtual Task<Result<std::vector<Uid>>> Coming(std::string application, std::vector<Uid> uids) = 0;
  virtual Task<Result<Standing>> StandingOf(Instance instance) = 0;
  // UIDs that rows wait for whose next_check is not after `due_by`: first those that are probably
  // there (AskSoon named them, something is remembered of them, or what needs them was once sent),
  // until a number of negative answers; then the rest. The most overdue of each first.
  virtual Task<Result<std::vector<WantedUid>>> Wanted(std::string application, WallTime due_by,
                                                      int limit) = 0;
  // Those of them, due or not, that are more than one instance.
  virtual Task<Result<std::vector<WantedUid>>> WantedCollections(std::string application,
                                                                 int limit) = 0;
  // Waiting rows that miss nothing but images which only a list names (kListOnly), and for which
  // nothing has become known since `quiet_since`; with all that they miss, the longest quiet first.
  virtual Task<Result<std::vector<HeldRow>>> Quiet(std::string application, WallTime quiet_since,
                                                   int limit) = 0;
  // These requirements of the row no longer hold it (they become `noted`). Its state after it.
  virtual Task<Result<State>> Relax(RowId row, std::vector<Uid> uids, Reason reason) = 0;

  // Up to `limit` due rows (ready → sending), for `owner` until `lease` has passed. The highest
  // priority first, then by kind in the order of injection, then the series that came first, within
  // a series by instance number, then arrival. A series keeps its order and its association: none
  // of its rows is given out while one that was claimed before is still being sent, while one is
  // verified, or before an earlier one whose next attempt is not due. What is claimed is not sent
  // yet: see Begin. First, rows of the application whose lease has expired go to verifying if they
  // had begun, else back.
  virtual Task<Result<std::vector<Row>>> Claim(std::string application, int limit,
                                               std::string owner,
                                               std::chrono::milliseconds lease) = 0;
  // The same, but only rows that were never attempted; what of their series was attempted and
  // failed keeps those behind it.
  virtual Task<Result<std::vector<Row>>> ClaimFresh(std::string application, int limit,
                                                    std::string owner,
                                                    std::chrono::milliseconds lease) = 0;
  // The same, but one row at most: of those that are first in their series the one that has been
  // due for the longest, whatever its priority, so that each has its turn.
  virtual Task<Result<std::vector<Row>>> ClaimLongestDue(std::string application, std::string owner,
                                                         std::chrono::milliseconds lease) = 0;
  // The C-STORE-RQ of the first of `rows` goes out as soon as this has returned: one attempt, and
  // from now on its outcome is unknown until it is told. The leases of all of `rows` are prolonged.
  // Returns the first as it is now. kNotFound also if it had begun.
  virtual Task<Result<Row>> Begin(std::vector<RowId> rows, std::chrono::milliseconds lease) = 0;
  // Prolongs those of `rows` that are being sent. Returns how many these are.
  virtual Task<Result<int>> Renew(std::vector<RowId> rows, std::chrono::milliseconds lease) = 0;
  // Those of `rows` that were claimed and have not begun are ready again, as if never claimed: no
  // attempt, no step in the history, nobody is told.
  virtual Task<Result<>> GiveBack(std::vector<RowId> rows) = 0;
  // sending, verifying → delivered; with knowledge: it exists there now, which may make others
  // ready. The file is unlinked with its last row.
  virtual Task<Result<std::vector<ReadyRow>>> Complete(RowId row,
                                                       std::optional<Knowledge> knowledge) = 0;
  // sending → verifying: the outcome is unknown.
  virtual Task<Result<>> Verifying(RowId row, Reason reason) = 0;
  // sending, verifying → ready, to be tried again at `next_attempt_at`. From sending it is an
  // attempt, begun or not; with kOutcomeUnknown as the cause one that may have arrived.
  virtual Task<Result<>> Fail(RowId row, Reason reason, WallTime next_attempt_at) = 0;
  // ready, sending, verifying → waiting for `unmet` (joined to its requirements), or, if empty, for
  // all its required ones again; what was known of these is forgotten, and they are not asked
  // about before `retry_at`. A row without any becomes ready, to be tried again then. Returns
  // waiting or ready. In neither case is it sent before `retry_at`.
  virtual Task<Result<State>> BackToWaiting(RowId row, Reason reason,
                                            std::vector<Requirement> unmet, WallTime retry_at) = 0;
  // Any open state, or only `from`, → quarantined. Keeps instance, reason, history.
  virtual Task<Result<>> Quarantine(RowId row, Reason reason,
                                    std::optional<State> from = std::nullopt) = 0;

  // By an operator, `by`. Discard: any open state → discarded. Release: waiting, verifying,
  // quarantined (or only `from`) → ready whatever is missing (which becomes `noted`), due as soon
  // as `not_before` lets it. Retry: ready, verifying → due now, `not_before` or not; quarantined →
  // ready or waiting, with no attempts and as much time as it had at first. Both return the new
  // state.
  virtual Task<Result<>> Discard(RowId row, std::string reason, std::string by) = 0;
  virtual Task<Result<State>> Release(RowId row, std::string reason, std::string by,
                                      std::optional<State> from = std::nullopt) = 0;
  virtual Task<Result<State>> Retry(RowId row, std::string reason, std::string by) = 0;

  // Whose the instance is that was stored there without being accepted. Returns the waiting rows
  // that require it and are known to be another patient's, as they were, and logs them;
  // `quarantine`: they are quarantined. Accept does the same for each new row that it makes.
  virtual Task<Result<std::vector<Row>>> NotePatient(std::string application, Uid sop_instance,
                                                     Patient patient, bool quarantine) = 0;
  // Those of `uids` that are known to be another patient's.
  virtual Task<Result<std::vector<Uid>>> OtherPatients(std::string application,
                                                       std::vector<Uid> uids, Patient patient) = 0;

  // Reads. They see all that was called before them.
  virtual Task<Result<Row>> Find(RowId row) = 0;
  virtual Task<Result<std::vector<HeldRow>>> Held(HeldFilter filter) = 0;
  // Every row of this instance, final ones too, the latest first; at most HeldFilter::kPage.
  virtual Task<Result<std::vector<HeldRow>>> ByUid(Uid sop_instance) = 0;
  virtual Task<Result<std::vector<HistoryStep>>> History(RowId row) = 0;
  // Rows whose outcome is to be found out, oldest first.
  virtual Task<Result<std::vector<Row>>> Unverified(std::string application, int limit) = 0;
  virtual Task<Result<NextDue>> Due(std::string application) = 0;
  // Waiting rows whose deadline is not after `now`, the most overdue first.
  virtual Task<Result<std::vector<Row>>> Overdue(std::string application, WallTime now,
                                                 int limit) = 0;
  // Waiting and verifying rows whose warn_after has come; each is returned once.
  virtual Task<Result<std::vector<Row>>> TakeWarnings(std::string application, WallTime now,
                                                      int limit) = 0;
  // How many open rows an application has: removing it from the configuration is refused then.
  virtual Task<Result<int64_t>> OpenRows(std::string application) = 0;

  // The first of `count` consecutive message IDs (1 to 65535) for C-MOVEs to `application` under
  // the calling title `title`; goes on after a restart, begins again at 1 where it would wrap.
  virtual Task<Result<uint16_t>> ReserveMessageIds(std::string application, AeTitle title,
                                                   uint16_t count) = 0;

  // Called on a thread of the ledger after each commit that made rows ready, once for each
  // application: it may only post. Set before the first call.
  virtual void OnReady(std::function<void(const std::string& application)> notify) = 0;

  // As of the last commit. Any thread, no SQL.
  virtual Gauges gauges() const = 0;
};

}  // namespace router::store
