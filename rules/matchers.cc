#include "rules/matchers.h"

#include <algorithm>

#include "rules/matchers/address.h"
#include "rules/matchers/application.h"
#include "rules/matchers/combined.h"
#include "rules/matchers/command.h"
#include "rules/matchers/dataset.h"
#include "rules/matchers/level.h"
#include "rules/matchers/listener.h"
#include "rules/matchers/size.h"
#include "rules/matchers/time.h"
#include "rules/matchers/titles.h"
#include "rules/matchers/uids.h"

namespace rules {
namespace {

constexpr Matcher kMatchers[] = {
    {"listener", ParseListener},
    {"tls_subject", ParseTlsSubject},
    {"from", ParseFrom},
    {"calling", ParseCallingTitles},
    {"called", ParseCalledTitles},
    {"requested", ParseRequestedTitles},
    {"to", ParseApplications},
    {"command", ParseCommands},
    {"destination", ParseDestinationTitles},
    {"level", ParseLevels},
    {"sop_class", ParseSopClasses},
    {"transfer_syntax", ParseTransferSyntaxes},
    {"dataset", ParseDataSet},
    {"size", ParseSizes},
    {"time", ParseTimes},
    {"weekday", ParseWeekdayCondition},
    {"not", ParseNot},
    {"any", ParseAny},
    {"all", ParseAll},
};

// The text of a value as it is written in the shortest way; maps in the order of their keys.
std::string CanonicalOf(const Positioned& node) {
  switch (node.form) {
    case Positioned::Form::kNull:
      return "~";
    case Positioned::Form::kScalar:
      return std::to_string(node.scalar.size()) + ":" + node.scalar;
    case Positioned::Form::kList: {
      if (node.values.size() == 1 && node.values[0].form == Positioned::Form::kScalar)
        return CanonicalOf(node.values[0]);
      std::string text = "[";
      for (const Positioned& value : node.values) text += CanonicalOf(value) + ",";
      return text + "]";
    }
    case Positioned::Form::kMap: {
      std::vector<std::string> pairs;
      for (size_t i = 0; i < node.keys.size(); ++i)
        pairs.push_back(CanonicalOf(node.keys[i]) + "=" + CanonicalOf(node.values[i]));
      std::ranges::sort(pairs);
      std::string text = "{";
      for (const std::string& pair : pairs) text += pair + ",";
      return text + "}";
    }
  }
  return {};
}

Positioned PlaceOf(const Positioned& node) {
  Positioned place;
  place.file = node.file;
  place.line = node.line;
  place.column = node.column;
  return place;
}

bool ByMessage(const When::Key& key) {
  return key.condition->known_at() != Phase::kAssociation || key.condition->timed();
}

Phase LatestOf(const std::vector<When::Key>& keys) {
  Phase latest = Phase::kAssociation;
  for (const When::Key& key : keys) latest = std::max(latest, key.condition->known_at());
  return latest;
}

bool AnyTimed(const std::vector<When::Key>& keys) {
  return std::ranges::any_of(keys, [](const auto& key) { return key.condition->timed(); });
}

// Insertion: stable, and of no more than twenty.
void PutCheapFirst(std::vector<When::Key>& keys) {
  auto cost = [](const When::Key& key) {
    if (!ByMessage(key)) return 0;
    if (key.condition->IsOfCommand()) return 1;
    return key.condition->AsRowTest() ? 2 : 3 + static_cast<int>(key.condition->known_at());
  };
  for (size_t i = 1; i < keys.size(); ++i)
    for (size_t j = i; j > 0 && cost(keys[j]) < cost(keys[j - 1]); --j)
      std::swap(keys[j], keys[j - 1]);
}

}  // namespace

std::span<const Matcher> Matchers() { return kMatchers; }

When::When(std::vector<Key> keys)
    : Condition(LatestOf(keys), AnyTimed(keys)), keys_(std::move(keys)) {
  PutCheapFirst(keys_);
  while (by_message_ < keys_.size() && !ByMessage(keys_[by_message_])) ++by_message_;
  after_rows_ = by_message_;
  for (; after_rows_ < keys_.size(); ++after_rows_) {
    const Condition& condition = *keys_[after_rows_].condition;
    const RowTest* row = condition.AsRowTest();
    if (row) rows_.push_back(*row);
    if (!row && !condition.IsOfCommand()) break;
  }
  for (const Key& key : keys_) tests_.push_back(key.condition.get());
}

Answer When::TestFrom(size_t first, const Asking& asking) const {
  Answer answer{Truth::kYes, Phase::kEnd};
  for (size_t i = first; i < tests_.size(); ++i) {
    const Answer one = tests_[i]->Test(asking);
    if (one.truth == Truth::kNo) return one;
    if (one.truth == Truth::kOpen)
      answer =
          OpenUntil(answer.truth == Truth::kOpen ? std::min(answer.needs, one.needs) : one.needs);
  }
  return answer;
}

Truth When::Suppose(const Supposition& supposed) const {
  Truth truth = Truth::kYes;
  for (const Key& key : keys_) truth = std::min(truth, key.condition->Suppose(supposed));
  return truth;
}

const When::Key* When::Find(std::string_view name) const {
  auto found = std::ranges::find(keys_, name, &Key::name);
  return found == keys_.end() ? nullptr : &*found;
}

bool When::Covers(const Condition& condition) const {
  const auto* other = dynamic_cast<const When*>(&condition);
  if (!other) return false;
  return std::ranges::all_of(keys_, [&](const Key& mine) {
    const Key* theirs = other->Find(mine.name);
    return theirs &&
           (mine.canonical == theirs->canonical || mine.condition->Covers(*theirs->condition));
  });
}

bool When::Excludes(const Condition& condition) const {
  const auto* other = dynamic_cast<const When*>(&condition);
  return other && std::ranges::any_of(keys_, [&](const Key& mine) {
           const Key* theirs = other->Find(mine.name);
           return theirs && mine.condition->Excludes(*theirs->condition);
         });
}

std::string When::Say(const Asking& asking, Truth truth) const {
  std::string text;
  for (const Key& key : keys_) {
    if (key.condition->Test(asking).truth != truth) continue;
    if (truth != Truth::kYes) return key.condition->Say(asking, truth);
    text += (text.empty() ? "" : ", ") + key.condition->Say(asking, truth);
  }
  return text;
}

void When::AddSopClasses(std::vector<std::string>& uids) const {
  for (const Key& key : keys_) key.condition->AddSopClasses(uids);
}

std::unique_ptr<const When> ParseWhen(std::string_view what, const Positioned& node, Scope& scope) {
  if (!IsMap(what, node, scope.problems)) return nullptr;
  if (node.keys.empty()) {
    scope.problems.Error(node, std::string(what) + " must not be empty");
    return nullptr;
  }
  std::vector<When::Key> keys;
  bool good = true;
  for (size_t i = 0; i < node.keys.size(); ++i) {
    const std::string& name = node.keys[i].scalar;
    auto matcher = std::ranges::find(kMatchers, name, &Matcher::key);
    if (matcher == std::end(kMatchers)) {
      std::vector<std::string> known;
      for (const Matcher& each : kMatchers) known.emplace_back(each.key);
      scope.problems.Error(node.keys[i],
                           "unknown condition " + Quoted(name) + Suggest(name, known));
      good = false;
      continue;
    }
    ConditionPtr condition = matcher->parse(node.values[i], scope);
    good = good && condition;
    if (condition)
      keys.push_back(
          {name, CanonicalOf(node.values[i]), std::move(condition), PlaceOf(node.values[i])});
  }
  return good ? std::make_unique<const When>(std::move(keys)) : nullptr;
}

}  // namespace rules
