#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "rules/scope.h"
#include "rules/then.h"

namespace rules {

// What stands in `then` while it is read.
struct Draft {
  Then then;
  bool clinical_edit = false;
  std::vector<const Positioned*> edit_places;  // of then.edits, one for each
};

// What can stand in `then`. Reads the value of its key into the draft; false if anything is wrong
// with it, which is said then.
struct Action {
  std::string_view key;
  Topic topic;
  bool (*parse)(const Positioned& node, Scope& scope, Draft& draft);
};

// The one list. Adding an action = a file in rules/actions/, a line in actions.cc, a test of the
// same name in tests/unit/rules, a row in docs/rules.md.
std::span<const Action> Actions();

// The value of `then`. False if anything in it is wrong.
bool ParseThen(const Positioned& node, Scope& scope, Draft& draft);

}  // namespace rules
