#include <algorithm>
#include <array>

#include "rules/checks.h"

namespace rules {
namespace {

constexpr uint16_t kStoreAlone = 1u << kStore;

uint16_t CommandsOf(const Condition& condition) {
  uint16_t mask = 0;
  for (size_t command = 0; command < kCommandBits; ++command)
    if (condition.Suppose({.command = &command}) != Truth::kNo)
      mask |= static_cast<uint16_t>(1u << command);
  return mask;
}

// The commands of a topic, as a mask.
uint16_t CommandsOf(Topic topic) {
  uint16_t mask = 0;
  for (size_t command = 0; command < kCommands.size(); ++command)
    if (TopicsOf(kCommands[command].field) & BitOf(topic))
      mask |= static_cast<uint16_t>(1u << command);
  return mask;
}

// A condition with which another one, written before it, cannot be true.
const When::Key* Contradiction(const When& when, const When::Key*& other) {
  for (const When::Key& one : when.keys())
    for (const When::Key& two : when.keys())
      if (&one != &two && (CommandsOf(*one.condition) & CommandsOf(*two.condition)) == 0) {
        other = one.name == "command" ? &one : &two;
        return other == &one ? &two : &one;
      }
  return nullptr;
}

bool CheckThatItCanMatch(const ReadRule& read, Scope& scope) {
  if (!read.rule.when) return true;
  const When& when = *read.rule.when;
  for (const When::Key& key : when.keys()) {
    const Condition* negated = key.condition->Negated();
    if (!negated || !negated->Covers(when)) continue;
    scope.problems.Warn(key.place,
                        "not excludes all that the other conditions let through, so this "
                        "rule never matches");
    return false;
  }
  if (read.rule.commands != 0) return true;
  const When::Key* other = nullptr;
  const When::Key* one = Contradiction(when, other);
  if (one)
    scope.problems.Warn(one->place, one->name + " and " + other->name +
                                        " are never true together, so this rule never matches");
  else
    scope.problems.Warn(*read.when,
                        "no request meets all these conditions, so this rule never "
                        "matches");
  return false;
}

// The condition that only a message can tell.
const std::string& OfMessage(const When& when) {
  for (const When::Key& key : when.keys())
    if (key.condition->known_at() != Phase::kAssociation) return key.name;
  return when.keys().front().name;
}

void CheckPhases(const ReadRule& read, Scope& scope) {
  const Rule& rule = read.rule;
  if (!rule.NeedsMessage()) return;
  const std::string& condition = OfMessage(*rule.when);
  if (rule.then.Decides(Topic::kTo)) {
    if (rule.commands == kStoreAlone) return;  // calling and called go with it
    scope.problems.Error(read.PlaceOf(Topic::kTo),
                         "to is settled when the association begins, and " + condition +
                             " is known later; only a single C-STORE can go elsewhere: add "
                             "\"command: C-STORE\"");
    return;
  }
  for (Topic topic : {Topic::kCalling, Topic::kCalled})
    if (rule.then.Decides(topic))
      scope.problems.Error(read.PlaceOf(topic),
                           std::string(NameOf(topic)) +
                               " is settled when the association begins, and " + condition +
                               " is known later");
}

struct About {
  Topic topic;
  std::string_view what;
};
constexpr std::array<About, 8> kAbout = {
    {{Topic::kMoveTo, "only a C-MOVE has destinations"},
     {Topic::kCopyTo, "only a C-STORE can be copied"},
     {Topic::kHold, "only a C-STORE can be held"},
     {Topic::kQueue, "only a C-STORE can be queued"},
     {Topic::kEdit, "only a request with a data set can be edited"},
     {Topic::kRetrieveAeTitle, "only answers to a C-FIND have a Retrieve AE Title"},
     {Topic::kPriority, "only a C-STORE has a priority"},
     {Topic::kAcknowledge, "only a C-STORE is acknowledged"}}};

void CheckCommands(const ReadRule& read, Scope& scope) {
  const Rule& rule = read.rule;
  for (const About& about : kAbout)
    if (rule.then.Decides(about.topic) && (rule.commands & CommandsOf(about.topic)) == 0)
      scope.problems.Error(read.PlaceOf(about.topic), read.PlaceOf(about.topic).scalar + ": " +
                                                          std::string(about.what) +
                                                          ", and this rule is never about one");
  if (rule.then.outcome && std::holds_alternative<Drop>(*rule.then.outcome) &&
      rule.commands != kStoreAlone)
    scope.problems.Error(read.PlaceOf("drop"),
                         "drop: only a C-STORE can be dropped; add \"command: C-STORE\"");
}

// What is refused or dropped goes nowhere, so nothing else can be said of it.
void CheckOutcome(const ReadRule& read, Scope& scope) {
  const Then& then = read.rule.then;
  if (!then.outcome) return;
  const bool drop = std::holds_alternative<Drop>(*then.outcome);
  for (Topic topic :
       {Topic::kTo, Topic::kMoveTo, Topic::kCopyTo, Topic::kHold, Topic::kQueue, Topic::kEdit,
        Topic::kRetrieveAeTitle, Topic::kPriority, Topic::kAcknowledge}) {
    if (!then.Decides(topic)) continue;
    const Positioned& place = read.PlaceOf(topic);
    scope.problems.Error(
        place, place.scalar + " has no effect together with " + (drop ? "drop" : "refuse"));
  }
}

}  // namespace

void CheckReach(const ReadRule& read, Scope& scope) {
  CheckOutcome(read, scope);
  if (!CheckThatItCanMatch(read, scope)) return;
  CheckPhases(read, scope);
  CheckCommands(read, scope);
}

}  // namespace rules
