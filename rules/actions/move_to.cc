#include "rules/actions/move_to.h"

#include <algorithm>

#include "router/base/text.h"
#include "rules/glob.h"
#include "rules/values.h"

namespace rules {
namespace {

std::vector<std::string> KnownDestinations(const World& world) {
  std::vector<std::string> known;
  for (const KnownApplication& application : world.applications)
    if (application.has_address) known.push_back(application.name);
  known.insert(known.end(), world.clients.begin(), world.clients.end());
  return known;
}

// Several at once take what comes at once, and are what they are called.
bool CheckOneOfSeveral(const Positioned& node, const KnownApplication& application, Scope& scope) {
  if (application.holds)
    scope.problems.Error(node, "move_to: " + application.name +
                                   " demands an order of injection, so what comes there may have "
                                   "to wait; let it be moved to alone");
  else if (application.stands_for_others)
    scope.problems.Error(node,
                         "move_to: " + application.name + " stands for others itself; name those");
  return !application.holds && !application.stands_for_others;
}

// An application with an address, or a client.
bool CheckDestination(const Positioned& node, const router::AeTitle& title, bool of_several,
                      Scope& scope) {
  const auto is_it = [&](const std::string& client) {
    return Glob(client, true).Matches(title.view());
  };
  const KnownApplication* application = scope.world.Find(title.view());
  if (application && of_several && !CheckOneOfSeveral(node, *application, scope)) return false;
  if (application && application->has_address) return true;
  if (!application && std::ranges::any_of(scope.world.clients, is_it)) return true;
  if (application)
    scope.problems.Error(node, "move_to: application " + Quoted(application->name) +
                                   " has no address, so nothing can be sent to it");
  else
    scope.problems.Error(node, "move_to: there is no application and no client " +
                                   Quoted(title.view()) +
                                   Suggest(title.view(), KnownDestinations(scope.world)));
  return false;
}

// The application that one of `titles` names already by another of its titles; or null.
const KnownApplication* NamedBefore(const router::AeTitle& title,
                                    const std::vector<router::AeTitle>& titles,
                                    const World& world) {
  const KnownApplication* named = world.Find(title.view());
  const auto is_same = [&](const auto& other) { return world.Find(other.view()) == named; };
  return named && std::ranges::any_of(titles, is_same) ? named : nullptr;
}

}  // namespace

bool ParseMoveTo(const Positioned& node, Scope& scope, Draft& draft) {
  std::vector<router::AeTitle> titles;
  const auto scalars = ScalarsOf("move_to", node, scope.problems);
  for (const Positioned* scalar : scalars) {
    auto title = ParseTitle(scalar->scalar);
    if (!title) {
      scope.problems.Error(*scalar, "move_to: " + title.error().detail);
    } else if (std::ranges::find(titles, *title) != titles.end()) {
      scope.problems.Error(*scalar, "move_to: " + Quoted(title->view()) + " stands there twice");
    } else if (const KnownApplication* twice = NamedBefore(*title, titles, scope.world)) {
      scope.problems.Error(*scalar,
                           "move_to: " + Quoted(title->view()) + " is " + twice->name + " again");
    } else if (CheckDestination(*scalar, *title, scalars.size() > 1, scope)) {
      titles.push_back(*title);
    }
  }
  const bool good = !titles.empty() && titles.size() == scalars.size();
  draft.then.move_to = std::move(titles);
  return good;
}

}  // namespace rules
