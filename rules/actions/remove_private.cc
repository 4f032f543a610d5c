#include "rules/actions/remove_private.h"

#include "rules/actions/edits.h"

namespace rules {

bool ParseRemovePrivate(const Positioned& node, Scope& scope, Draft& draft) {
  Edit edit;
  edit.kind = Edit::Kind::kRemovePrivate;
  edit.text = "remove private elements";
  if (node.form == Positioned::Form::kScalar) {
    if (node.scalar != "true") {
      scope.problems.Error(node,
                           "remove_private: " + Quoted(node.scalar) + " is neither true nor a map");
      return false;
    }
    return AddEdit(std::move(edit), node, scope, draft);
  }
  Fields fields("remove_private", node, scope.problems);
  if (!fields.is_map()) return false;
  const Positioned* keep = fields.Find("keep");
  if (!keep) {
    scope.problems.Error(node, "remove_private: write true, or {keep: [CREATOR]}");
    return false;
  }
  for (const Positioned* creator : ScalarsOf("keep", *keep, scope.problems))
    edit.keep.push_back(creator->scalar);
  const size_t expected = keep->form == Positioned::Form::kList ? keep->values.size() : 1;
  if (edit.keep.empty() || edit.keep.size() != expected || !fields.AllKnown()) return false;
  return AddEdit(std::move(edit), node, scope, draft);
}

}  // namespace rules
