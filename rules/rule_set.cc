#include "rules/rule_set.h"

#include <algorithm>

#include "rules/asking.h"
#include "rules/resolution.h"
#include "rules/rule.h"

namespace rules {
namespace {

constexpr uint32_t kOfAssociation =
    BitOf(Topic::kTo) | BitOf(Topic::kCalling) | BitOf(Topic::kCalled);

}  // namespace

RuleSet::RuleSet() : tables_(std::make_unique<Tables>()) {}
RuleSet::~RuleSet() = default;

size_t RuleSet::size() const { return rules_.size(); }
const std::string& RuleSet::NameOf(RuleIndex rule) const { return rules_[rule].name; }
std::string RuleSet::PlaceOf(RuleIndex rule) const { return rules_[rule].place; }
std::span<const router::ElementPath> RuleSet::paths() const { return paths_; }

bool RuleSet::Candidates::MayNeedDataSet(uint16_t command_field) const {
  return (with_data_set_ & CommandBit(command_field)) != 0;
}

bool RuleSet::NeedsMessage(RuleIndex rule) const { return rules_[rule].NeedsMessage(); }

RuleSet::Candidates RuleSet::CandidatesFor(const Caller& caller) const {
  Candidates candidates;
  const Asking asking(*tables_, caller);
  bool below_open_last = false;
  for (RuleIndex index = 0; index < rules_.size(); ++index) {
    const Rule& rule = rules_[index];
    const Truth truth = rule.when ? rule.when->Test(asking).truth : Truth::kYes;
    if (truth == Truth::kNo) continue;
    const bool certain = truth == Truth::kYes;
    candidates.rules_.push_back({certain ? nullptr : rule.when.get(), index, rule.commands});
    candidates.topics_ |= rule.then.topics;
    if (!certain) candidates.with_data_set_ |= rule.asks_data_set;
    if (!certain || below_open_last) {
      // The time alone is asked once for what is settled with the association.
      const bool only_time = !below_open_last && !rule.NeedsMessage();
      candidates.topics_by_message_ |= rule.then.topics & ~(only_time ? kOfAssociation : 0);
    }
    if (!rule.last) continue;
    if (certain) break;
    below_open_last = true;
  }
  return candidates;
}

void RuleSet::Decide(const Caller& caller, const Candidates& candidates, const Message& message,
                     Elements* elements, Decisions& decisions) const {
  const Asking asking(*tables_, caller, message, elements, decisions.scratch);
  Resolution resolution(rules_, asking, decisions);
  const bool of_message = asking.phase >= Phase::kCommand;
  const auto command = static_cast<uint16_t>(1u << asking.command);
  for (const Candidates::Entry& entry : candidates.rules_) {
    if (of_message && (entry.commands & command) == 0) continue;
    Answer answer = AnswerOf(true);
    if (const When* when = entry.when) {
      answer = of_message ? when->TestMessage(asking) : when->TestFrom(when->by_message(), asking);
      if (answer.truth == Truth::kNo) continue;
    }
    if (!resolution.Add(entry.rule, answer)) return;
  }
}

Trace RuleSet::Explain(const Caller& caller, const Message& message, Elements* elements,
                       Decisions& decisions) const {
  const Asking asking(*tables_, caller, message, elements, decisions.scratch);
  Resolution resolution(rules_, asking, decisions);
  Trace trace;
  bool read = true;
  for (RuleIndex index = 0; index < rules_.size(); ++index) {
    const Rule& rule = rules_[index];
    const Answer answer = rule.when ? rule.when->Test(asking) : AnswerOf(true);
    Verdict verdict;
    verdict.rule = index;
    verdict.not_read = !read;
    verdict.match = answer.truth == Truth::kYes  ? Verdict::Match::kYes
                    : answer.truth == Truth::kNo ? Verdict::Match::kNo
                                                 : Verdict::Match::kOpen;
    if (answer.truth != Truth::kYes) verdict.why = rule.when->Say(asking, answer.truth);
    if (read && answer.truth != Truth::kNo) read = resolution.Add(index, answer, &verdict.lost);
    trace.push_back(std::move(verdict));
  }
  return trace;
}

}  // namespace rules
