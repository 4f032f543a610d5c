#include "router/session/rule_world.h"

#include "router/session/rule_names.h"
#include "rules/rule_set.h"

namespace router::session {
namespace {

rules::World WorldOf(const config::Config& config) {
  rules::World world;
  for (const config::Application& application : config.applications) {
    rules::KnownApplication known;
    known.name = application.name;
    known.titles = {application.name, application.ae_title.str()};
    for (const AeTitle& title : application.also_called) known.titles.push_back(title.str());
    known.profile = application.profile == config::Profile::kAria ? rules::Profile::kAria
                                                                  : rules::Profile::kNone;
    known.has_address = application.address.has_value();
    known.holds = application.profile == config::Profile::kAria &&
                  application.mode == config::Mode::kEnforce;
    known.stands_for_others = !application.move_to.empty();
    known.clinical_edit = application.clinical_edit;
    world.applications.push_back(std::move(known));
  }
  for (const config::Client& client : config.clients)
    world.clients.insert(world.clients.end(), client.ae_titles.begin(), client.ae_titles.end());
  for (const config::Endpoint& listener : config.listen) {
    world.listeners.push_back(std::to_string(listener.port));
    if (!listener.host.empty()) world.listeners.push_back(listener.str());
  }
  return world;
}

}  // namespace

config::ReadRules RulesReader() {
  return [](const Positioned& list, const config::Config& config) {
    const RuleNames names;
    rules::RuleSet::Compiled compiled = rules::RuleSet::Compile(list, WorldOf(config), names);
    config::RulesRead read;
    read.rules = std::move(compiled.rules);
    for (rules::Problem& problem : compiled.problems)
      read.problems.push_back({std::move(problem.file), problem.line, problem.column,
                               std::move(problem.message), problem.warning});
    return read;
  };
}

}  // namespace router::session
