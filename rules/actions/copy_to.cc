#include "rules/actions/copy_to.h"

#include <algorithm>

#include "rules/actions/targets.h"

namespace rules {

bool ParseCopyTo(const Positioned& node, Scope& scope, Draft& draft) {
  std::vector<std::string> names;
  const auto scalars = ScalarsOf("copy_to", node, scope.problems);
  for (const Positioned* scalar : scalars) {
    const KnownApplication* found = FindTarget("copy_to", *scalar, scope);
    if (!found) continue;
    if (std::ranges::find(names, found->name) != names.end())
      scope.problems.Error(*scalar, "copy_to: " + Quoted(found->name) + " stands there twice");
    else
      names.push_back(found->name);
  }
  const bool good = !names.empty() && names.size() == scalars.size();
  draft.then.copy_to = std::move(names);
  return good;
}

}  // namespace rules
