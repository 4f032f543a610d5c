#pragma once
#include <array>
#include <span>

#include "rules/asking.h"
#include "rules/condition.h"
#include "rules/rule.h"

namespace rules {

// The reading of rules from the top down: who decides what, and what is still open. Fills and
// clears the decisions that it is given; allocates nothing once they have grown.
class Resolution {
 public:
  Resolution(std::span<const Rule> rules, const Asking& asking, Decisions& decisions);

  // The next rule, and what its `when` says (kYes or kOpen). `lost`: if not null, gets what others
  // decided before it. False: no rule below is read.
  bool Add(RuleIndex index, Answer answer, std::vector<Verdict::Lost>* lost = nullptr);

 private:
  void Clear();
  void Claim(RuleIndex index, Topic topic, bool certain, std::vector<Verdict::Lost>* lost);
  void ClaimEdits(RuleIndex index, bool certain, std::vector<Verdict::Lost>* lost);
  void Give(RuleIndex index, Topic topic);

  std::span<const Rule> rules_;
  Decisions& decisions_;
  uint32_t topics_;  // what can be decided at all
  uint32_t decided_ = 0;
  std::array<RuleIndex, kTopics> owners_{};
  bool below_open_last_ = false;
  Phase last_needs_ = Phase::kEnd;  // of that
  bool relevant_ = false;           // does the rule at hand keep anything open?
};

}  // namespace rules
