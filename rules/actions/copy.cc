#include "rules/actions/copy.h"

#include "rules/actions/edits.h"
#include "rules/element_path.h"

namespace rules {
namespace {

bool CopyOne(const Positioned& key, const Positioned& node, Scope& scope, Draft& draft) {
  auto path = ReadValuePath("copy", key, scope);
  if (!IsScalar(key.scalar, node, scope.problems) || !path) return false;
  auto from = ParseElementPath(node.scalar, scope.dictionary);
  if (!from) {
    scope.problems.Error(node, "copy: " + from.error().detail);
    return false;
  }
  if (VrOf(*from, scope.dictionary) == "SQ" || *from == *path) {
    scope.problems.Error(
        node, "copy: " + Quoted(node.scalar) +
                  (*from == *path ? " is copied to itself" : " is a sequence and has no value"));
    return false;
  }
  Edit edit;
  edit.kind = Edit::Kind::kCopy;
  edit.text = "copy " + from->text + " to " + path->text;
  edit.path = std::move(*path);
  edit.from = std::move(*from);
  return AddEdit(std::move(edit), key, scope, draft);
}

}  // namespace

bool ParseCopy(const Positioned& node, Scope& scope, Draft& draft) {
  if (!IsMap("copy", node, scope.problems)) return false;
  if (node.keys.empty()) scope.problems.Error(node, "copy must not be empty");
  bool good = !node.keys.empty();
  for (size_t i = 0; i < node.keys.size(); ++i)
    good &= CopyOne(node.keys[i], node.values[i], scope, draft);
  return good;
}

}  // namespace rules
