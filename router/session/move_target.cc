#include "router/session/move_target.h"

#include <algorithm>

#include "router/base/text.h"
#include "router/dataset/identifier.h"
#include "router/session/legs.h"

namespace router::session {

rules::DestinationFact FactOf(const std::optional<config::Destination>& destination) {
  using Fact = rules::DestinationFact;
  if (!destination) return Fact::kUnknown;
  if (destination->application && !destination->application->move_to.empty())
    return Fact::kReachable;
  if (!destination->address) return Fact::kNamed;
  if (destination->application && destination->application->moves == config::Moves::kForward)
    return Fact::kNamed;
  return Fact::kReachable;
}

MoveTarget TargetOf(const config::Config& config, const config::Destination& destination,
                    const AeTitle& called) {
  MoveTarget target;
  target.endpoint = {destination.address->host, destination.address->port};
  target.called = destination.ae_title;
  target.calling = called;
  if (const config::Application* application = destination.application) {
    target.label = application->name;
    target.application = application->name;
    target.timers = TimersOf(*application);
    if (!application->call_as.empty()) target.calling = application->call_as;
  } else {
    target.label = destination.client->name();
    target.timers.artim = config.limits.artim;
    target.timers.write_stall = config.limits.write_stall;
  }
  return target;
}

std::vector<MoveTarget> TargetsOfMove(const config::Config& config,
                                      const config::Destination& destination,
                                      const AeTitle& called) {
  const config::Application* application = destination.application;
  if (!application || application->move_to.empty()) return {TargetOf(config, destination, called)};
  std::vector<MoveTarget> targets;
  for (const AeTitle& title : application->move_to) {
    const config::Application* one = config.FindApplicationByCalledTitle(title);  // checked at load
    config::Destination to{one, nullptr, one->ae_title, one->address};
    targets.push_back(TargetOf(config, to, called));
  }
  return targets;
}

MovePlan PlanMove(const config::Config& config, rules::Facts facts, const AeTitle& named,
                  std::vector<AeTitle> instead, const std::string& from) {
  MovePlan plan;
  const auto address = config::IpAddress::Parse(from);
  std::vector<AeTitle> titles = std::move(instead);
  const bool by_rule = !titles.empty();
  if (!by_rule) titles.push_back(named);
  for (const AeTitle& title : titles)
    if (auto found = address ? config.FindDestination(title, *address) : std::nullopt)
      plan.destinations.push_back(std::move(*found));
  if (plan.destinations.size() != titles.size()) plan.destinations.clear();
  std::optional<config::Destination> first;
  if (!plan.destinations.empty()) first = plan.destinations.front();
  facts.move_destination = named.str();
  facts.destination = FactOf(first);
  const auto is_unreachable = [](const config::Destination& one) {
    return FactOf(one) != rules::DestinationFact::kReachable;
  };
  const bool is_lost = titles.size() > 1 && std::ranges::any_of(plan.destinations, is_unreachable);
  // Upstream would store to us under a message ID that may be another move's.
  if (by_rule && (!first || is_lost))
    plan.refused = "a destination that a rule names cannot be reached from here";
  else if (config.IsOurTitle(named) && !first)
    plan.refused = "Sluice itself is no destination";
  plan.plan = rules::Decide(facts);
  return plan;
}

MoveScope ScopeOf(Bytes identifier, const Uid& transfer_syntax) {
  MoveScope scope;
  auto keys = dataset::Identifier::Decode(identifier, transfer_syntax);
  if (!keys) return scope;
  auto collect = [&](dataset::Tag tag, std::set<Uid>& into) {
    for (const Uid& uid : keys->Uids(tag))
      if (!uid.empty() && uid.str().find_first_of("*?") == std::string::npos) into.insert(uid);
  };
  collect(0x0020000D, scope.studies);
  collect(0x0020000E, scope.series);
  collect(0x00080018, scope.instances);
  return scope;
}

std::string NearestDestination(const config::Config& config, const AeTitle& named) {
  std::vector<std::string> known;
  for (const config::Application& application : config.applications) {
    known.push_back(application.ae_title.str());
    for (const AeTitle& alias : application.also_called) known.push_back(alias.str());
  }
  for (const config::Client& client : config.clients)
    if (client.Receives())
      known.insert(known.end(), client.ae_titles.begin(), client.ae_titles.end());
  return NearestOf(named.view(), known);
}

}  // namespace router::session
