#pragma once
#include <memory>

#include "router/association/association.h"
#include "router/base/clock.h"
#include "router/session/ruling.h"
#include "router/ul/pdu.h"

namespace router::session {

// Where rules lead a client's association.
struct Route {
  Ruling ruling;                                // of its messages
  const config::Application* routed = nullptr;  // in place of what it called
  AeTitle calling, called;                      // to be used upstream; empty: as configured
};

// Asks the rules of `config` twice: for the application that is called, which may lead elsewhere,
// then for where it goes.
Route RouteOf(std::shared_ptr<const config::Config> config,
              const association::Association& association, const ul::AssociateRq& rq, WallTime now);

}  // namespace router::session
