// deploy/sluice.schema.json is what the reader and the rules say of themselves now.
#include "router/config/editor_schema.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "router/rule_keys.h"

namespace router {
namespace {

std::string TextOf(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(std::string(SLUICE_SOURCE_DIR) + "/" + name).rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

TEST(EditorSchema, IsTheOneInDeploy) {
  EXPECT_TRUE(TextOf("deploy/sluice.schema.json") ==
              config::EditorSchema(RuleKeysOn(TextOf("docs/rules.md"))))
      << "stale: build/sluice_config_docs schema < docs/rules.md > deploy/sluice.schema.json";
}

TEST(RuleKeys, EachHasTheMeaningThatItsTableGives) {
  const config::RuleKeys keys = RuleKeysOn(TextOf("docs/rules.md"));
  for (const auto* some : {&keys.when, &keys.then})
    for (const config::RuleKey& one : *some)
      EXPECT_GT(one.meaning.size(), 8u) << one.key << ": " << one.meaning;
  const config::RuleKeys two = RuleKeysOn(
      "# R\n\n## Conditions\n\n| `to` | a, b | x | Where to. |\n| `from` | c | Whence. |\n\n"
      "## Actions\n\n| `to` | d | Goes there. |\n");
  for (const config::RuleKey& one : two.when)
    EXPECT_EQ(one.meaning, one.key == "to" ? "Where to." : one.key == "from" ? "Whence." : "");
  for (const config::RuleKey& one : two.then)
    EXPECT_EQ(one.meaning, one.key == "to" ? "Goes there." : "");
}

}  // namespace
}  // namespace router
