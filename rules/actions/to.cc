#include "rules/actions/to.h"

#include "rules/actions/targets.h"

namespace rules {

bool ParseTo(const Positioned& node, Scope& scope, Draft& draft) {
  if (!IsScalar("to", node, scope.problems)) return false;
  const KnownApplication* found = FindTarget("to", node, scope);
  if (!found) return false;
  draft.then.to = found->name;
  return true;
}

}  // namespace rules
