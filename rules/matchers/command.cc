#include "rules/matchers/command.h"

#include <algorithm>

namespace rules {
namespace {

class Commands : public Condition {
 public:
  explicit Commands(uint16_t mask) : Condition(Phase::kCommand), mask_(mask) {}

  Answer Test(const Asking& asking) const override {
    if (asking.phase < Phase::kCommand) return OpenUntil(Phase::kCommand);
    return AnswerOf(Has(asking.command));
  }
  Truth Suppose(const Supposition& supposed) const override {
    return supposed.command ? TruthOf(Has(*supposed.command)) : Truth::kOpen;
  }
  bool IsOfCommand() const override { return true; }
  bool Covers(const Condition& other) const override {
    const auto* same = dynamic_cast<const Commands*>(&other);
    return same && (same->mask_ & ~mask_) == 0;
  }
  bool Excludes(const Condition& other) const override {
    const auto* same = dynamic_cast<const Commands*>(&other);
    return same && (same->mask_ & mask_) == 0;
  }
  std::string Say(const Asking& asking, Truth truth) const override {
    if (truth == Truth::kOpen) return "the command is not known yet";
    std::string text = "command is " + std::string(NameOfCommand(asking.command));
    if (truth == Truth::kYes) return text;
    bool first = true;
    for (size_t i = 0; i < kCommands.size(); ++i) {
      if (!Has(i)) continue;
      text += (first ? ", not " : " or ") + std::string(kCommands[i].name);
      first = false;
    }
    return text;
  }

 private:
  bool Has(size_t index) const { return mask_ >> index & 1; }
  uint16_t mask_;
};

}  // namespace

ConditionPtr ParseCommands(const Positioned& node, Scope& scope) {
  uint16_t mask = 0;
  bool good = true;
  for (const Positioned* scalar : ScalarsOf("command", node, scope.problems)) {
    auto found = std::ranges::find(kCommands, scalar->scalar, &Command::name);
    if (found != kCommands.end()) {
      mask |= static_cast<uint16_t>(1u << (found - kCommands.begin()));
      continue;
    }
    good = false;
    std::vector<std::string> known;
    for (const Command& command : kCommands) known.emplace_back(command.name);
    scope.problems.Error(*scalar, "command: there is no request " + Quoted(scalar->scalar) +
                                      Suggest(scalar->scalar, known));
  }
  return good && mask != 0 ? std::make_unique<Commands>(mask) : nullptr;
}

}  // namespace rules
