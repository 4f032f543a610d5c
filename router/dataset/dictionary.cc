#include "router/dataset/dictionary.h"

#include <dcmtk/config/osconfig.h>
// DCMTK's configuration comes first.
#include <dcmtk/dcmdata/dcdicent.h>
#include <dcmtk/dcmdata/dcdict.h>
#include <dcmtk/dcmdata/dcvr.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <unordered_map>

#include "router/base/log.h"

namespace router::dataset {
namespace {

struct Range {  // repeating groups (60xx,3000) and elements (0020,31xx)
  Tag first, last;
  Vr vr;
};

// A copy of what is asked for often, in an open hash table: the scanner asks once per element in
// implicit VR, and DCMTK's own dictionary takes a lock each time.
class Dictionary {
 public:
  Dictionary() {
    const DcmDataDictionary& theirs = dcmDataDict.rdlock();
    auto& all = const_cast<DcmDataDictionary&>(theirs);
    for (auto it = all.normalBegin(); it != all.normalEnd(); ++it) AddOne(**it);
    for (auto it = all.repeatingBegin(); it != all.repeatingEnd(); ++it) AddRange(**it);
    dcmDataDict.rdunlock();
  }

  Vr VrFor(Tag tag) const {
    if (tag >> 16 & 1) return kNoVr;
    for (size_t at = Hash(tag); slots_[at].vr != kNoVr; at = (at + 1) % kSlots) {
      if (slots_[at].tag == tag) return slots_[at].vr;
    }
    if ((tag & 0xFFFF) == 0) return VrOf('U', 'L');
    for (const Range& range : ranges_) {
      if (Matches(range, tag)) return range.vr;
    }
    return kNoVr;
  }

  std::optional<Tag> TagFor(const std::string& keyword) const {
    auto found = by_keyword_.find(keyword);
    return found == by_keyword_.end() ? std::nullopt : std::optional(found->second);
  }
  const std::vector<std::string>& AllKeywords() const { return all_keywords_; }
  const std::string* KeywordFor(Tag tag) const {
    auto found = keywords_.find(tag);
    return found == keywords_.end() ? nullptr : &found->second;
  }

 private:
  static constexpr std::string_view kRetired = "RETIRED_";
  static constexpr size_t kSlots = 1 << 14;  // three times what PS3.6 has
  struct Slot {
    Tag tag = 0;
    Vr vr = kNoVr;
  };

  static size_t Hash(Tag tag) { return (tag * 2654435761u) >> 18; }

  static bool Matches(const Range& range, Tag tag) {
    uint32_t group = tag >> 16, element = tag & 0xFFFF;
    return group >= range.first >> 16 && group <= range.last >> 16 &&
           element >= (range.first & 0xFFFF) && element <= (range.last & 0xFFFF);
  }

  static Vr VrOfEntry(const DcmDictEntry& entry) {
    const char* name = DcmVR(entry.getEVR()).getValidVRName();
    return VrOf(name[0], name[1]);
  }
  static Tag Join(const DcmTagKey& key) {
    return static_cast<Tag>(key.getGroup()) << 16 | key.getElement();
  }

  void AddOne(const DcmDictEntry& entry) {
    Tag tag = Join(entry.getKey());
    if (entry.getPrivateCreator() != nullptr || (tag >> 16 & 1)) return;
    if (++count_ > kSlots / 2) log::Fatal("the data dictionary is larger than the table for it");
    size_t at = Hash(tag);
    while (slots_[at].vr != kNoVr && slots_[at].tag != tag) at = (at + 1) % kSlots;
    slots_[at] = {tag, VrOfEntry(entry)};
    // DCMTK marks what is retired; PS3.6 does so beside the keyword.
    std::string_view keyword = entry.getTagName();
    by_keyword_.emplace(keyword, tag);
    if (keyword.starts_with(kRetired)) keyword.remove_prefix(kRetired.size());
    by_keyword_.emplace(keyword, tag);
    if (keywords_.emplace(tag, keyword).second) all_keywords_.emplace_back(keyword);
  }

  void AddRange(const DcmDictEntry& entry) {
    if (entry.getPrivateCreator() != nullptr) return;
    Vr vr = VrOfEntry(entry);
    ranges_.push_back({Join(entry.getKey()), Join(entry.getUpperKey()), vr});
  }

  std::array<Slot, kSlots> slots_;
  size_t count_ = 0;
  std::vector<Range> ranges_;
  std::unordered_map<std::string, Tag> by_keyword_;
  std::unordered_map<Tag, std::string> keywords_;
  std::vector<std::string> all_keywords_;
};

const Dictionary& Ours() {
  static const Dictionary* dictionary =
      new Dictionary;  // never destroyed: threads may outlive main
  return *dictionary;
}

// "300A,00B2" or "(300A,00B2)".
std::optional<Tag> ParseNumbers(std::string_view text) {
  if (text.size() == 11 && text.front() == '(' && text.back() == ')') text = text.substr(1, 9);
  if (text.size() != 9 || text[4] != ',') return std::nullopt;
  std::string digits = std::string(text.substr(0, 4)) + std::string(text.substr(5));
  Tag tag = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), tag, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return tag;
}

}  // namespace

bool IsSequence(Tag tag) { return Ours().VrFor(tag) == VrOf('S', 'Q'); }

Vr VrInDictionary(Tag tag) { return Ours().VrFor(tag); }

Vr PrivateVrInDictionary(Tag tag, std::string_view creator) {
  if ((tag >> 16 & 1) == 0 || creator.empty()) return kNoVr;
  const std::string name(creator);
  // DCMTK's entries are of block 10.
  const DcmTagKey key(static_cast<Uint16>(tag >> 16), static_cast<Uint16>(0x1000 | (tag & 0xFF)));
  const DcmDictEntry* entry = dcmDataDict.rdlock().findEntry(key, name.c_str());
  Vr vr = kNoVr;
  if (entry != nullptr) {
    const DcmVR theirs(entry->getEVR());
    const std::string_view letters = theirs.getValidVRName();
    if (theirs.isStandard()) vr = VrOf(letters[0], letters[1]);
  }
  dcmDataDict.rdunlock();
  return vr;
}

std::optional<Tag> TagOf(std::string_view keyword) {
  if (auto tag = ParseNumbers(keyword)) return tag;
  return Ours().TagFor(std::string(keyword));
}

Result<std::vector<Tag>> PathOf(std::string_view dotted_keywords) {
  std::vector<Tag> path;
  while (true) {
    size_t dot = dotted_keywords.find('.');
    std::string_view keyword = dotted_keywords.substr(0, dot);
    auto tag = TagOf(keyword);
    if (!tag) {
      return Fail(Errc::kBadConfig, Blame::kInternal,
                  fmt::format("\"{}\" is no keyword of the data dictionary", keyword));
    }
    path.push_back(*tag);
    if (dot == std::string_view::npos) return path;
    dotted_keywords.remove_prefix(dot + 1);
  }
}

const std::vector<std::string>& Keywords() { return Ours().AllKeywords(); }

std::string KeywordOf(Tag tag) {
  const std::string* keyword = Ours().KeywordFor(tag);
  return keyword != nullptr ? *keyword : NameOf(tag);
}

}  // namespace router::dataset
