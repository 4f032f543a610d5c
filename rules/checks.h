#pragma once
#include <string>
#include <vector>

#include "rules/actions.h"
#include "rules/rule.h"

namespace rules {

// A rule as it was read, with the places of what it says.
struct ReadRule {
  Rule rule;
  Draft draft;         // its `then` has been moved into the rule
  bool whole = false;  // all of it could be read
  const Positioned* node = nullptr;
  const Positioned* name = nullptr;
  const Positioned* when = nullptr;  // null: absent
  const Positioned* then = nullptr;
  const Positioned* last = nullptr;

  // The place of one action, or of the first that decides the topic.
  const Positioned& PlaceOf(std::string_view action) const;
  const Positioned& PlaceOf(Topic topic) const;
  // As it is named in messages about `from`: "a" (line 3), with the file if that is another.
  std::string Called(const ReadRule& from) const;
};

// What the file as a whole must hold to, once each rule is read. Rules in the order of the file;
// those that could not be read are passed over.
void CheckRules(const std::vector<ReadRule>& rules, Scope& scope);

// Its parts. Conditions that exclude each other; actions that the conditions or each other exclude,
// and those that are carried out before the conditions are known.
void CheckReach(const ReadRule& rule, Scope& scope);
// Against the rules above it: is it read, does it decide anything?
void CheckOrder(const std::vector<ReadRule>& rules, size_t index, Scope& scope);
// Edits of UIDs and plans on the way to an application with profile `aria`.
void CheckClinicalEdits(const ReadRule& rule, Scope& scope);

}  // namespace rules
