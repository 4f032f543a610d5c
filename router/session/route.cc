#include "router/session/route.h"

#include "router/base/log.h"

namespace router::session {

Route RouteFor(std::shared_ptr<const config::Config> config, rules::Caller caller, WallTime now) {
  Route route;
  if (!config->rules) return route;
  const AeTitle title = AeTitle::FromWire(caller.called);
  if (const auto* called = config->FindApplicationByCalledTitle(title))
    caller.application = called->name;
  Ruling first(config, caller);
  if (const auto& to = first.OfAssociation(now).to) {
    route.routed = config->FindApplication(*to);
    route.routed_by = first.Describe(to.by);
    caller.application = *to;
  }
  route.ruling = Ruling(config, std::move(caller));
  const rules::Decisions& decided = route.ruling.OfAssociation(now);
  if (decided.calling) route.calling = *decided.calling;
  if (decided.called) route.called = *decided.called;
  return route;
}

Route RouteOf(std::shared_ptr<const config::Config> config,
              const association::Association& association, const ul::AssociateRq& rq,
              WallTime now) {
  if (!config->rules) return {};
  rules::Caller caller;
  caller.listener = association.local_endpoint();
  caller.address = association.peer_address();
  caller.calling = rq.calling.title().str();
  caller.called = rq.called.title().str();
  Route route = RouteFor(std::move(config), caller, now);
  if (route.routed)
    log::Info("association routed", {{"calling", caller.calling},
                                     {"called", caller.called},
                                     {"from", caller.address},
                                     {"application", route.routed->name},
                                     {"by", route.routed_by}});
  return route;
}

}  // namespace router::session
