#pragma once
#include <string>
#include <vector>

namespace router::config {

// What may stand in `when` and in `then` of a rule, which is read elsewhere; in the order in which
// it is offered.
struct RuleKey {
  std::string key, meaning;
};
struct RuleKeys {
  std::vector<RuleKey> when, then;
};

// deploy/sluice.schema.json, whole: JSON Schema (draft-07, which the YAML extensions of editors
// take) for a configuration, or for a part that another one includes. It finds what a person
// mistypes; what only all keys together can show is left to `sluice check`, and nothing that this
// accepts is a fault there. Made of Shapes, the
// meanings, and `rules`.
std::string EditorSchema(const RuleKeys& rules);

}  // namespace router::config
