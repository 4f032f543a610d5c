#include "rules/element_path.h"

#include <charconv>

#include "rules/values.h"

namespace rules {
namespace {

using router::ElementPath;
using router::ElementStep;
using router::Result;

std::optional<uint32_t> Hex(std::string_view digits) {
  uint32_t value = 0;
  auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (ec != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// One step while it is read. What was read is taken off the front of `rest`.
class StepReader {
 public:
  StepReader(std::string_view whole, std::string_view rest, const Dictionary& dictionary)
      : whole_(whole), rest_(rest), dictionary_(dictionary) {}

  Result<ElementStep> Read() {
    auto step = LooksLikeTag() ? ReadTag() : ReadKeyword();
    if (step && rest_.starts_with('[')) {
      auto item = Bracketed();
      uint32_t number = 0;
      if (item) {
        auto [end, ec] = std::from_chars(item->data(), item->data() + item->size(), number);
        if (ec != std::errc() || end != item->data() + item->size()) number = 0;
      }
      if (number == 0) return Wrong(whole_, "needs the number of an item, from 1, in brackets");
      step->item = number;
    }
    return step;
  }
  std::string_view rest() const { return rest_; }

 private:
  bool LooksLikeTag() const {
    return rest_.starts_with('(') || (rest_.size() >= 9 && rest_[4] == ',');
  }
  // What stands in the brackets that begin here.
  std::optional<std::string_view> Bracketed() {
    size_t end = rest_.find(']');
    if (end == rest_.npos) return std::nullopt;
    std::string_view inside = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return inside;
  }

  Result<ElementStep> ReadTag() {
    const bool parentheses = rest_.starts_with('(');
    std::string_view tag = rest_.substr(parentheses ? 1 : 0, 9);
    if (tag.size() != 9 || tag[4] != ',' ||
        (parentheses && (rest_.size() < 11 || rest_[10] != ')')))
      return Wrong(whole_, "is no element; write a keyword or (gggg,eeee)");
    rest_.remove_prefix(parentheses ? 11 : 9);
    const auto group = Hex(tag.substr(0, 4));
    const bool block = tag[5] == 'x' && tag[6] == 'x';
    const auto element = Hex(tag.substr(block ? 7 : 5));
    if (!group || !element) return Wrong(whole_, "is no element; write a keyword or (gggg,eeee)");
    ElementStep step{*group << 16 | *element, {}, 0};
    if (*group % 2 == 0)
      return block ? Result<ElementStep>(Wrong(whole_, "has a block (xx) in a standard group"))
                   : Result<ElementStep>(step);
    auto creator = rest_.starts_with('[') ? Bracketed() : std::nullopt;
    if (!creator || creator->empty() || creator->size() > 64)
      return Wrong(whole_, "is private; write its creator too: (gggg,xxee)[CREATOR]");
    step.tag = *group << 16 | (*element & 0xFF);
    step.creator = *creator;
    return step;
  }

  Result<ElementStep> ReadKeyword() {
    std::string_view keyword = rest_.substr(0, rest_.find_first_of(".["));
    rest_.remove_prefix(keyword.size());
    if (keyword.empty()) return Wrong(whole_, "has an empty step");
    if (auto tag = dictionary_.TagOf(keyword)) return ElementStep{*tag, {}, 0};
    std::string nearest = dictionary_.NearestKeyword(keyword);
    return Wrong(keyword, "is no keyword of PS3.6" +
                              (nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?"));
  }

  std::string_view whole_, rest_;
  const Dictionary& dictionary_;
};

Result<> CheckStep(const ElementStep& step, bool last, std::string_view text,
                   const Dictionary& dictionary) {
  const uint32_t group = step.tag >> 16;
  if (group == 0x0000 || group == 0x0002)
    return Wrong(text, "is not in a data set (groups 0000 and 0002 are not)");
  if (group == 0x7FE0) return Wrong(text, "is pixel data, which is neither looked at nor edited");
  std::string vr = step.creator.empty() ? dictionary.VrOf(step.tag) : "";
  if (!vr.empty() && vr != "SQ" && (!last || step.item != 0))
    return Wrong(text, "goes through " + dictionary.KeywordOf(step.tag) + ", which is no sequence");
  return {};
}

}  // namespace

Result<ElementPath> ParseElementPath(std::string_view text, const Dictionary& dictionary) {
  ElementPath path;
  path.text = text;
  std::string_view rest = text;
  while (true) {
    StepReader reader(text, rest, dictionary);
    auto step = reader.Read();
    if (!step) return std::unexpected(step.error());
    rest = reader.rest();
    path.steps.push_back(std::move(*step));
    if (rest.empty()) break;
    if (!rest.starts_with('.')) return Wrong(text, "is no path; steps are parted by dots");
    rest.remove_prefix(1);
  }
  for (size_t i = 0; i < path.steps.size(); ++i)
    if (auto good = CheckStep(path.steps[i], i + 1 == path.steps.size(), text, dictionary); !good)
      return std::unexpected(good.error());
  return path;
}

std::string VrOf(const ElementPath& path, const Dictionary& dictionary) {
  const ElementStep& last = path.steps.back();
  return last.creator.empty() ? dictionary.VrOf(last.tag) : std::string();
}

}  // namespace rules
