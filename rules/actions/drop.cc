#include "rules/actions/drop.h"

namespace rules {

bool ParseDrop(const Positioned& node, Scope& scope, Draft& draft) {
  if (!IsScalar("drop", node, scope.problems)) return false;
  if (node.scalar != "true") {
    scope.problems.Error(node, "drop: write true, or leave it out");
    return false;
  }
  if (draft.then.outcome) {
    scope.problems.Error(node, "refuse and drop exclude each other");
    return false;
  }
  draft.then.outcome = Drop{};
  return true;
}

}  // namespace rules
