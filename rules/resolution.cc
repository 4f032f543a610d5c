#include "rules/resolution.h"

#include <algorithm>
#include <bit>

namespace rules {
namespace {

constexpr uint32_t kAllApply = BitOf(Topic::kCopyTo) | BitOf(Topic::kLimit) | BitOf(Topic::kLog);

// A rule that edits the same path and stands in `among`, if there is one.
const RuleIndex* FirstOf(const std::vector<RuleIndex>& rivals,
                         const std::vector<RuleIndex>& among) {
  for (const RuleIndex& rival : rivals)
    if (std::ranges::binary_search(among, rival)) return &rival;
  return nullptr;
}

}  // namespace

Resolution::Resolution(std::span<const Rule> rules, const Asking& asking, Decisions& decisions)
    : rules_(rules),
      decisions_(decisions),
      topics_(asking.phase >= Phase::kCommand ? TopicsOf(asking.message->command_field) : ~0u) {
  Clear();
}

void Resolution::Clear() {
  decisions_.to = {};
  decisions_.calling = decisions_.called = decisions_.retrieve_ae_title = {};
  decisions_.move_to = {};
  decisions_.hold = {};
  decisions_.queue = {};
  decisions_.outcome = {};
  decisions_.priority = {};
  decisions_.acknowledge = {};
  decisions_.copy_to.clear();
  decisions_.edits.clear();
  decisions_.limits.clear();
  decisions_.logs.clear();
  decisions_.matched.clear();
  decisions_.undecided.clear();
  decisions_.open = 0;
  decisions_.needs = Phase::kEnd;
}

bool Resolution::Add(RuleIndex index, Answer answer, std::vector<Verdict::Lost>* lost) {
  const Rule& rule = rules_[index];
  const bool matches = answer.truth == Truth::kYes;
  const bool certain = matches && !below_open_last_;
  relevant_ = false;
  uint32_t topics = rule.then.topics & topics_;
  // Before the rule itself is noted: it is no rival of its own edits.
  if (topics & BitOf(Topic::kEdit)) ClaimEdits(index, certain, lost);
  for (topics &= ~BitOf(Topic::kEdit); topics != 0; topics &= topics - 1)
    Claim(index, static_cast<Topic>(std::countr_zero(topics)), certain, lost);
  (certain ? decisions_.matched : decisions_.undecided).push_back(index);
  if (relevant_) {
    if (!matches) decisions_.needs = std::min(decisions_.needs, answer.needs);
    if (below_open_last_) decisions_.needs = std::min(decisions_.needs, last_needs_);
  }
  if (!rule.last) return true;
  if (matches) return false;  // below an open `last` too: one of the two ends the reading
  last_needs_ = below_open_last_ ? std::min(last_needs_, answer.needs) : answer.needs;
  below_open_last_ = true;
  return true;
}

void Resolution::Claim(RuleIndex index, Topic topic, bool certain,
                       std::vector<Verdict::Lost>* lost) {
  const uint32_t bit = BitOf(topic);
  if (decided_ & bit) {
    if (lost) lost->push_back({topic, owners_[static_cast<size_t>(topic)]});
    return;
  }
  if (!certain) {
    decisions_.open |= bit;
    relevant_ = true;
    return;
  }
  if (kAllApply & bit) return Give(index, topic);
  if (decisions_.open & bit) return;  // a rule above may still take it
  decided_ |= bit;
  owners_[static_cast<size_t>(topic)] = index;
  Give(index, topic);
}

void Resolution::ClaimEdits(RuleIndex index, bool certain, std::vector<Verdict::Lost>* lost) {
  const Rule& rule = rules_[index];
  for (size_t i = 0; i < rule.then.edits.size(); ++i) {
    const std::vector<RuleIndex>& rivals = rule.edit_rivals[i];
    if (const RuleIndex* winner = FirstOf(rivals, decisions_.matched)) {
      if (lost) lost->push_back({Topic::kEdit, *winner});
    } else if (certain && !FirstOf(rivals, decisions_.undecided)) {
      decisions_.edits.push_back({&rule.then.edits[i], index});
    } else if (!certain) {
      decisions_.open |= BitOf(Topic::kEdit);
      relevant_ = true;
    }
  }
}

void Resolution::Give(RuleIndex index, Topic topic) {
  const Then& then = rules_[index].then;
  switch (topic) {
    case Topic::kTo:
      decisions_.to = {&*then.to, index};
      break;
    case Topic::kCalling:
      decisions_.calling = {&*then.calling, index};
      break;
    case Topic::kCalled:
      decisions_.called = {&*then.called, index};
      break;
    case Topic::kMoveTo:
      decisions_.move_to = {&*then.move_to, index};
      break;
    case Topic::kCopyTo:
      decisions_.copy_to.push_back({&*then.copy_to, index});
      break;
    case Topic::kHold:
      decisions_.hold = {&*then.hold, index};
      break;
    case Topic::kQueue:
      decisions_.queue = {&*then.queue, index};
      break;
    case Topic::kOutcome:
      decisions_.outcome = {&*then.outcome, index};
      break;
    case Topic::kRetrieveAeTitle:
      decisions_.retrieve_ae_title = {&*then.retrieve_ae_title, index};
      break;
    case Topic::kLimit:
      decisions_.limits.push_back({&*then.limit, index});
      break;
    case Topic::kPriority:
      decisions_.priority = {&*then.priority, index};
      break;
    case Topic::kAcknowledge:
      decisions_.acknowledge = {&*then.acknowledge, index};
      break;
    case Topic::kLog:
      decisions_.logs.push_back({&*then.log, index});
      break;
    case Topic::kEdit:
      break;  // ClaimEdits
  }
}

}  // namespace rules
