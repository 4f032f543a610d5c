#include "rules/actions/priority.h"

#include "rules/words.h"

namespace rules {

bool ParsePriority(const Positioned& node, Scope& scope, Draft& draft) {
  if (!IsScalar("priority", node, scope.problems)) return false;
  auto priority = WordOf<Priority>({{"low", Priority::kLow},
                                    {"medium", Priority::kMedium},
                                    {"high", Priority::kHigh}})(node.scalar);
  if (!priority) {
    scope.problems.Error(node, "priority: " + priority.error().detail);
    return false;
  }
  draft.then.priority = *priority;
  return true;
}

}  // namespace rules
