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
  std::string routed_by;                        // the rule, for people
  AeTitle calling, called;                      // to be used upstream; empty: as configured
};

// Asks the rules of `config` twice: for the application that is called, which may lead elsewhere,
// then for where it goes. Afterwards the decisions of `ruling` are those on the association.
// `caller`: as received; its application is what the rules are asked about.
Route RouteFor(std::shared_ptr<const config::Config> config, rules::Caller caller, WallTime now);

// The same of an association that is there.
Route RouteOf(std::shared_ptr<const config::Config> config,
              const association::Association& association, const ul::AssociateRq& rq, WallTime now);

}  // namespace router::session
