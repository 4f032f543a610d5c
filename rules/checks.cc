#include "rules/checks.h"

#include <algorithm>

namespace rules {

const Positioned& ReadRule::PlaceOf(std::string_view action) const {
  auto found = std::ranges::find(then->keys, action, &Positioned::scalar);
  return found == then->keys.end() ? *then : *found;
}

const Positioned& ReadRule::PlaceOf(Topic topic) const {
  for (const Positioned& key : then->keys)
    for (const Action& action : Actions())
      if (action.topic == topic && action.key == key.scalar) return key;
  return *then;
}

std::string ReadRule::Called(const ReadRule& from) const {
  const std::string line = std::to_string(node->line);
  return Quoted(rule.name) +
         (from.node->file == node->file ? " (line " + line + ")" : " (" + rule.place + ")");
}

void CheckRules(const std::vector<ReadRule>& rules, Scope& scope) {
  for (size_t i = 0; i < rules.size(); ++i) {
    if (!rules[i].whole) continue;
    CheckReach(rules[i], scope);
    CheckOrder(rules, i, scope);
    CheckClinicalEdits(rules[i], scope);
  }
}

}  // namespace rules
