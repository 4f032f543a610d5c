#include "router/rule_keys.h"

#include <algorithm>
#include <string>

#include "rules/actions.h"
#include "rules/matchers.h"

namespace router {
namespace {

// From the heading to the next of its level.
std::string_view SectionOf(std::string_view page, std::string_view heading) {
  const size_t begin = page.find(heading);
  if (begin == page.npos) return {};
  const size_t end = page.find("\n## ", begin + heading.size());
  return page.substr(begin, end == page.npos ? end : end - begin);
}

// The last cell of the row of a key.
std::string MeaningIn(std::string_view section, std::string_view key) {
  const size_t begin = section.find("\n| `" + std::string(key) + "` |");
  if (begin == section.npos) return {};
  const std::string_view row = section.substr(begin + 1, section.find('\n', begin + 1) - begin - 1);
  const size_t end = row.rfind(" |"), cell = row.rfind("| ", end - 1);
  return std::string(row.substr(cell + 2, end - cell - 2));
}

template <class Entries>
std::vector<config::RuleKey> Explained(const Entries& entries, std::string_view section) {
  std::vector<config::RuleKey> keys;
  for (const auto& one : entries)
    keys.push_back({std::string(one.key), MeaningIn(section, one.key)});
  return keys;
}

}  // namespace

config::RuleKeys RuleKeysOn(std::string_view page) {
  return {Explained(rules::Matchers(), SectionOf(page, "\n## Conditions\n")),
          Explained(rules::Actions(), SectionOf(page, "\n## Actions\n"))};
}

}  // namespace router
