#include "rules/matchers/combined.h"

#include <algorithm>

#include "rules/matchers.h"

namespace rules {
namespace {

class NotAll : public Condition {
 public:
  explicit NotAll(ConditionPtr inner)
      : Condition(inner->known_at(), inner->timed()), inner_(std::move(inner)) {}

  Answer Test(const Asking& asking) const override {
    const Answer answer = inner_->Test(asking);
    return {Not(answer.truth), answer.needs};
  }
  Truth Suppose(const Supposition& supposed) const override {
    return Not(inner_->Suppose(supposed));
  }
  bool Covers(const Condition& other) const override {
    const auto* same = dynamic_cast<const NotAll*>(&other);
    return same && same->inner_->Covers(*inner_);
  }
  std::string Say(const Asking& asking, Truth truth) const override {
    std::string text = inner_->Say(asking, Not(truth));
    return truth == Truth::kNo ? text + ", which \"not\" excludes" : text;
  }
  void AddSopClasses(std::vector<std::string>& uids) const override { inner_->AddSopClasses(uids); }
  const Condition* Negated() const override { return inner_.get(); }

 private:
  ConditionPtr inner_;
};

Phase LatestOf(const std::vector<ConditionPtr>& inner) {
  Phase latest = Phase::kAssociation;
  for (const ConditionPtr& one : inner) latest = std::max(latest, one->known_at());
  return latest;
}

bool AnyTimed(const std::vector<ConditionPtr>& inner) {
  return std::ranges::any_of(inner, [](const ConditionPtr& one) { return one->timed(); });
}

// One truth of any of them settles it: kYes for `any`, kNo for `all`.
class Several : public Condition {
 public:
  Several(Truth settles, std::vector<ConditionPtr> inner)
      : Condition(LatestOf(inner), AnyTimed(inner)), settles_(settles), inner_(std::move(inner)) {}

  Answer Test(const Asking& asking) const override {
    Answer answer{Not(settles_), Phase::kEnd};
    for (const ConditionPtr& one : inner_) {
      const Answer each = one->Test(asking);
      if (each.truth == settles_) return each;
      if (each.truth == Truth::kOpen)
        answer = OpenUntil(answer.truth == Truth::kOpen ? std::min(answer.needs, each.needs)
                                                        : each.needs);
    }
    return answer;
  }
  Truth Suppose(const Supposition& supposed) const override {
    Truth truth = Not(settles_);
    for (const ConditionPtr& one : inner_) {
      const Truth each = one->Suppose(supposed);
      truth = settles_ == Truth::kYes ? std::max(truth, each) : std::min(truth, each);
    }
    return truth;
  }
  std::string Say(const Asking& asking, Truth truth) const override {
    std::string text;
    for (const ConditionPtr& one : inner_) {
      if (one->Test(asking).truth != truth) continue;
      text += (text.empty()              ? ""
               : settles_ == Truth::kYes ? "; and "
                                         : ", ") +
              one->Say(asking, truth);
      if (truth == settles_ || truth == Truth::kOpen) break;
    }
    return text;
  }
  void AddSopClasses(std::vector<std::string>& uids) const override {
    for (const ConditionPtr& one : inner_) one->AddSopClasses(uids);
  }

 private:
  Truth settles_;
  std::vector<ConditionPtr> inner_;
};

ConditionPtr ParseSeveral(std::string_view key, Truth settles, const Positioned& node,
                          Scope& scope) {
  if (node.form != Positioned::Form::kList) {
    scope.problems.Error(node, std::string(key) + " must be a list of maps, \"- {key: value}\"");
    return nullptr;
  }
  if (node.values.empty()) scope.problems.Error(node, std::string(key) + " must not be empty");
  std::vector<ConditionPtr> inner;
  for (const Positioned& value : node.values)
    if (auto when = ParseWhen("each of " + std::string(key), value, scope))
      inner.push_back(std::move(when));
  if (inner.empty() || inner.size() != node.values.size()) return nullptr;
  return std::make_unique<Several>(settles, std::move(inner));
}

}  // namespace

ConditionPtr ParseNot(const Positioned& node, Scope& scope) {
  ConditionPtr inner = ParseWhen("not", node, scope);
  return inner ? std::make_unique<NotAll>(std::move(inner)) : nullptr;
}

ConditionPtr ParseAny(const Positioned& node, Scope& scope) {
  return ParseSeveral("any", Truth::kYes, node, scope);
}

ConditionPtr ParseAll(const Positioned& node, Scope& scope) {
  return ParseSeveral("all", Truth::kNo, node, scope);
}

}  // namespace rules
