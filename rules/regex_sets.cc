#include "rules/regex_sets.h"

#include <algorithm>

namespace rules {
namespace {

constexpr int64_t kRegexMemory = 1 << 20, kSetMemory = 8 << 20;  // bytes

}  // namespace

re2::RE2::Options RegexOptions() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexMemory);
  return options;
}

int RegexSets::Add(size_t slot, const std::string& pattern) {
  if (groups_.size() <= slot) groups_.resize(slot + 1);
  std::vector<std::string>& patterns = groups_[slot].patterns;
  auto same = std::ranges::find(patterns, pattern);
  if (same == patterns.end()) same = patterns.insert(patterns.end(), pattern);
  return static_cast<int>(same - patterns.begin());
}

void RegexSets::Seal() {
  for (Group& group : groups_) {
    if (group.patterns.size() < 2) continue;
    re2::RE2::Options options = RegexOptions();
    options.set_max_mem(kSetMemory);
    auto set = std::make_unique<re2::RE2::Set>(options, re2::RE2::ANCHOR_BOTH);
    bool good = true;
    for (const std::string& pattern : group.patterns)
      good = good && set->Add(pattern, nullptr) >= 0;
    if (good && set->Compile()) group.set = std::move(set);  // too large: one by one
  }
}

void RegexSets::Prepare(RegexScratch& scratch) const {
  if (groups_.empty()) return;
  scratch.hits.resize(std::max(scratch.hits.size(), groups_.size()));
  scratch.known.assign(groups_.size(), RegexScratch::kNotAsked);
}

const std::vector<int>* RegexSets::Hits(size_t slot, std::string_view value,
                                        RegexScratch* scratch) const {
  if (!scratch || slot >= groups_.size() || !groups_[slot].set) return nullptr;
  auto& known = scratch->known[slot];
  if (known == RegexScratch::kNotAsked) {
    re2::RE2::Set::ErrorInfo error{re2::RE2::Set::kNoError};
    scratch->hits[slot].clear();
    groups_[slot].set->Match(re2::StringPiece(value.data(), value.size()), &scratch->hits[slot],
                             &error);
    known = error.kind == re2::RE2::Set::kNoError ? RegexScratch::kAsked : RegexScratch::kFailed;
  }
  return known == RegexScratch::kAsked ? &scratch->hits[slot] : nullptr;
}

}  // namespace rules
