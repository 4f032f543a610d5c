#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

// The one list of metrics. docs/metrics.md is generated from it (sluice_metrics_docs), the alerts
// and dashboards under deploy/ are checked against it.
namespace metrics {

enum class Kind : uint8_t { kCounter, kGauge, kHistogram };

// Upper bounds of a histogram's buckets, in seconds.
enum class Buckets : uint8_t { kNone, kMessage, kLatency, kCommit, kHold };

// In the order of kCatalog.
enum class Id : uint8_t {
  kAssociations,
  kAssociationsTotal,
  kRejectedAssociations,
  kProtocolErrors,
  kMessages,
  kMessageDuration,
  kRelayAddedLatency,
  kBytes,
  kBufferBytes,
  kBufferLimitBytes,
  kRuleMatches,
  kObservedActions,
  kHeldInstances,
  kOldestHeldAge,
  kHoldDuration,
  kReleased,
  kQuarantinedInstances,
  kQueueInstances,
  kQueueBytes,
  kDeliveryAttempts,
  kDestinationUp,
  kBreakerState,
  kMoves,
  kMoveSuboperations,
  kMovesInProgress,
  kMoveCompletions,
  kExistenceQueries,
  kCommitments,
  kCommitmentsTotal,
  kSpoolBytes,
  kSpoolKeptBytes,
  kSpoolSpareBytes,
  kSpoolFreeBytes,
  kLedgerCommit,
  kLoopLag,
  kConfigLastReloadSuccess,
  kConfigReloadTimestamp,
  kLogLinesLost,
  kBuildInformation,
};

// Labels are bounded by configuration (application, client, destination, rule) or by a list of
// words in `words`: never a UID, a patient, an address or an AE title that is not configured.
struct Metric {
  Id id;
  Kind kind;
  Buckets buckets;
  std::string_view name;
  std::string_view labels;  // "side,state"; empty: none
  // The labels whose values are a closed list: "side=downstream|upstream;state=open". A value
  // that is not in its list is counted as "other".
  std::string_view words;
  std::string_view help;
};

// clang-format off
inline constexpr auto kCatalog = std::to_array<Metric>({
  {Id::kAssociations, Kind::kGauge, Buckets::kNone, "sluice_associations", "side,state",
   "side=downstream|upstream;state=negotiating|open|releasing",
   "Associations now, by upper-layer state."},
  {Id::kAssociationsTotal, Kind::kCounter, Buckets::kNone, "sluice_associations_total", "side,application,outcome",
   "side=downstream|upstream;outcome=released|rejected|aborted|lost",
   "Associations ended: by A-RELEASE, by A-ASSOCIATE-RJ, by A-ABORT of either side, or with the connection."},
  {Id::kRejectedAssociations, Kind::kCounter, Buckets::kNone, "sluice_rejected_associations_total", "reason",
   "",
   "Associations that Sluice rejected: calling_unknown, address_unknown, called_unknown, loop, limit, upstream (it rejected or could not be reached). The log names the caller and what to change."},
  {Id::kProtocolErrors, Kind::kCounter, Buckets::kNone, "sluice_protocol_errors_total", "side,reason",
   "side=downstream|upstream;reason=malformed_pdu|pdu_too_large|unexpected_pdu|malformed_dimse|timeout|write_stall",
   "Peers that broke the protocol or fell silent, and were aborted or closed."},
  {Id::kMessages, Kind::kCounter, Buckets::kNone, "sluice_messages_total", "command,client,application,status_class",
   "command=C-STORE|C-GET|C-FIND|C-MOVE|C-ECHO|C-CANCEL|N-EVENT-REPORT|N-GET|N-SET|N-ACTION|N-CREATE|N-DELETE;"
   "status_class=success|pending|warning|failure|cancel|none",
   "DIMSE requests by the class of their final status; none: the response never came."},
  {Id::kMessageDuration, Kind::kHistogram, Buckets::kMessage, "sluice_message_duration_seconds", "command,application",
   "command=C-STORE|C-GET|C-FIND|C-MOVE|C-ECHO|C-CANCEL|N-EVENT-REPORT|N-GET|N-SET|N-ACTION|N-CREATE|N-DELETE",
   "First PDV of the request to the last of the final response."},
  {Id::kRelayAddedLatency, Kind::kHistogram, Buckets::kLatency, "sluice_relay_added_latency_seconds", "command",
   "command=C-STORE|C-GET|C-FIND|C-MOVE|C-ECHO|C-CANCEL|N-EVENT-REPORT|N-GET|N-SET|N-ACTION|N-CREATE|N-DELETE",
   "What relaying adds: first PDV in to first PDV out."},
  {Id::kBytes, Kind::kCounter, Buckets::kNone, "sluice_bytes_total", "side,direction",
   "side=downstream|upstream;direction=in|out",
   "Bytes of DIMSE messages, as they crossed the sockets."},
  {Id::kBufferBytes, Kind::kGauge, Buckets::kNone, "sluice_buffer_bytes", "",
   "",
   "Data in flight in read buffers. At the limit, reads wait."},
  {Id::kBufferLimitBytes, Kind::kGauge, Buckets::kNone, "sluice_buffer_limit_bytes", "",
   "",
   "The limit of sluice_buffer_bytes (limits: buffers)."},
  {Id::kRuleMatches, Kind::kCounter, Buckets::kNone, "sluice_rule_matches_total", "rule",
   "",
   "Messages that a rule matched."},
  {Id::kObservedActions, Kind::kCounter, Buckets::kNone, "sluice_observed_actions_total", "application,action",
   "action=hold|quarantine|edit|refuse|drop|route|carry|queue|copy|limit|unjudged",
   "What would have been done to a message, were the application's mode not observe. unjudged: nobody knows, because the data set was too large to keep, or unreadable."},
  {Id::kHeldInstances, Kind::kGauge, Buckets::kNone, "sluice_held_instances", "application,kind,reason",
   "kind=image|structure_set|plan|dose|record|registration|other",
   "Acknowledged, durable, waiting. The reason is the kind of instance that is waited for, or not_yet where the application itself said so."},
  {Id::kOldestHeldAge, Kind::kGauge, Buckets::kNone, "sluice_oldest_held_age_seconds", "application,kind",
   "kind=image|structure_set|plan|dose|record|registration|other",
   "Age of the oldest held instance; 0 if none is held."},
  {Id::kHoldDuration, Kind::kHistogram, Buckets::kHold, "sluice_hold_duration_seconds", "application,kind",
   "kind=image|structure_set|plan|dose|record|registration|other",
   "Acceptance of a held instance to its delivery."},
  {Id::kReleased, Kind::kCounter, Buckets::kNone, "sluice_released_total", "application,kind",
   "kind=image|structure_set|plan|dose|record|registration|other",
   "Held instances that became ready: their last requirement appeared, or an operator said so."},
  {Id::kQuarantinedInstances, Kind::kGauge, Buckets::kNone, "sluice_quarantined_instances", "application,reason",
   "",
   "Instances that only an operator will move: kept, with their reason (deadline, refused, machine, conflict, patient_check, references, outcome_unknown, syntax, unreadable, operator)."},
  {Id::kQueueInstances, Kind::kGauge, Buckets::kNone, "sluice_queue_instances", "destination",
   "",
   "Instances that are due for a destination and not delivered."},
  {Id::kQueueBytes, Kind::kGauge, Buckets::kNone, "sluice_queue_bytes", "destination",
   "",
   "Their size in the spool."},
  {Id::kDeliveryAttempts, Kind::kCounter, Buckets::kNone, "sluice_delivery_attempts_total", "destination,outcome",
   "outcome=delivered|warning|not_yet|retry|refused|unknown|unreachable",
   "Attempts to deliver from the queue; refused: for good; unknown: sent, but the answer was lost; unreachable: not sent."},
  {Id::kDestinationUp, Kind::kGauge, Buckets::kNone, "sluice_destination_up", "destination",
   "",
   "1 if the last attempt to reach the destination succeeded, else 0."},
  {Id::kBreakerState, Kind::kGauge, Buckets::kNone, "sluice_breaker_state", "destination",
   "",
   "0 closed (sending), 1 half open (probing with C-ECHO), 2 open (nothing is sent)."},
  {Id::kMoves, Kind::kCounter, Buckets::kNone, "sluice_moves_total", "application,outcome",
   "outcome=success|warning|failure|cancelled|forwarded|refused",
   "C-MOVEs ended, and C-GETs that were done by one, by the final status told to the client; forwarded: the application sent there itself."},
  {Id::kMoveSuboperations, Kind::kCounter, Buckets::kNone, "sluice_move_suboperations_total", "destination,outcome",
   "outcome=completed|warning|failed|late|unattributed",
   "C-STORE sub-operations of carried moves, by what the destination answered."},
  {Id::kMovesInProgress, Kind::kGauge, Buckets::kNone, "sluice_moves_in_progress", "application",
   "",
   "C-MOVEs, and C-GETs that are done by one, that have not had their final response."},
  {Id::kMoveCompletions, Kind::kCounter, Buckets::kNone, "sluice_move_completions_total", "application,outcome",
   "outcome=whole|completed|incomplete|unknown",
   "Carried moves that were compared with what the application lists (complete_moves); completed: what was missing came when it was asked for again; unknown: it did not say."},
  {Id::kExistenceQueries, Kind::kCounter, Buckets::kNone, "sluice_existence_queries_total", "application,answer",
   "answer=found|absent|failed",
   "C-FINDs of our own that ask whether an instance exists."},
  {Id::kCommitments, Kind::kGauge, Buckets::kNone, "sluice_commitments", "application,state",
   "state=open|decided",
   "Requests for storage commitment whose clients are owed a report: open, while something is undecided; decided, until the client has acknowledged the report."},
  {Id::kCommitmentsTotal, Kind::kCounter, Buckets::kNone, "sluice_commitments_total", "application,outcome",
   "outcome=committed|failures|given_up|refused",
   "Requests for storage commitment ended: reported with every instance committed, reported with failures, given up because the client acknowledged no report, or refused at once."},
  {Id::kSpoolBytes, Kind::kGauge, Buckets::kNone, "sluice_spool_bytes", "",
   "",
   "Size of the instances in the spool."},
  {Id::kSpoolKeptBytes, Kind::kGauge, Buckets::kNone, "sluice_spool_kept_bytes", "",
   "",
   "That part of sluice_spool_bytes which is delivered and kept for storage commitment (retained)."},
  {Id::kSpoolSpareBytes, Kind::kGauge, Buckets::kNone, "sluice_spool_spare_bytes", "",
   "",
   "That part of sluice_spool_kept_bytes which was promised to nobody: it goes by itself where space is short."},
  {Id::kSpoolFreeBytes, Kind::kGauge, Buckets::kNone, "sluice_spool_free_bytes", "",
   "",
   "Free space of the spool's file system."},
  {Id::kLedgerCommit, Kind::kHistogram, Buckets::kCommit, "sluice_ledger_commit_seconds", "",
   "",
   "Duration of one group commit of the ledger, directory sync included."},
  {Id::kLoopLag, Kind::kHistogram, Buckets::kLatency, "sluice_loop_lag_seconds", "",
   "",
   "How late an event loop ran a timer; all loops together."},
  {Id::kConfigLastReloadSuccess, Kind::kGauge, Buckets::kNone, "sluice_config_last_reload_success", "",
   "",
   "1 if the configuration was taken over the last time it was read, else 0."},
  {Id::kConfigReloadTimestamp, Kind::kGauge, Buckets::kNone, "sluice_config_reload_timestamp_seconds", "",
   "",
   "When the configuration in force was read (Unix time)."},
  {Id::kLogLinesLost, Kind::kCounter, Buckets::kNone, "sluice_log_lines_lost_total", "",
   "",
   "Log lines overwritten because the log could not be written fast enough."},
  {Id::kBuildInformation, Kind::kGauge, Buckets::kNone, "sluice_build_info", "version,revision",
   "",
   "Always 1; what is running."},
});
// clang-format on

constexpr const Metric& Of(Id id) { return kCatalog[static_cast<size_t>(id)]; }

constexpr size_t LabelCount(std::string_view labels) {
  if (labels.empty()) return 0;
  size_t count = 1;
  for (char c : labels) count += c == ',';
  return count;
}

// The closed list of `label`'s values ("released|rejected"), or nothing if configuration or an
// enumeration elsewhere bounds it.
constexpr std::optional<std::string_view> WordsOf(const Metric& metric, std::string_view label) {
  for (std::string_view rest = metric.words; !rest.empty();) {
    std::string_view entry = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    if (entry.starts_with(label) && entry.substr(label.size()).starts_with('=')) {
      return entry.substr(label.size() + 1);
    }
  }
  return std::nullopt;
}

constexpr bool IsSound() {
  for (size_t i = 0; i < kCatalog.size(); ++i) {
    const Metric& m = kCatalog[i];
    if (static_cast<size_t>(m.id) != i) return false;
    if (!m.name.starts_with("sluice_") || m.help.empty()) return false;
    if ((m.kind == Kind::kCounter) != m.name.ends_with("_total")) return false;
    if ((m.kind == Kind::kHistogram) != (m.buckets != Buckets::kNone)) return false;
    if (m.kind == Kind::kHistogram && !m.name.ends_with("_seconds")) return false;
  }
  return kCatalog.size() == static_cast<size_t>(Id::kBuildInformation) + 1;
}
static_assert(IsSound(), "order of Id; prefix sluice_; counters, and only they, end in _total");

}  // namespace metrics
