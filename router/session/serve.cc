#include "router/session/serve.h"

#include "router/association/protocol_errors.h"
#include "router/base/text.h"
#include "router/dimse/messages.h"
#include "router/dimse/sop_classes.h"
#include "router/session/client_session.h"
#include "router/session/suboperations.h"

namespace router::session {
namespace {

association::Timers TimersOf(const config::Limits& limits) {
  association::Timers timers;
  timers.artim = limits.artim;
  timers.write_stall = limits.write_stall;
  return timers;
}

// What is no association request, or none that PS3.8 allows.
void LogNoRequest(Services& services, const Association& association, const Error& why) {
  association::CountProtocolError(services.metrics, why);
  const bool closed = why.code == Errc::kClosed || why.code == Errc::kAborted;
  log::Write(closed ? log::Level::kInfo : log::Level::kWarning,
             "connection ended without an association",
             {{"from", association.peer_address()}, {"why", why.detail}});
}

Task<> RejectCaller(Services& services, Association& association, const ul::AssociateRq& rq,
                    const Rejected& rejected) {
  const ul::AssociateRj answer{rejected.result, rejected.source, rejected.reason};
  services.metrics.Get<metrics::Id::kRejectedAssociations>(NameOf(rejected.why)).Add();
  services.metrics.Get<metrics::Id::kAssociationsTotal>("downstream", "none", "rejected").Add();
  log::Warning("association rejected", {{"calling", Printable(rq.calling.title().view())},
                                        {"called", Printable(rq.called.title().view())},
                                        {"from", association.peer_address()},
                                        {"answer", ul::Describe(answer)},
                                        {"why", rejected.for_log}});
  co_await association.Reject(answer);
}

// Our own title was called: Verification is answered here, nothing else is offered.
Task<> ServeEcho(Services& services, std::shared_ptr<const config::Config> config, OwnEcho admitted,
                 ul::AssociateRq rq, Association& association) {
  ul::TerminateTerms terms;
  terms.max_length = config->limits.max_pdu;
  terms.choose = [](const ul::ProposedContext& context) {
    return context.abstract_syntax.view() == dimse::uid::kVerification
               ? ul::ContextAnswer::Accept(context.transfer_syntaxes.front())
               : ul::ContextAnswer::Reject(ul::ContextResult::kAbstractSyntaxNotSupported);
  };
  ul::AssociateAc ac = ul::TerminateAccept(rq, terms);
  association.SetReceiveLimit(terms.max_length);
  association.SetSendLimit(rq.user.max_length.value_or(0), config->limits.max_pdu);
  auto accepted = co_await association.Accept(std::move(ac));
  while (accepted) {
    auto incoming = co_await association.Receive(config->limits.client_idle);
    if (!incoming) break;
    if (incoming->kind == Incoming::Kind::kReleaseRequest) {
      co_await association.ConfirmRelease();
      co_return;
    }
    if (incoming->kind != Incoming::Kind::kCommand || !incoming->last) continue;
    const bool echo = association.command().command() == dimse::Command::kCEchoRq;
    services.metrics
        .Get<metrics::Id::kMessages>(dimse::ServiceOf(association.command().command()),
                                     admitted.client->name(), "none", echo ? "success" : "failure")
        .Add();
    auto response =
        echo ? dimse::CEchoRsp(association.command())
             : dimse::Response(association.command(), dimse::status::kUnrecognizedOperation);
    accepted = co_await association.Send(incoming->context, std::move(response));
  }
  co_await association.Abort();
}

}  // namespace

Task<> Serve(Services& services, net::Loop& loop, int socket) {
  std::shared_ptr<const config::Config> config = services.config();
  auto stream = net::Stream::Adopt(loop, socket, config->limits.write_stall);
  if (!stream) co_return;
  Census::Place place = services.census.Enter((*stream)->peer_address());
  auto association = std::make_unique<Association>(std::move(*stream), TimersOf(config->limits),
                                                   config->limits.max_pdu);

  auto rq = co_await association->ReceiveRequest();
  if (!rq) {
    LogNoRequest(services, *association, rq.error());
    co_await association->End();
    co_return;
  }
  if (services.draining || services.census.Exceeds(config->limits, association->peer_address())) {
    Rejected limit{2, 3, 2, RejectReason::kLimit,
                   services.draining ? "Sluice is stopping"
                                     : "too many associations; see limits.associations"};
    co_await RejectCaller(services, *association, *rq, limit);
    co_return;
  }
  const Caller caller{association->peer_address(), rq->calling.title(), rq->called.title(),
                      rq->user.implementation_class};
  Admission admission = Admit(*config, caller, Uid(ul::kImplementationClassUid));

  if (const auto* rejected = std::get_if<Rejected>(&admission)) {
    co_await RejectCaller(services, *association, *rq, *rejected);
  } else if (const auto* echo = std::get_if<OwnEcho>(&admission)) {
    co_await ServeEcho(services, config, *echo, std::move(*rq), *association);
    co_await association->End();
  } else if (const auto* brings = std::get_if<SubOperations>(&admission)) {
    SuboperationSession session(services, config, *brings, std::move(*rq), std::move(association));
    co_await session.Run();
  } else {
    const auto& admitted = std::get<AdmittedClient>(admission);
    ClientSession session(services, config, admitted, std::move(*rq), std::move(association));
    co_await session.Run();
  }
}

}  // namespace router::session
