#include "rules/text_table.h"

#include <algorithm>

namespace rules {

TextTable::SetId TextTable::Add(std::vector<Glob> set) {
  auto same = std::ranges::find(sets_, set);
  if (same != sets_.end()) return static_cast<SetId>(same - sets_.begin());
  patterned_.push_back(!std::ranges::all_of(set, &Glob::IsLiteral));
  sets_.push_back(std::move(set));
  return static_cast<SetId>(sets_.size() - 1);
}

void TextTable::Seal() {
  for (const auto& set : sets_)
    for (const Glob& glob : set)
      if (glob.IsLiteral()) rows_[glob.text()].assign((sets_.size() + 63) / 64, 0);
  for (auto& [text, bits] : rows_)
    for (SetId set = 0; set < sets_.size(); ++set)
      if (Contains(text, set)) bits[set / 64] |= uint64_t{1} << (set % 64);
}

TextTable::Row TextTable::Find(std::string_view text) const {
  auto found = rows_.empty() ? rows_.end() : rows_.find(text);
  return {found == rows_.end() ? nullptr : found->second.data(), text};
}

bool TextTable::Contains(std::string_view text, SetId set) const {
  return std::ranges::any_of(sets_[set], [&](const Glob& glob) { return glob.Matches(text); });
}

bool TextTable::HasByPattern(std::string_view text, SetId set) const {
  return std::ranges::any_of(
      sets_[set], [&](const Glob& glob) { return !glob.IsLiteral() && glob.Matches(text); });
}

}  // namespace rules
