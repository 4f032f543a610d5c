#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "router/association/association.h"
#include "router/net/pool.h"
#include "router/session/moves.h"
#include "router/store/commitments.h"

namespace router::session {

using net::Task;

// An N-EVENT-REPORT-RQ of storage commitment, but for its message (PS3.4 J.3.3).
struct CommitmentReport {
  Uid transaction;
  store::CommitmentResult result;

  // 1: all instances are committed; 2: failures exist.
  uint16_t event_type() const { return result.failed.empty() ? 1 : 2; }
};

// How an N-ACTION-RQ is answered.
struct CommitmentAnswer {
  uint16_t status = 0;
  std::string comment;
  std::optional<store::RowId> taken = {};  // with success: what the client is owed a report of
};

// How long a client may take to acknowledge a report.
inline constexpr net::Milliseconds kReportAnsweredWithin{60'000};

// The data set of a report, encoded on the pool.
Task<Result<Buffer>> EncodeReport(net::WorkPool& cpu, CommitmentReport report, Uid transfer_syntax);

// Is this status of an N-EVENT-REPORT-RSP an acknowledgement? kRefused if not.
Result<> AcknowledgedBy(uint16_t status);

// An association by which a client asked, for as long as it can be told there. Shared by the
// session, which ends it, and by whoever reports. Any thread.
class ReportLine {
 public:
  virtual ~ReportLine() = default;
  // Errors: kClosed: it has ended; kLimit: it is not idle; others: it was told, and did not
  // acknowledge.
  virtual Task<Result<>> Report(CommitmentReport report) = 0;
};

// Whom to report to by an association of our own, and what that takes. On `loop`.
struct ReportCall {
  net::Loop& loop;
  net::WorkPool& cpu;
  MoveTarget target;
  uint32_t max_pdu = 0;
  std::set<association::Association*>& open;  // of all calls: to be interrupted by a drain
  const bool& draining;                       // one that opens later ends at once
};

// Calls the client with the role of an SCP (PS3.7 D.3.3.4), reports, and releases. Errors: those
// of Association::Request; kRefused where it takes neither the context nor the role, or does not
// acknowledge; kTimeout, kClosed, … while its answer is due.
Task<Result<>> ReportByCall(ReportCall call, CommitmentReport report);

}  // namespace router::session
