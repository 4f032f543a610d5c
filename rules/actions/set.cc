#include "rules/actions/set.h"

#include "rules/actions/edits.h"
#include "rules/element_path.h"
#include "rules/vr_value.h"

namespace rules {
namespace {

// One value, or a list of them, as one text.
std::optional<std::string> ReadValue(const Positioned& node, std::string_view what, Scope& scope) {
  if (node.form != Positioned::Form::kList) {
    if (!IsScalar(what, node, scope.problems)) return std::nullopt;
    return node.scalar;
  }
  std::string joined;
  const auto scalars = ScalarsOf(what, node, scope.problems);
  for (const Positioned* scalar : scalars) {
    if (scalar->scalar.find('\\') != scalar->scalar.npos) {
      scope.problems.Error(
          *scalar, "set: " + Quoted(scalar->scalar) + " has a backslash, which parts values");
      return std::nullopt;
    }
    joined += (scalar == scalars.front() ? "" : "\\") + scalar->scalar;
  }
  if (scalars.empty() || scalars.size() != node.values.size()) return std::nullopt;
  return joined;
}

bool SetOne(const Positioned& key, const Positioned& node, Scope& scope, Draft& draft) {
  auto path = ReadValuePath("set", key, scope);
  if (!path) return false;
  auto value = ReadValue(node, key.scalar, scope);
  if (!value) return false;
  if (auto good = CheckValue(VrOf(*path, scope.dictionary), *value); !good) {
    scope.problems.Error(node, "set: " + good.error().detail);
    return false;
  }
  Edit edit;
  edit.kind = Edit::Kind::kSet;
  edit.text = "set " + path->text;
  edit.path = std::move(*path);
  edit.value = std::move(*value);
  return AddEdit(std::move(edit), key, scope, draft);
}

}  // namespace

bool ParseSet(const Positioned& node, Scope& scope, Draft& draft) {
  if (!IsMap("set", node, scope.problems)) return false;
  if (node.keys.empty()) scope.problems.Error(node, "set must not be empty");
  bool good = !node.keys.empty();
  for (size_t i = 0; i < node.keys.size(); ++i)
    good &= SetOne(node.keys[i], node.values[i], scope, draft);
  return good;
}

}  // namespace rules
