#pragma once
#include <re2/re2.h>
#include <re2/set.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/decisions.h"

namespace rules {

// The regular expressions that rules have on one element, matched all at once. Those of an element
// that has only one are not kept. Built while rules are compiled, then constant.
class RegexSets {
 public:
  // Of a sound expression: its number among those of the slot.
  int Add(size_t slot, const std::string& pattern);
  void Seal();  // after the last Add

  // The numbers of those that match the whole of `value`, in no order; matched once for a slot and
  // a Scratch that was prepared. Null: they must be asked one by one.
  const std::vector<int>* Hits(size_t slot, std::string_view value, RegexScratch* scratch) const;
  void Prepare(RegexScratch& scratch) const;

 private:
  struct Group {
    std::vector<std::string> patterns;
    std::unique_ptr<re2::RE2::Set> set;  // null: one alone
  };
  std::vector<Group> groups_;  // by slot
};

// As for all expressions of rules: quiet, and bounded in memory.
re2::RE2::Options RegexOptions();

}  // namespace rules
