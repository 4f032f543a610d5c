#pragma once
#include <vector>

#include "rules/actions.h"
#include "rules/rule.h"

namespace rules {

// A rule as it was read, with the places of what it says.
struct ReadRule {
  Rule rule;
  Draft draft;  // its `then` is moved into the rule in the end
  const Positioned* node = nullptr;
  const Positioned* name = nullptr;
  const Positioned* when = nullptr;  // null: absent
  const Positioned* then = nullptr;
  const Positioned* last = nullptr;

  // The place of one action, or of all of them.
  const Positioned& PlaceOf(std::string_view action) const;
  const Positioned& PlaceOf(Topic topic) const;
};

}  // namespace rules
