#include "rules/actions/replace.h"

#include <re2/re2.h>

#include <memory>

#include "rules/actions/edits.h"
#include "rules/regex_sets.h"

namespace rules {
namespace {

std::shared_ptr<const re2::RE2> ReadRegex(const Positioned& node, Scope& scope) {
  if (!IsScalar("regex", node, scope.problems)) return nullptr;
  auto regex = std::make_shared<const re2::RE2>(node.scalar, RegexOptions());
  if (regex->ok() && !node.scalar.empty()) return regex;
  scope.problems.Error(
      node, "regex: " + Quoted(node.scalar) + ": " + (regex->ok() ? "is empty" : regex->error()));
  return nullptr;
}

bool CheckRewrite(const re2::RE2& regex, const Positioned& node, Scope& scope) {
  std::string fault;
  if (!regex.CheckRewriteString(node.scalar, &fault)) {
    scope.problems.Error(node, "with: " + Quoted(node.scalar) + ": " + fault);
    return false;
  }
  if (node.scalar.find("\\\\") != node.scalar.npos) {
    scope.problems.Error(node,
                         "with: " + Quoted(node.scalar) + " makes a backslash, which parts values");
    return false;
  }
  return true;
}

bool ReplaceOne(const Positioned& key, const Positioned& node, Scope& scope, Draft& draft) {
  auto path = ReadValuePath("replace", key, scope);
  Fields fields(key.scalar, node, scope.problems);
  if (!fields.is_map()) return false;
  const Positioned *regex_at = fields.Find("regex"), *with = fields.Find("with");
  if (!regex_at || !with) {
    scope.problems.Error(node, "replace needs regex and with");
    return false;
  }
  auto regex = ReadRegex(*regex_at, scope);
  if (!IsScalar("with", *with, scope.problems) || !regex || !path) return false;
  if (!CheckRewrite(*regex, *with, scope) || !fields.AllKnown()) return false;
  Edit edit;
  edit.kind = Edit::Kind::kReplace;
  edit.text = "replace in " + path->text;
  edit.path = std::move(*path);
  edit.rewrite = [regex, with = with->scalar](std::string_view value) {
    std::string text(value);
    const bool found = re2::RE2::GlobalReplace(&text, *regex, with) > 0;
    return found && text != value ? std::optional(std::move(text)) : std::nullopt;
  };
  return AddEdit(std::move(edit), key, scope, draft);
}

}  // namespace

bool ParseReplace(const Positioned& node, Scope& scope, Draft& draft) {
  if (!IsMap("replace", node, scope.problems)) return false;
  if (node.keys.empty()) scope.problems.Error(node, "replace must not be empty");
  bool good = !node.keys.empty();
  for (size_t i = 0; i < node.keys.size(); ++i)
    good &= ReplaceOne(node.keys[i], node.values[i], scope, draft);
  return good;
}

}  // namespace rules
