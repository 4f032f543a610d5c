#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/base/ae_title.h"
#include "router/base/clock.h"
#include "router/base/kind.h"
#include "router/base/uid.h"
#include "router/dataset/digest.h"

// What the ledger keeps, as values. The tables behind them: docs/ledger.md.
namespace router::store {

// Rows are named by id: the same UID may be sent twice, and to several applications. Ids rise in
// the order of acceptance and are never used again.
using RowId = int64_t;

// waiting → ready → sending → (verifying) → delivered; from any of them quarantined, discarded.
enum class State : uint8_t {
  kWaiting,      // references are missing at the application
  kReady,        // due for it (see next_attempt_at)
  kSending,      // claimed: a C-STORE-RQ may be on its way, if it has begun
  kVerifying,    // the answer was lost, or we were killed while sending: nobody knows yet
  kDelivered,    // final; the spool file is gone, or kept for storage commitment
  kQuarantined,  // will not be sent by itself; an operator decides
  kDiscarded,    // final; an operator, or a replacement, gave it up
};
inline constexpr size_t kStates = 7;
std::string_view NameOf(State state);  // "waiting", …
constexpr bool IsOpen(State state) {   // not final
  return state != State::kDelivered && state != State::kDiscarded;
}

// Why a row is in its state, as one of few words: the label `reason` of metrics.
enum class Cause : uint8_t {
  kNone,
  kReferences,      // waiting: what it refers to does not exist there yet
  kNotYet,          // waiting or ready again: upstream answered "not yet"
  kUnreachable,     // ready again: no association, or it broke before the answer was due
  kRetry,           // ready again: a status that means "again", or three negatives
  kOutcomeUnknown,  // verifying
  kRestart,         // verifying: we ended while it was being sent
  kLeaseExpired,    // verifying: its owner did not say in time what became of it
  kDuplicate,       // verifying: sent again, and called a duplicate
  kDeadline,        // quarantined: waited longer than at_most
  kRefused,         // quarantined: refused for good
  kUnknownMachine,  // quarantined: the treatment machine is not known there
  kConflict,        // quarantined: other content under the same UID
  kPatient,         // quarantined: patient_check
  kUndeliverable,   // quarantined: no transfer syntax or context will do
  kUnreadable,      // quarantined: the spool file or the data set cannot be read
  kOperator,        // released, retried, discarded by a person
  kReplaced,        // discarded: the same UID came again with on_conflict: replace
};
inline constexpr size_t kCauses = 18;
std::string_view NameOf(Cause cause);  // "references", "not_yet", …

struct Reason {
  Cause cause = Cause::kNone;
  std::string text;  // for people: status, UIDs, machine; never patient data
  bool operator==(const Reason&) const = default;
};

// That its patient differs from that of `other`; names neither.
Reason PatientDiffersFrom(const Uid& other);

// What becomes of a row that waited until its deadline: what the application's configuration says
// then, or what was settled when it was accepted.
enum class AtDeadline : uint8_t { kAsConfigured, kQuarantine, kSend };
inline constexpr size_t kAtDeadlines = 3;
std::string_view NameOf(AtDeadline then);  // "configured", "quarantine", "send"

// Of what is due, series (and lone rows) of a higher one go first.
enum class Priority : uint8_t { kLow, kMedium, kHigh };

enum class Strength : uint8_t { kRequired, kNoted };  // only required ones hold
// What the UID is of: then an instance, any of a series, any of the kind in a frame of reference or
// a study satisfies the requirement.
enum class Level : uint8_t { kInstance, kSeries, kFrameOfReference, kStudy };

// Requirement::site of an image that only the list of a structure set names, and no contour is
// drawn on: once it alone is missing and nothing has come for a while, it is no longer waited for.
inline constexpr std::string_view kListOnly = "list only";

// What must exist at the application before the row may go there.
struct Requirement {
  Uid uid;
  Kind kind = Kind::kOther;
  Level level = Level::kInstance;
  Strength strength = Strength::kRequired;
  Uid series, study;  // of `uid`, where the reference names them; for hierarchical C-FINDs
  std::string site;   // where the reference stood, in hold's words; the ledger only keeps it
  bool operator==(const Requirement&) const = default;
};

// How the existence of an instance at an application became known.
enum class How : uint8_t {
  kStatus,   // a C-STORE of ours was answered 0000H or a warning
  kQuery,    // a C-FIND found it
  kRelayed,  // a relayed C-STORE was answered so
};
std::string_view NameOf(How how);

// What is known, or was once, of an instance's existence at an application.
struct Sighting {
  How how = How::kStatus;
  WallTime at;       // that became known
  WallTime expires;  // until then it is believed
};

// Whose an instance is: digests of (0010,0020) and (0010,0010), to compare and never to show. What
// is absent or empty differs from nobody's.
struct Patient {
  std::optional<dataset::Digest> id, name;
  bool IsKnown() const { return id || name; }
  bool DiffersFrom(const Patient& other) const {
    return (id && other.id && *id != *other.id) || (name && other.name && *name != *other.name);
  }
  bool operator==(const Patient&) const = default;
};

// One SOP instance on its way to one application.
struct Instance {
  Uid sop_instance, sop_class;
  Kind kind = Kind::kOther;
  std::string application;  // the key in `applications`
  AeTitle client;           // who sent it: its calling AE title as received
  AeTitle called;           // the title it called
  AeTitle calling_as;       // our calling AE title towards the application
  Uid study, series;        // may be empty
  std::optional<int32_t> instance_number;
  Uid transfer_syntax;
};

// A file of the spool, as SpoolWriter::Finish tells of it. `name` is a file name in <store>/spool,
// without ".part".
struct SpoolFile {
  std::string name;
  uint64_t size = 0;            // bytes, header included
  uint64_t dataset_offset = 0;  // bytes: where the data set begins
  dataset::Digest sha256{};     // of the bytes of the data set
};

// One row: an instance, its file, and how far it is.
struct Row {
  RowId id = 0;
  Instance instance;
  SpoolFile file;
  std::optional<dataset::Digest> canonical;  // dataset::CanonicalDigest
  State state = State::kWaiting;
  Reason reason;
  WallTime accepted_at;                   // when it became durable; then it was acknowledged
  WallTime since;                         // of the state
  int attempts = 0;                       // to send it: begun, or failed before that
  std::optional<WallTime> ready_since;    // due for the first time since it waited last
  WallTime next_attempt_at;               // never before `not_before`
  std::optional<WallTime> not_before;     // it is not due until then, unless a person retries it
  Priority priority = Priority::kMedium;  // the highest of the open rows of its series
  bool begun = false;                     // sending, and its own C-STORE-RQ may be on its way
  bool maybe_there = false;               // an attempt of this row ended without an answer
  bool there_before = false;  // its UID was there before that: to find it proves nothing
  std::string owner;          // of the claim; empty unless sending
  std::optional<WallTime> lease_until, deadline, warn_after;
  AtDeadline at_deadline = AtDeadline::kAsConfigured;
  int missing = 0;                // required and unmet
  int listed = 0;                 // of `missing`: kListOnly
  std::optional<Kind> waits_for;  // the first kind of these in the order of injection
  WallTime moved_at;              // when what it requires last became known; at first, accepted
};

// A row for operators: what it waits for.
struct HeldRow {
  Row row;
  std::vector<Requirement> missing;  // required and unmet, at most HeldFilter::missing_at_most
  int existing = 0;                  // required and met
  std::optional<WallTime> last_met;  // when the latest of these became known
  std::optional<WallTime> next_check;
};

struct HeldFilter {
  static constexpr int kPage = 500;
  std::optional<std::string> application = {};
  std::optional<Kind> kind = {};
  std::vector<State> states = {State::kWaiting, State::kVerifying, State::kQuarantined};
  RowId after = 0;    // pages: rows with greater ids, in the order of ids
  int limit = kPage;  // 1 to kPage
  int missing_at_most = 50;
};

// One step in the life of a row; kept for good. The first has no `from`.
struct HistoryStep {
  WallTime at;
  std::optional<State> from;
  State to;
  Reason reason;
  std::string by;  // "sluice", or who asked for it
};

// A UID that rows wait for; what is more than one instance is another one in each study. `series`,
// `study` are empty where no reference named them.
struct WantedUid {
  Uid uid;
  Kind kind = Kind::kOther;
  Level level = Level::kInstance;
  Uid series, study;
  int waiters = 0;      // rows
  int asked = 0;        // negative answers since it is wanted, or since AskSoon
  WallTime next_check;  // rows first waited, or as the last Absent or AskSoon said
  bool soon = false;    // it is probably there: see Ledger::Wanted
};

struct Absence {
  Uid uid;
  WallTime next_check;
  Uid study{};  // as in WantedUid; without meaning for an instance
};

// What is more than one instance, as it was found. `study`: where; empty: wherever it is asked for.
struct Collection {
  Uid uid, study;
};

}  // namespace router::store
