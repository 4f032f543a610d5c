#include "router/config/page.h"

#include <algorithm>
#include <string>
#include <vector>

#include "router/config/load.h"
#include "router/config/meanings.h"

namespace router::config {
namespace {

using Form = KeyShape::Form;

constexpr std::string_view kTableHead = "| Key | Type | Default | Meaning |";

std::string InBackticks(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "`" : " `") + word + "`";
  return text;
}

std::string NameOf(const ScalarType& type) {
  if (!type.words.empty()) return InBackticks(type.words);
  return type.least.empty() ? type.name : type.least + " to " + type.most;
}

std::string TypeText(const KeyShape& shape) {
  const ScalarType& type = shape.type;
  switch (shape.form) {
    case Form::kScalar:
      return NameOf(type);
    case Form::kOneOrList:
    case Form::kSomeOrOne:
      return "one or list of " + (type.words.empty() ? type.plural : InBackticks(type.words));
    case Form::kMap:
      return shape.short_for.empty() ? "map" : NameOf(shape.short_for.front()) + " or map";
    case Form::kNames:
      return "map of maps";
    case Form::kMaps:
      return shape.short_for.empty() ? "list of maps" : "list";
    case Form::kPairs:
      return "map of " + type.plural;
    case Form::kOther:
      return "list";
  }
  return {};
}

std::string DefaultText(const KeyShape& shape, const Meaning* meaning) {
  if (shape.needed) return "needed";
  if (meaning && !meaning->by_default.empty()) return std::string(meaning->by_default);
  const bool list = shape.form == Form::kOneOrList || shape.form == Form::kSomeOrOne;
  if (!list && shape.defaults.empty()) return shape.form == Form::kMap ? "" : "none";
  std::string text;
  for (const std::string& one : shape.defaults) text += (text.empty() ? "" : ", ") + one;
  return list ? "`[" + text + "]`" : "`" + text + "`";
}

std::string Row(const std::string& key, const KeyShape& shape) {
  const Meaning* meaning = FindMeaning(shape.key);
  const std::string by_default = DefaultText(shape, meaning);
  return "| `" + key + "` | " + TypeText(shape) + " | " + by_default +
         (by_default.empty() ? "| " : " | ") + std::string(meaning ? meaning->text : "") + " |\n";
}

std::string Rows(const std::vector<KeyShape>& shapes, const std::string& prefix) {
  std::string rows;
  for (const KeyShape& shape : shapes) {
    if (!shape.key.starts_with(prefix)) continue;
    const std::string key = shape.key.substr(prefix.size());
    if (key.find('.') == key.npos) rows += Row(key, shape);
  }
  return rows;
}

// "## `store`" names "store."; a heading without backticks names the whole file.
std::string PrefixOf(std::string_view heading) {
  const size_t begin = heading.find('`');
  if (begin == heading.npos) return {};
  const size_t end = heading.find('`', begin + 1);
  return std::string(heading.substr(begin + 1, end - begin - 1)) + ".";
}

}  // namespace

std::string PageWithKeys(std::string_view page) {
  const std::vector<KeyShape> shapes = Shapes();
  std::string result, prefix;
  bool in_rows = false;
  while (!page.empty()) {
    const size_t length = std::min(page.find('\n'), page.size() - 1) + 1;
    const std::string_view line = page.substr(0, length);
    page.remove_prefix(length);
    in_rows = in_rows && line.starts_with("|");
    if (in_rows) continue;
    if (line.starts_with("#")) prefix = PrefixOf(line);
    result += line;
    if (!line.starts_with(kTableHead)) continue;
    result += "|---|---|---|---|\n" + Rows(shapes, prefix);
    in_rows = true;
  }
  return result;
}

}  // namespace router::config
