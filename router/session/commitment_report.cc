#include "router/session/commitment_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "router/dataset/commitment.h"
#include "router/dimse/messages.h"
#include "router/dimse/sop_classes.h"
#include "router/dimse/status.h"

namespace router::session {
namespace {

using association::Association;
using association::Incoming;

constexpr uint16_t kMessageId = 1;  // the only message of its association

ul::AssociateRq ProposalFor(const ReportCall& call) {
  const Uid commitment(dimse::uid::kStorageCommitment);
  auto rq = ul::OriginateRequest(
      call.target.calling, call.target.called, call.max_pdu,
      {{1,
        commitment,
        {Uid(dimse::uid::kExplicitVrLittleEndian), Uid(dimse::uid::kImplicitVrLittleEndian)}}});
  rq.user.roles.push_back({commitment, false, true});
  return rq;
}

// A peer that answers no role at all is taken at its word that it wants the context: many SCUs of
// storage commitment do not know of role selection.
Result<ul::AcceptedContext> ContextFor(const Association& association) {
  const auto& agreed = association.agreed();
  if (agreed.empty())
    return Fail(Errc::kRefused, Blame::kDownstream, "it does not take storage commitment");
  const bool told =
      std::ranges::any_of(association.answer().user.roles, [&](const ul::RoleSelection& role) {
        return role.sop_class == agreed.front().abstract_syntax && !role.scp;
      });
  if (told)
    return Fail(Errc::kRefused, Blame::kDownstream,
                "it does not let us be the provider of storage commitment (role selection)");
  return agreed.front();
}

Task<Result<uint16_t>> AwaitAnswer(Association& association) {
  for (;;) {
    auto incoming = co_await association.Receive(kReportAnsweredWithin);
    if (!incoming) co_return std::unexpected(incoming.error());
    if (incoming->kind == Incoming::Kind::kReleaseRequest)
      co_return Fail(Errc::kReleased, Blame::kDownstream, "it released in place of an answer");
    if (!incoming->last) continue;
    const dimse::CommandSet& answer = association.command();
    if (answer.command() != dimse::Command::kNEventReportRsp ||
        answer.message_id_responded_to() != kMessageId)
      co_return Fail(Errc::kMalformedDimse, Blame::kDownstream, "it answered something else");
    co_return answer.status();
  }
}

Task<Result<>> ReportOver(Association& association, net::WorkPool& cpu, CommitmentReport report) {
  auto context = ContextFor(association);
  if (!context) co_return std::unexpected(context.error());
  const uint16_t event_type = report.event_type();
  auto encoded = co_await EncodeReport(cpu, std::move(report), context->transfer_syntax);
  if (!encoded) co_return std::unexpected(encoded.error());
  auto request = dimse::NEventReportRq(kMessageId, context->abstract_syntax,
                                       Uid(dimse::uid::kStorageCommitmentInstance), event_type);
  Buffer data_set = std::move(*encoded);
  auto sent = co_await association.Send(context->id, std::move(request), std::move(data_set));
  if (!sent) co_return std::unexpected(sent.error());
  auto status = co_await AwaitAnswer(association);
  if (!status) co_return std::unexpected(status.error());
  co_return AcknowledgedBy(*status);
}

}  // namespace

Task<Result<Buffer>> EncodeReport(net::WorkPool& cpu, CommitmentReport report,
                                  Uid transfer_syntax) {
  auto encode = [report = std::move(report), syntax = std::move(transfer_syntax)] {
    return dataset::WriteCommitmentReport(report.transaction, report.result.committed,
                                          report.result.failed, syntax);
  };
  co_return co_await cpu.Run<Result<Buffer>>(std::move(encode));
}

Result<> AcknowledgedBy(uint16_t status) {
  const auto of = dimse::ClassOf(dimse::Command::kNEventReportRsp, status);
  if (of == dimse::StatusClass::kSuccess || of == dimse::StatusClass::kWarning) return {};
  return Fail(Errc::kRefused, Blame::kDownstream,
              fmt::format("it answered the report with {:04X}H", status));
}

Task<Result<>> ReportByCall(ReportCall call, CommitmentReport report) {
  auto rq = ProposalFor(call);
  auto opened = co_await Association::Request(call.loop, call.target.endpoint, std::move(rq),
                                              call.target.timers);
  if (!opened) co_return std::unexpected(opened.error());
  const std::unique_ptr<Association> association = std::move(*opened);
  association->SetSendLimit(association->answer().user.max_length.value_or(0), call.max_pdu);
  Result<> told = Fail(Errc::kInterrupted, Blame::kInternal, "draining", true);
  if (!call.draining) {
    call.open.insert(association.get());
    told = co_await ReportOver(*association, call.cpu, std::move(report));
    call.open.erase(association.get());
  }
  if (told || told.error().code == Errc::kRefused) {
    co_await association->Release();
  } else {
    co_await association->Abort();
  }
  co_await association->End();
  co_return told;
}

}  // namespace router::session
