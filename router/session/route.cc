#include "router/session/route.h"

#include "router/base/log.h"

namespace router::session {

Route RouteOf(std::shared_ptr<const config::Config> config,
              const association::Association& association, const ul::AssociateRq& rq,
              WallTime now) {
  Route route;
  if (!config->rules) return route;
  rules::Caller caller;
  caller.listener = association.local_endpoint();
  caller.address = association.peer_address();
  caller.calling = rq.calling.title().str();
  caller.called = rq.called.title().str();
  if (const auto* called = config->FindApplicationByCalledTitle(rq.called.title()))
    caller.application = called->name;
  Ruling first(config, caller);
  if (const auto& to = first.OfAssociation(now).to) {
    log::Info("association routed", {{"calling", caller.calling},
                                     {"called", caller.called},
                                     {"from", caller.address},
                                     {"application", *to},
                                     {"by", first.Describe(to.by)}});
    route.routed = config->FindApplication(*to);
    caller.application = *to;
  }
  route.ruling = Ruling(config, std::move(caller));
  const rules::Decisions& decided = route.ruling.OfAssociation(now);
  if (decided.calling) route.calling = *decided.calling;
  if (decided.called) route.called = *decided.called;
  return route;
}

}  // namespace router::session
