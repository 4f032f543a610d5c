#include "rules/matchers/level.h"

#include <algorithm>
#include <array>

#include "rules/matchers/dataset.h"

namespace rules {
namespace {

constexpr std::array<std::string_view, 4> kLevels = {"PATIENT", "STUDY", "SERIES", "IMAGE"};
constexpr uint32_t kQueryRetrieveLevel = 0x00080052;

bool HasLevel(size_t command) { return command == kFind || command == kMove || command == kGet; }

class Level : public Condition {
 public:
  Level(size_t slot, ElementTest test, std::string written)
      : Condition(Phase::kEnd), slot_(slot), test_(std::move(test)), written_(std::move(written)) {}

  Answer Test(const Asking& asking) const override {
    if (asking.phase >= Phase::kCommand && !HasLevel(asking.command)) return AnswerOf(false);
    return TestElement(test_, slot_, asking);
  }
  Truth Suppose(const Supposition& supposed) const override {
    return supposed.command && !HasLevel(*supposed.command) ? Truth::kNo : Truth::kOpen;
  }
  std::string Say(const Asking& asking, Truth truth) const override {
    if (truth == Truth::kOpen) return "the level is not known yet";
    if (!HasLevel(asking.command))
      return std::string(NameOfCommand(asking.command)) + " has no level";
    return (truth == Truth::kYes ? "the level is " : "the level is not ") + written_;
  }

 private:
  size_t slot_;
  ElementTest test_;
  std::string written_;
};

}  // namespace

ConditionPtr ParseLevels(const Positioned& node, Scope& scope) {
  const auto scalars = ScalarsOf("level", node, scope.problems);
  bool good = !scalars.empty() &&
              (node.form != Positioned::Form::kList || scalars.size() == node.values.size());
  std::string written;
  for (const Positioned* scalar : scalars) {
    written += (written.empty() ? "" : " or ") + scalar->scalar;
    if (std::ranges::find(kLevels, scalar->scalar) != kLevels.end()) continue;
    scope.problems.Error(*scalar, "level: " + Quoted(scalar->scalar) +
                                      " is none; write PATIENT, STUDY, SERIES or IMAGE");
    good = false;
  }
  if (!good) return nullptr;
  const size_t slot =
      scope.SlotOf({{{kQueryRetrieveLevel, {}, 0}}, std::string("QueryRetrieveLevel")});
  auto test = ElementTest::Parse("level", slot, node, "CS", scope);
  return test ? std::make_unique<Level>(slot, std::move(*test), std::move(written)) : nullptr;
}

}  // namespace rules
