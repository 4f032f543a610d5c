#include "rules/actions/edits.h"

#include <algorithm>
#include <array>

#include "rules/element_path.h"

namespace rules {
namespace {

struct Forbidden {
  uint32_t tag;
  std::string_view why;
};
constexpr std::array<Forbidden, 3> kForbidden = {
    {{0x00080016, "must agree with the command, so it cannot be edited"},
     {0x00080018, "must agree with the command, so it cannot be edited"},
     {0x00080005, "says how all texts are encoded; use character_set"}}};

}  // namespace

std::optional<router::ElementPath> ReadEditPath(std::string_view key, const Positioned& node,
                                                Scope& scope) {
  auto wrong = [&](const std::string& why) {
    scope.problems.Error(node, std::string(key) + ": " + why);
    return std::nullopt;
  };
  auto path = ParseElementPath(node.scalar, scope.dictionary);
  if (!path) return wrong(path.error().detail);
  const auto& steps = path->steps;
  for (const Forbidden& forbidden : kForbidden)
    if (steps.size() == 1 && steps[0].creator.empty() && steps[0].tag == forbidden.tag)
      return wrong(Quoted(node.scalar) + " " + std::string(forbidden.why));
  return std::move(*path);
}

std::optional<router::ElementPath> ReadValuePath(std::string_view key, const Positioned& node,
                                                 Scope& scope) {
  auto path = ReadEditPath(key, node, scope);
  if (!path || VrOf(*path, scope.dictionary) != "SQ") return path;
  scope.problems.Error(
      node, std::string(key) + ": " + Quoted(node.scalar) + " is a sequence and has no value");
  return std::nullopt;
}

bool AddEdit(Edit edit, const Positioned& place, Scope& scope, Draft& draft) {
  auto& edits = draft.then.edits;
  auto same = std::ranges::find(edits, edit.path, &Edit::path);
  if (same != edits.end()) {
    scope.problems.Error(place, Quoted(edit.path.text) + " is edited twice in this rule: \"" +
                                    same->text + "\" and \"" + edit.text + "\"");
    return false;
  }
  edits.push_back(std::move(edit));
  draft.edit_places.push_back(&place);
  return true;
}

}  // namespace rules
