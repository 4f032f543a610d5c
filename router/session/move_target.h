#pragma once
#include <optional>
#include <string>
#include <vector>

#include "router/config/config.h"
#include "router/session/moves.h"
#include "rules/decide.h"
#include "rules/facts.h"

namespace router::session {

// What is known of a Move Destination, for the decision. Pure.
rules::DestinationFact FactOf(const std::optional<config::Destination>& destination);

// Where its sub-operations go. `called`: the title that the client called, under which we call
// there unless `call_as` says otherwise. The destination has an address.
MoveTarget TargetOf(const config::Config& config, const config::Destination& destination,
                    const AeTitle& called);

// The same for a C-MOVE: several if the destination stands for others (move_to); then each
// sub-operation goes to all.
std::vector<MoveTarget> TargetsOfMove(const config::Config& config,
                                      const config::Destination& destination,
                                      const AeTitle& called);

// What becomes of a C-MOVE.
struct MovePlan {
  rules::Plan plan;
  // Every destination is one that is configured; else none is named here.
  std::vector<config::Destination> destinations;
  std::string refused;  // why nothing comes of it (A801H); `plan` is not to be looked at then
};
// `named`: in the request; `instead`: by a rule, if not empty. `from`: the address of who asks.
MovePlan PlanMove(const config::Config& config, rules::Facts facts, const AeTitle& named,
                  std::vector<AeTitle> instead, const std::string& from);

// The UIDs that the identifier names; nothing where it cannot be read.
MoveScope ScopeOf(Bytes identifier, const Uid& transfer_syntax);

// The configured destination that the name was most likely meant to be; or empty.
std::string NearestDestination(const config::Config& config, const AeTitle& named);

}  // namespace router::session
