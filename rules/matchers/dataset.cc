#include "rules/matchers/dataset.h"

#include "rules/element_path.h"

namespace rules {
namespace {

using Presence = router::ElementValues::Presence;

struct Asked {
  size_t slot;
  std::string path;
  ElementTest test;
};

class DataSet : public Condition {
 public:
  explicit DataSet(std::vector<Asked> elements)
      : Condition(Phase::kEnd), elements_(std::move(elements)) {}

  Answer Test(const Asking& asking) const override {
    Answer answer{Truth::kYes, Phase::kEnd};
    for (const Asked& element : elements_) {
      const Answer one = TestElement(element.test, element.slot, asking);
      if (one.truth == Truth::kNo) return one;
      if (one.truth == Truth::kOpen) answer = one;  // all need the same
    }
    return answer;
  }
  Truth Suppose(const Supposition& supposed) const override {
    if (!supposed.command || HasDataSet(*supposed.command)) return Truth::kOpen;
    for (const Asked& element : elements_)
      if (!element.test.Passes(false, {})) return Truth::kNo;
    return Truth::kYes;
  }
  // Never a value: what is in a data set is about a patient.
  std::string Say(const Asking& asking, Truth truth) const override {
    std::string text;
    for (const Asked& element : elements_) {
      if (TestElement(element.test, element.slot, asking).truth != truth) continue;
      if (truth == Truth::kNo) return element.path + " does not match";
      if (truth == Truth::kOpen) return element.path + " is not known yet";
      text += (text.empty() ? "" : ", ") + element.path + " matches";
    }
    return text;
  }

 private:
  std::vector<Asked> elements_;
};

}  // namespace

Answer TestElement(const ElementTest& test, size_t slot, const Asking& asking) {
  static const std::vector<std::string> kNone;
  if (asking.phase < Phase::kCommand) return OpenUntil(Phase::kCommand);
  if (!asking.has_data_set) return AnswerOf(test.Passes(false, kNone));
  if (asking.phase < Phase::kHead) return OpenUntil(Phase::kHead);
  const router::ElementValues* found = asking.elements ? &asking.elements->At(slot) : nullptr;
  if (!found || found->presence == Presence::kUnknown) {
    if (asking.phase < Phase::kEnd) return OpenUntil(Phase::kHead);
    return AnswerOf(test.Passes(false, kNone));  // nothing more will come
  }
  const bool together = found->values.size() == 1 && test.HasRegex();
  return AnswerOf(test.Passes(
      found->presence == Presence::kPresent, found->values,
      together ? asking.tables.regexes.Hits(slot, found->values[0], asking.scratch) : nullptr));
}

ConditionPtr ParseDataSet(const Positioned& node, Scope& scope) {
  if (!IsMap("dataset", node, scope.problems)) return nullptr;
  if (node.keys.empty()) scope.problems.Error(node, "dataset must not be empty");
  std::vector<Asked> elements;
  bool good = !node.keys.empty();
  for (size_t i = 0; i < node.keys.size(); ++i) {
    auto path = ParseElementPath(node.keys[i].scalar, scope.dictionary);
    if (!path) {
      scope.problems.Error(node.keys[i], "dataset: " + path.error().detail);
      good = false;
      continue;
    }
    const std::string vr = VrOf(*path, scope.dictionary);
    const size_t slot = scope.SlotOf(*path);
    auto test = ElementTest::Parse(path->text, slot, node.values[i], vr, scope);
    good = good && test;
    if (test) elements.push_back({slot, path->text, std::move(*test)});
  }
  return good ? std::make_unique<DataSet>(std::move(elements)) : nullptr;
}

}  // namespace rules
