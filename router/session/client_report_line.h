#pragma once
#include <memory>

#include "router/session/commitment_report.h"
#include "router/ul/pdu.h"

namespace router::session {

class ClientSession;

// The association of a client on which it asked for storage commitment. The session ends it before
// itself, on its loop.
class ClientReportLine : public ReportLine, public std::enable_shared_from_this<ClientReportLine> {
 public:
  ClientReportLine(ClientSession& session, net::Loop& loop, ul::ContextId context)
      : session_(&session), loop_(loop), context_(context) {}

  Task<Result<>> Report(CommitmentReport report) override;

  ul::ContextId context() const { return context_; }
  void End() { session_ = nullptr; }

 private:
  static Task<Result<>> ReportHere(std::shared_ptr<ClientReportLine> line, CommitmentReport report);

  ClientSession* session_;  // on `loop_`
  net::Loop& loop_;
  const ul::ContextId context_;
};

}  // namespace router::session
