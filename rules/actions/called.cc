#include "rules/actions/called.h"

#include "rules/actions/targets.h"

namespace rules {

bool ParseCalled(const Positioned& node, Scope& scope, Draft& draft) {
  return ReadTitle("called", node, scope, draft.then.called);
}

}  // namespace rules
