#pragma once
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/base/clock.h"
#include "router/base/result.h"
#include "router/base/uid.h"
#include "router/store/row.h"

// What the API shows and asks for, as values. Never patient data: UIDs, AE titles, names from the
// configuration, numbers and times.
namespace router::admin {

// For how long a call of Source may block; beyond it the answer is Errc::kTimeout, HTTP 503.
inline constexpr std::chrono::milliseconds kSourceLimit{1000};

struct Readiness {
  bool ready = false;
  std::vector<std::string> reasons;  // why not; empty if ready
};

// A configured application to which we connect.
struct DestinationStatus {
  std::string name;        // the key in `applications`
  std::string ae_title;    // its real one
  std::string address;     // "10.1.0.4:51402"; empty: it only calls us
  std::string mode;        // "enforce", "observe"
  std::string breaker;     // "closed", "half_open", "open"
  std::optional<bool> up;  // by the last attempt; absent: none was made yet
  std::string last_error;  // of the last attempt that failed, for people; empty: none failed
  std::optional<WallTime> last_success;
  int64_t queued = 0, queued_bytes = 0;  // due for it
  int64_t held = 0;                      // waiting for references
  int64_t quarantined = 0;
  uint32_t associations = 0, max_associations = 0;  // ours to it, now and at most
};

struct AssociationStatus {
  uint64_t id = 0;
  std::string side;  // "downstream", "upstream"
  std::string state;
  std::string calling, called;  // AE titles as received or sent
  std::string application;      // empty: not routed yet
  std::string peer;             // address
  WallTime since;
  uint64_t messages = 0, bytes = 0;
};

struct MoveStatus {
  uint64_t id = 0;
  std::string application;  // that executes the move
  std::string client;       // calling AE title of who asked
  std::string destination;
  std::string state;  // "running", "settling", …
  WallTime since;
  uint32_t completed = 0, failed = 0, warnings = 0;
  std::optional<uint32_t> remaining;
};

// A request for storage commitment whose client is owed a report.
struct CommitmentStatus {
  std::string application;
  std::string client;  // calling AE title
  Uid transaction;
  std::string state;                     // "open": something is undecided; "decided"
  int64_t instances = 0;                 // that it names
  WallTime since, deadline;              // of its acceptance; what is undecided fails then
  int attempts = 0;                      // to report it, that failed
  std::optional<WallTime> next_attempt;  // once decided
};

// The oldest of them, and how many there are.
struct CommitmentsStatus {
  int64_t total = 0;
  std::vector<CommitmentStatus> oldest;
};

// What was observed of an application with `mode: observe`; see session::ObservedAction.
struct ObservedApplication {
  std::string name;
  WallTime since;
  struct Tally {
    std::string action, kind, reason;
    int64_t count = 0;
    WallTime first, last;
    Uid latest;
  };
  std::vector<Tally> tallies;
};

// How far `sluice leave` is; the numbers are those of store::ExportCounts.
struct LeaveStatus {
  std::string state = "none";  // "none", "sending", "writing", "done", "failed"
  std::string directory;       // that is written to
  std::optional<WallTime> since;
  int64_t queued = 0;  // due and not yet sent, while sending
  int64_t instances = 0, written = 0, damaged = 0, lost = 0, quarantined = 0, maybe_there = 0;
  std::vector<std::string> scripts;  // in the directory, once done
  std::string error;                 // why it failed, and what to do
};

struct KnownAt {
  std::string application;
  store::How how;
  WallTime at = {};      // that became known
  bool believed = true;  // still; else it was so once, or awaits its confirmation
};

// An instance that was answered with a failure on arrival: nothing of it is here.
struct RefusedAt {
  std::string application;
  std::string client;   // calling AE title
  uint16_t status = 0;  // (0000,0900)
  WallTime at;
};

// The store, and what did not match in it when Sluice started: names of files in the spool.
struct StoreStatus {
  std::string directory;
  uint64_t free_bytes = 0, free_floor = 0;
  int64_t spool_files = 0, spool_bytes = 0;
  int parts_removed = 0, outcomes_unknown = 0;
  std::vector<std::string> files_without_row, rows_without_file, wrong_sizes;  // kept, all of them
};

enum class HeldAction : uint8_t { kRelease, kRetry, kDiscard };
enum class Command : uint8_t { kReload, kDrain };
std::string_view NameOf(HeldAction action);  // "release", …
std::string_view NameOf(Command command);    // "reload", …

// Where the API's answers come from. The app implements it over store::LedgerReader, the ledger
// and snapshots of the loops. Called on any of the HTTP threads, several at once; every call
// returns within kSourceLimit, with kTimeout if it could not be answered in time.
//
// Errors become: kNotFound 404, kRefused and kBadConfig 409, kTimeout and kLimit 503, others 500;
// the detail is shown to the caller, so it says what to do.
class Source {
 public:
  virtual ~Source() = default;

  virtual std::string Metrics() = 0;  // metrics::Registry::Serialize
  virtual Readiness Ready() = 0;

  virtual Result<std::vector<store::HeldRow>> Held(const store::HeldFilter& filter) = 0;
  virtual Result<std::vector<store::HeldRow>> ByUid(const Uid& sop_instance) = 0;
  virtual Result<std::vector<store::Requirement>> Missing(store::RowId row, int skip) = 0;
  virtual Result<std::vector<store::HistoryStep>> History(store::RowId row) = 0;
  // At which applications the instance is known to exist, or was.
  virtual Result<std::vector<KnownAt>> Known(const Uid& sop_instance) = 0;
  // When it was refused, the latest first, as far as this run remembers.
  virtual std::vector<RefusedAt> Refused(const Uid& sop_instance) = 0;
  // What becomes of what is still held for an application at its deadline: "quarantine" or "send";
  // empty where the application is not configured.
  virtual std::string AtDeadline(const std::string& application) = 0;
  // On a row that ByUid named. `by`: who asked, for the history. The state after it.
  virtual Result<store::State> Act(HeldAction action, store::RowId row, std::string reason,
                                   std::string by) = 0;

  virtual Result<std::vector<DestinationStatus>> Destinations() = 0;
  virtual Result<std::vector<AssociationStatus>> Associations() = 0;
  virtual Result<std::vector<MoveStatus>> Moves() = 0;
  virtual Result<CommitmentsStatus> Commitments() = 0;
  virtual Result<nlohmann::json> Config() = 0;  // in force, without secrets
  virtual Result<StoreStatus> Store() = 0;
  virtual Result<std::vector<ObservedApplication>> Observed() = 0;

  // What was done, for people.
  virtual Result<std::string> Do(Command command, std::string by) = 0;

  // Begins to leave, writing to an empty directory, and returns how that is going. Errors: kRefused
  // while one is under way; kBadConfig where the directory will not do.
  virtual Result<LeaveStatus> Leave(std::string to, std::string by) = 0;
  virtual Result<LeaveStatus> Leaving() = 0;
};

}  // namespace router::admin
