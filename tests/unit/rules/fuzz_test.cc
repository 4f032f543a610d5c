// Any tree of YAML: Compile ends, says at least one thing about what is not good, and says it at a
// place that is in the tree. Seeds as in property_test.cc.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "router/config/tree.h"
#include "rules/actions.h"
#include "rules/matchers.h"
#include "tests/unit/rules/random_rules.h"
#include "tests/unit/rules/world.h"

namespace rules {
namespace {

using router::Positioned;
using testing::Random;

// Trees of words that rules are made of, and of what they are not made of.
class RandomTree {
 public:
  explicit RandomTree(uint32_t seed) : random_(seed) {
    for (const Matcher& matcher : Matchers()) words_.emplace_back(matcher.key);
    for (const Action& action : Actions()) words_.emplace_back(action.key);
    for (const char* word : {"name",
                             "when",
                             "then",
                             "last",
                             "true",
                             "off",
                             "C-STORE",
                             "VMSDBD",
                             "RTPACS",
                             "DCMTK",
                             "[",
                             "]",
                             "*",
                             "?",
                             "[a-",
                             "(0008,0060)",
                             "(3253,xx00)[X]",
                             "BeamSequence[1].BeamName",
                             "BeamSequence[",
                             "Modality",
                             "regex",
                             "with",
                             "above",
                             "below",
                             "18:00-06:00",
                             "10MiB",
                             "10.1.0.0/24",
                             "::/0",
                             "10.1.0.0/",
                             "1.2.*",
                             "",
                             "\\1",
                             "(",
                             "\xff\xfe",
                             "A700",
                             "99999999999999999999",
                             "-",
                             ":",
                             "mon-fri",
                             "\n",
                             "not",
                             "is",
                             "keep",
                             "status"})
      words_.emplace_back(word);
  }

  Positioned List() {
    Positioned list = Node(Positioned::Form::kList);
    for (size_t i = 0, n = random_.Below(4); i < n; ++i) list.values.push_back(Tree(0));
    return list;
  }
  // Something in a good tree is replaced.
  void Spoil(Positioned& tree) {
    Positioned* node = &tree;
    while (!node->values.empty() && random_.Below(4) != 0) {
      const size_t child = random_.Below(node->values.size());
      if (node->form == Positioned::Form::kMap && random_.Below(12) == 0)
        node->keys[child].scalar = Word();
      node = &node->values[child];
    }
    if (node != &tree) *node = Tree(2);
  }

 private:
  Positioned Node(Positioned::Form form) {
    Positioned node;
    node.file = "f";
    node.line = ++line_;
    node.column = 1;
    node.form = form;
    return node;
  }
  std::string Word() { return words_[random_.Below(words_.size())]; }
  Positioned Tree(int depth) {
    using Form = Positioned::Form;
    constexpr Form kForms[] = {Form::kScalar, Form::kMap, Form::kList, Form::kNull};
    Positioned node = Node(depth > 5 ? Form::kScalar : kForms[random_.Below(depth < 2 ? 2 : 4)]);
    if (node.form == Form::kScalar) node.scalar = Word();
    if (node.form != Form::kMap && node.form != Form::kList) return node;
    for (size_t i = 0, n = random_.Below(4); i < n; ++i) {
      Positioned key = Node(Form::kScalar);
      key.scalar = Word();
      const bool known = std::ranges::count(node.keys, key.scalar, &Positioned::scalar) > 0;
      if (node.form == Form::kMap && known) continue;  // unique in a map, as ParseTree has them
      if (node.form == Form::kMap) node.keys.push_back(std::move(key));
      node.values.push_back(Tree(depth + 1));
    }
    return node;
  }

  Random random_;
  std::vector<std::string> words_;
  int line_ = 0;
};

void CheckThatItEnds(const Positioned& list, uint32_t seed) {
  const testing::SmallDictionary dictionary;
  const auto compiled = RuleSet::Compile(list, testing::SmallWorld(), dictionary);
  bool errors = false;
  for (const Problem& problem : compiled.problems) {
    errors |= !problem.warning;
    EXPECT_EQ(problem.file, "f") << seed;
    EXPECT_GT(problem.line, 0) << seed;
    EXPECT_GT(problem.column, 0) << seed;
    EXPECT_FALSE(problem.message.empty()) << seed;
  }
  ASSERT_EQ(compiled.rules == nullptr, errors) << seed << ": no rules, and nobody says why";
  if (!compiled.rules) return;
  // What was taken can be asked.
  Random random(seed);
  for (int i = 0; i < 3; ++i) {
    testing::Known known = random.Facts();
    known.message.phase = Phase::kEnd;
    testing::FakeElements elements(*compiled.rules, {});
    Decisions decisions;
    compiled.rules->Explain(known.caller, known.message, &elements, decisions);
    EXPECT_TRUE(decisions.Settled()) << seed;
  }
}

TEST(RulesFuzz, AnyTreeIsReadToItsEnd) {
  for (uint32_t seed = 1; seed <= 5000; ++seed) {
    const Positioned list = RandomTree(seed).List();
    ASSERT_NO_FATAL_FAILURE(CheckThatItEnds(list, seed));
  }
}

TEST(RulesFuzz, GoodRulesWithSomethingReplacedAreReadToTheirEnd) {
  for (uint32_t seed = 1; seed <= 3000; ++seed) {
    std::string yaml;
    for (const std::string& rule : Random(seed).Rules(3)) yaml += rule + "\n";
    Positioned list = router::config::ParseTree("f", yaml).root;
    RandomTree(seed).Spoil(list);
    ASSERT_NO_FATAL_FAILURE(CheckThatItEnds(list, seed));
  }
}

}  // namespace
}  // namespace rules
