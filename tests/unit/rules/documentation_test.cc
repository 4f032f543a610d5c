// docs/rules.md has every condition and every action, and its examples are rules as they stand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "rules/actions.h"
#include "rules/matchers.h"
#include "tests/unit/rules/world.h"

namespace rules {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

std::vector<std::string> Lines() {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/docs/rules.md");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// The keys in the first column of the first table under a heading.
std::vector<std::string> KeysUnder(std::string_view heading) {
  std::vector<std::string> keys;
  bool inside = false;
  for (const std::string& line : Lines()) {
    if (line == heading) {
      inside = true;
    } else if (inside && line.starts_with("| `")) {
      keys.push_back(line.substr(3, line.find('`', 3) - 3));
    } else if (!keys.empty() && inside) {
      break;
    }
  }
  return keys;
}

TEST(RulesDocumentation, HasEveryCondition) {
  std::vector<std::string> keys;
  for (const Matcher& matcher : Matchers()) keys.emplace_back(matcher.key);
  EXPECT_THAT(KeysUnder("## Conditions"), UnorderedElementsAreArray(keys));
}

TEST(RulesDocumentation, HasEveryAction) {
  std::vector<std::string> keys;
  for (const Action& action : Actions()) keys.emplace_back(action.key);
  EXPECT_THAT(KeysUnder("## Actions"), UnorderedElementsAreArray(keys));
}

TEST(RulesDocumentation, ExamplesAreRulesWithoutAFault) {
  std::string block;
  bool inside = false;
  int blocks = 0;
  for (const std::string& line : Lines()) {
    if (line == "```yaml") {
      inside = true;
      block.clear();
    } else if (inside && line == "```") {
      inside = false;
      ++blocks;
      EXPECT_THAT(testing::ProblemsOf(block), IsEmpty()) << block;
    } else if (inside) {
      block += line + "\n";
    }
  }
  EXPECT_GE(blocks, 8);
}

// "Adding an action = a file, a line, a test, a row": each has its test of the same name.
TEST(RulesDocumentation, EveryActionHasItsFileAndItsTest) {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/tests/unit/rules/actions_test.cc");
  const std::string tests((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (const Action& action : Actions()) {
    const std::string key(action.key);
    EXPECT_NE(tests.find("TEST(Action, " + key + ")"), std::string::npos) << key;
    EXPECT_TRUE(std::ifstream(std::string(SLUICE_SOURCE_DIR) + "/rules/actions/" + key + ".cc"))
        << key;
  }
}

}  // namespace
}  // namespace rules
