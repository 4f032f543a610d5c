#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/glob.h"

namespace rules {

// Sets of texts and patterns, asked which of them have a given text. A text that stands in one of
// them is looked up once, whatever the number of sets: each set is then one bit. Others can be only
// in sets with patterns. Built while rules are compiled, then constant.
class TextTable {
 public:
  using SetId = uint32_t;
  SetId Add(std::vector<Glob> set);
  void Seal();  // after the last Add

  // One text, found. Good while the table and the text are.
  struct Row {
    const uint64_t* bits = nullptr;  // null: it stands in no set as it is
    std::string_view text;
  };
  Row Find(std::string_view text) const;
  bool Has(const Row& row, SetId set) const {
    if (row.bits) return row.bits[set / 64] >> (set % 64) & 1;
    return patterned_[set] && HasByPattern(row.text, set);
  }
  bool Contains(std::string_view text, SetId set) const;  // slowly, and before Seal too
  const std::vector<Glob>& Set(SetId set) const { return sets_[set]; }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  bool HasByPattern(std::string_view text, SetId set) const;

  std::vector<std::vector<Glob>> sets_;
  std::vector<uint8_t> patterned_;  // by set
  std::unordered_map<std::string, std::vector<uint64_t>, Hash, std::equal_to<>> rows_;
};

}  // namespace rules
