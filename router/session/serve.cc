#include "router/session/serve.h"

#include "router/association/protocol_errors.h"
#include "router/base/text.h"
#include "router/dimse/messages.h"
#include "router/dimse/sop_classes.h"
#include "router/session/client_session.h"
#include "router/session/echo_session.h"
#include "router/session/route.h"
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

// Moves that are open go on while we drain, and upstream may need another association for them.
bool BelongsToOpenMove(Services& services, const Admission& admission) {
  const auto* brings = std::get_if<SubOperations>(&admission);
  return brings && services.moves.InProgress(brings->application->name) > 0;
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
  Rejected limit{2, 3, 2, RejectReason::kLimit, ""};
  if (services.census.Exceeds(config->limits, association->peer_address()))
    limit.for_log = "too many associations; see limits.associations";
  const Caller caller{association->peer_address(), rq->calling.title(), rq->called.title(),
                      rq->user.implementation_class};
  Route route = RouteOf(config, *association, *rq, services.clock.WallNow());
  Admission admission = Admit(*config, caller, Uid(ul::kImplementationClassUid), route.routed);
  if (services.draining && !BelongsToOpenMove(services, admission))
    limit.for_log = "Sluice is stopping";
  if (!limit.for_log.empty()) admission = std::move(limit);

  if (const auto* rejected = std::get_if<Rejected>(&admission)) {
    co_await RejectCaller(services, *association, *rq, *rejected);
  } else if (const auto* echo = std::get_if<OwnEcho>(&admission)) {
    EchoSession session(services, config, *echo, std::move(*rq), std::move(association));
    co_await session.Run();
  } else if (const auto* brings = std::get_if<SubOperations>(&admission)) {
    SuboperationSession session(services, config, *brings, std::move(*rq), std::move(association));
    co_await session.Run();
  } else {
    const auto& admitted = std::get<AdmittedClient>(admission);
    ClientSession session(services, config, admitted, std::move(route), std::move(*rq),
                          std::move(association));
    co_await session.Run();
  }
}

}  // namespace router::session
