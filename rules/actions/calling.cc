#include "rules/actions/calling.h"

#include "rules/actions/targets.h"

namespace rules {

bool ParseCalling(const Positioned& node, Scope& scope, Draft& draft) {
  return ReadTitle("calling", node, scope, draft.then.calling);
}

}  // namespace rules
