#include "rules/actions/targets.h"

#include "rules/matchers/application.h"
#include "rules/values.h"

namespace rules {

const KnownApplication* FindTarget(std::string_view key, const Positioned& node, Scope& scope) {
  const KnownApplication* found = FindApplication(key, node, scope);
  if (!found || found->has_address) return found;
  scope.problems.Error(node, std::string(key) + ": application " + Quoted(found->name) +
                                 " has no address, so nothing can be sent to it");
  return nullptr;
}

bool ReadTitle(std::string_view key, const Positioned& node, Scope& scope,
               std::optional<router::AeTitle>& title) {
  if (!IsScalar(key, node, scope.problems)) return false;
  auto parsed = ParseTitle(node.scalar);
  if (!parsed) {
    scope.problems.Error(node, std::string(key) + ": " + parsed.error().detail);
    return false;
  }
  title = *parsed;
  return true;
}

}  // namespace rules
