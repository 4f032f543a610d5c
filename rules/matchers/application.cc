#include "rules/matchers/application.h"

#include <algorithm>

#include "router/base/text.h"

namespace rules {
namespace {

class Applications : public Condition {
 public:
  explicit Applications(std::vector<std::string> names)
      : Condition(Phase::kAssociation), names_(std::move(names)) {}

  Answer Test(const Asking& asking) const override {
    return AnswerOf(Has(asking.caller.application));
  }
  Truth Suppose(const Supposition& supposed) const override {
    return supposed.application ? TruthOf(Has(*supposed.application)) : Truth::kOpen;
  }
  bool Covers(const Condition& other) const override {
    const auto* same = dynamic_cast<const Applications*>(&other);
    return same &&
           std::ranges::all_of(same->names_, [&](const std::string& one) { return Has(one); });
  }
  bool Excludes(const Condition& other) const override {
    const auto* same = dynamic_cast<const Applications*>(&other);
    return same &&
           std::ranges::none_of(same->names_, [&](const std::string& one) { return Has(one); });
  }
  std::string Say(const Asking& asking, Truth truth) const override {
    const std::string& name = asking.caller.application;
    std::string text = name.empty() ? "it goes to no application yet" : "it goes to " + name;
    if (truth == Truth::kYes) return text;
    for (const std::string& one : names_) text += (&one == &names_[0] ? ", not " : " or ") + one;
    return text;
  }

 private:
  bool Has(const std::string& name) const {
    return std::ranges::find(names_, name) != names_.end();
  }
  std::vector<std::string> names_;
};

}  // namespace

const KnownApplication* World::Find(std::string_view title) const {
  for (const KnownApplication& application : applications)
    if (application.name == title ||
        std::ranges::find(application.titles, title) != application.titles.end())
      return &application;
  return nullptr;
}

const KnownApplication* FindApplication(std::string_view key, const Positioned& node,
                                        Scope& scope) {
  const KnownApplication* found = scope.world.Find(router::TrimSpaces(node.scalar));
  if (found) return found;
  std::vector<std::string> known;
  for (const KnownApplication& application : scope.world.applications)
    known.push_back(application.name);
  scope.problems.Error(node, std::string(key) + ": there is no application " + Quoted(node.scalar) +
                                 Suggest(node.scalar, known));
  return nullptr;
}

ConditionPtr ParseApplications(const Positioned& node, Scope& scope) {
  std::vector<std::string> names;
  const auto scalars = ScalarsOf("to", node, scope.problems);
  for (const Positioned* scalar : scalars)
    if (const KnownApplication* found = FindApplication("to", *scalar, scope))
      names.push_back(found->name);
  if (names.empty() || names.size() != scalars.size()) return nullptr;
  return std::make_unique<Applications>(std::move(names));
}

}  // namespace rules
