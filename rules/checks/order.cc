#include <algorithm>

#include "rules/checks.h"

namespace rules {
namespace {

constexpr uint32_t kAllApply = BitOf(Topic::kCopyTo) | BitOf(Topic::kLimit) | BitOf(Topic::kLog);

// Does `above` certainly match whatever `below` does?
bool Covers(const Rule& above, const Rule& below) {
  return !above.when || (below.when && above.when->Covers(*below.when));
}

bool MayMeet(const Rule& above, const Rule& below) {
  return !above.when || !below.when || !above.when->Excludes(*below.when);
}

bool OfAssociation(const Then& then) {
  return then.Decides(Topic::kTo) || then.Decides(Topic::kCalling) || then.Decides(Topic::kCalled);
}

// Topics of which `below` decides nothing, since `above` does.
void WarnOfConflicts(const ReadRule& above, const ReadRule& below, Scope& scope) {
  const uint32_t both = above.rule.then.topics & below.rule.then.topics & ~kAllApply;
  for (size_t i = 0; i < kTopics; ++i) {
    const auto topic = static_cast<Topic>(i);
    if (topic == Topic::kEdit || !(both & BitOf(topic))) continue;
    const Positioned& place = below.PlaceOf(topic);
    scope.problems.Warn(place, place.scalar + " never has an effect: the rule " +
                                   above.Called(below) + " decides it whenever this one matches");
  }
  const auto& edits = below.rule.then.edits;
  for (size_t i = 0; i < edits.size(); ++i)
    if (std::ranges::find(above.rule.then.edits, edits[i].path, &router::ElementEdit::path) !=
        above.rule.then.edits.end())
      scope.problems.Warn(*below.draft.edit_places[i],
                          "\"" + edits[i].text + "\" never has an effect: the rule " +
                              above.Called(below) + " edits it whenever this one matches");
}

// What is settled with the association must not stand below what a message may hide it by.
bool CheckThatItIsReadInTime(const ReadRule& above, const ReadRule& below, Scope& scope) {
  const Rule &hides = above.rule, &rule = below.rule;
  if (!hides.last || !hides.NeedsMessage() || rule.NeedsMessage() || !OfAssociation(rule.then) ||
      !MayMeet(hides, rule))
    return true;
  Topic topic = rule.then.Decides(Topic::kTo)        ? Topic::kTo
                : rule.then.Decides(Topic::kCalling) ? Topic::kCalling
                                                     : Topic::kCalled;
  scope.problems.Error(below.PlaceOf(topic),
                       std::string(NameOf(topic)) +
                           " is settled when the association begins, and only a message tells "
                           "whether the rule " +
                           above.Called(below) + " ends the reading; put this rule above it");
  return false;
}

}  // namespace

void CheckOrder(const std::vector<ReadRule>& rules, size_t index, Scope& scope) {
  const ReadRule& below = rules[index];
  if (below.rule.last && index + 1 == rules.size())
    scope.problems.Warn(*below.last, "last has no effect: no rule follows");
  bool in_time = true;
  for (size_t i = 0; i < index; ++i) {
    const ReadRule& above = rules[i];
    if (!above.whole || above.rule.commands == 0) continue;
    const bool covers = Covers(above.rule, below.rule);
    if (covers && above.rule.last) {
      scope.problems.Warn(*below.name, Quoted(below.rule.name) + " is never read: the rule " +
                                           above.Called(below) +
                                           " matches whenever it would and ends the reading");
      return;
    }
    in_time = in_time && CheckThatItIsReadInTime(above, below, scope);
    if (covers) WarnOfConflicts(above, below, scope);
  }
}

}  // namespace rules
