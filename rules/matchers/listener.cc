#include "rules/matchers/listener.h"

#include <algorithm>

#include "router/base/text.h"

namespace rules {
namespace {

std::string_view PortOf(std::string_view listener) {
  size_t colon = listener.rfind(':');
  return colon == listener.npos ? listener : listener.substr(colon + 1);
}

bool IsPort(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Does `wanted` name `listener`?
bool Names(std::string_view wanted, std::string_view listener) {
  return wanted == listener || (IsPort(wanted) && wanted == PortOf(listener));
}

class Listener : public Condition {
 public:
  explicit Listener(std::vector<std::string> wanted)
      : Condition(Phase::kAssociation), wanted_(std::move(wanted)) {}

  Answer Test(const Asking& asking) const override { return AnswerOf(Has(asking.caller.listener)); }
  bool Covers(const Condition& other) const override {
    const auto* same = dynamic_cast<const Listener*>(&other);
    return same &&
           std::ranges::all_of(same->wanted_, [&](const std::string& one) { return Has(one); });
  }
  std::string Say(const Asking& asking, Truth truth) const override {
    std::string text = "listener is " + asking.caller.listener;
    if (truth == Truth::kYes) return text;
    for (const std::string& one : wanted_) text += (&one == &wanted_[0] ? ", not " : " or ") + one;
    return text;
  }

 private:
  bool Has(std::string_view listener) const {
    return std::ranges::any_of(wanted_,
                               [&](const std::string& one) { return Names(one, listener); });
  }
  std::vector<std::string> wanted_;
};

}  // namespace

ConditionPtr ParseListener(const Positioned& node, Scope& scope) {
  std::vector<std::string> wanted;
  const auto scalars = ScalarsOf("listener", node, scope.problems);
  for (const Positioned* scalar : scalars) {
    std::string text(router::TrimSpaces(scalar->scalar));
    if (!IsPort(PortOf(text))) {
      scope.problems.Error(
          *scalar, "listener: " + Quoted(text) + " is no listener; write 51402 or 10.1.0.40:51402");
      continue;
    }
    // A listener at every interface, "51402", is also one at each of them.
    const bool known = std::ranges::any_of(scope.world.listeners, [&](const std::string& one) {
      return Names(text, one) || Names(one, text);
    });
    if (!known)
      scope.problems.Warn(
          *scalar, "there is no listener " + Quoted(text) + Suggest(text, scope.world.listeners));
    wanted.push_back(std::move(text));
  }
  if (wanted.empty() || wanted.size() != scalars.size()) return nullptr;
  return std::make_unique<Listener>(std::move(wanted));
}

}  // namespace rules
