#include "rules/matchers/size.h"

#include "rules/values.h"

namespace rules {
namespace {

class Size : public Condition {
 public:
  Size(std::optional<uint64_t> above, std::optional<uint64_t> below)
      : Condition(Phase::kEnd), above_(above), below_(below) {}

  Answer Test(const Asking& asking) const override {
    if (asking.phase < Phase::kCommand) return OpenUntil(Phase::kCommand);
    if (!asking.has_data_set) return AnswerOf(false);
    if (asking.phase < Phase::kEnd) return OpenUntil(Phase::kEnd);
    const auto size = asking.message->size;
    return AnswerOf(size && (!above_ || *size > *above_) && (!below_ || *size < *below_));
  }
  Truth Suppose(const Supposition& supposed) const override {
    return supposed.command && !HasDataSet(*supposed.command) ? Truth::kNo : Truth::kOpen;
  }
  std::string Say(const Asking& asking, Truth truth) const override {
    if (truth == Truth::kOpen) return "the size is not known yet";
    if (!asking.has_data_set || !asking.message->size) return "there is no data set";
    std::string text = "the data set has " + std::to_string(*asking.message->size) + " bytes";
    if (truth == Truth::kYes) return text;
    if (above_) text += ", not more than " + std::to_string(*above_);
    if (below_ && *asking.message->size >= *below_)
      text = "the data set has " + std::to_string(*asking.message->size) +
             " bytes, not less than " + std::to_string(*below_);
    return text;
  }

 private:
  std::optional<uint64_t> above_, below_;
};

}  // namespace

ConditionPtr ParseSizes(const Positioned& node, Scope& scope) {
  Fields fields("size", node, scope.problems);
  if (!fields.is_map()) return nullptr;
  uint64_t above = 0, below = 0;
  const bool has_above = fields.Value("above", above, ParseSize);
  const bool has_below = fields.Value("below", below, ParseSize);
  if (!has_above && !has_below) {
    if (fields.AllKnown() && !fields.Written("above") && !fields.Written("below"))
      scope.problems.Error(node, "size needs above, below or both");
    return nullptr;
  }
  if (has_below && (below == 0 || (has_above && above + 1 >= below)))
    scope.problems.Warn(node, "no size is within these bounds");
  return std::make_unique<Size>(has_above ? std::optional(above) : std::nullopt,
                                has_below ? std::optional(below) : std::nullopt);
}

}  // namespace rules
