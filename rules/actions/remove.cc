#include "rules/actions/remove.h"

#include "rules/actions/edits.h"

namespace rules {

bool ParseRemove(const Positioned& node, Scope& scope, Draft& draft) {
  const auto scalars = ScalarsOf("remove", node, scope.problems);
  bool good = !scalars.empty() &&
              (node.form != Positioned::Form::kList || scalars.size() == node.values.size());
  for (const Positioned* scalar : scalars) {
    auto path = ReadEditPath("remove", *scalar, scope);
    good = good && path;
    if (!path) continue;
    Edit edit;
    edit.kind = Edit::Kind::kRemove;
    edit.text = "remove " + path->text;
    edit.path = std::move(*path);
    good &= AddEdit(std::move(edit), *scalar, scope, draft);
  }
  return good;
}

}  // namespace rules
