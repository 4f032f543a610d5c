#pragma once
#include <memory>
#include <string>
#include <vector>

#include "rules/matchers.h"
#include "rules/rule_set.h"
#include "rules/then.h"

namespace rules {

// One rule, compiled.
struct Rule {
  std::string name, place;           // "sluice.yaml:41"
  std::unique_ptr<const When> when;  // null: always
  Then then;
  bool last = false;
  uint16_t commands = kEveryCommand;  // bits by command.h: what it can match at all
  uint16_t asks_data_set = 0;         // of these: where it may ask for the data set
  // For each of then.edits: the rules above that edit the same path.
  std::vector<std::vector<RuleIndex>> edit_rivals;

  bool NeedsMessage() const { return when && when->known_at() != Phase::kAssociation; }
};

}  // namespace rules
