#include "rules/checks.h"

#include <algorithm>

namespace rules {

const Positioned& ReadRule::PlaceOf(std::string_view action) const {
  auto found = std::ranges::find(then->keys, action, &Positioned::scalar);
  return found == then->keys.end() ? *then : *found;
}

const Positioned& ReadRule::PlaceOf(Topic topic) const {
  for (const Action& action : Actions())
    if (action.topic == topic && &PlaceOf(action.key) != then) return PlaceOf(action.key);
  return *then;
}

}  // namespace rules
