#include <algorithm>
#include <fstream>
#include <optional>

#include "router/base/text.h"
#include "router/dataset/edit.h"
#include "router/dataset/scanner.h"

namespace router::dataset {
namespace {

constexpr size_t kMostText = 1024;  // bytes of a value that is looked at
constexpr Tag kFirstIntegrity = 0x32871000, kLastIntegrity = 0x32871002;

// A length in the bytes that changes with what it counts.
struct LengthField {
  uint64_t at = 0;
  bool is_short = false, big = false;
};

// A sequence or an item around what is looked at, or the data set itself (without a length).
struct Around {
  Tag tag = 0;  // of the sequence, also of its items
  bool is_item = false;
  std::optional<LengthField> length = {};
  std::optional<std::pair<uint16_t, LengthField>> group_length =
      {};  // the latest (gggg,0000) in it
};

struct Splice {
  uint64_t offset = 0;
  uint32_t length = 0;
  std::string value;
};

class NestedEdit {
 public:
  NestedEdit(Bytes data_set, const Encoding& encoding, std::span<const std::vector<Tag>> paths,
             const std::map<std::string, std::string>& names)
      : bytes_(data_set), encoding_(encoding), paths_(paths), names_(names) {
    around_.push_back({.is_item = true});
  }

  Result<Renamed> Make() {
    auto walked = Walk();
    if (!walked) return std::unexpected(walked.error());
    Renamed renamed;
    renamed.replaced = splices_.size();
    renamed.has_integrity = has_integrity_;
    auto assembled = Assemble();
    if (!assembled) return std::unexpected(assembled.error());
    renamed.data_set = std::move(*assembled);
    return renamed;
  }

 private:
  Result<> Walk() {
    auto source = Open(Encoded{bytes_, Uid(kExplicitVrLittleEndian)});
    Scanner scanner(*source, encoding_);
    while (true) {
      auto event = scanner.Next();
      if (!event) return std::unexpected(event.error());
      if (event->token == Token::kEnd) return {};
      if (event->token == Token::kCut)
        return Fail(Errc::kCorrupt, Blame::kDownstream, "the data set ends too early");
      if (auto seen = See(scanner, *event); !seen) return seen;
    }
  }

  Result<> See(Scanner& scanner, const Event& event) {
    switch (event.token) {
      case Token::kSequence:
      case Token::kFragments:
        if (event.token == Token::kFragments || !Leads(event.tag)) return scanner.PassOver();
        around_.push_back({.tag = event.tag, .length = LengthOf(event)});
        return {};
      case Token::kItem:
        around_.push_back({.tag = event.tag, .is_item = true, .length = LengthOf(event)});
        return {};
      case Token::kItemEnd:
      case Token::kSequenceEnd:
        around_.pop_back();
        return {};
      case Token::kElement:
        return Element(scanner, event);
      default:
        return {};
    }
  }

  Result<> Element(Scanner& scanner, const Event& event) {
    if (event.depth == 0 && event.tag >= kFirstIntegrity && event.tag <= kLastIntegrity)
      has_integrity_ = true;
    if ((event.tag & 0xFFFF) == 0 && event.length == 4)
      around_.back().group_length = {static_cast<uint16_t>(event.tag >> 16),
                                     {event.value_offset, false, event.big_endian}};
    if (!Ends(event.tag) || event.length > kMostText) return {};
    auto value = scanner.Value(kMostText);
    if (!value) return std::unexpected(value.error());
    auto name = names_.find(std::string(TrimSpaces(AsText(*value))));
    if (name == names_.end()) return {};
    std::string text = name->second;
    if (text.size() % 2) text += ' ';
    Note(event, std::move(text));
    return {};
  }

  // Every length around it grows by as much.
  void Note(const Event& event, std::string text) {
    const int64_t grows = static_cast<int64_t>(text.size()) - event.length;
    const bool is_short = event.vr != kNoVr && event.value_offset - event.offset == 8;
    Grow({event.value_offset - (is_short ? 2 : 4), is_short, event.big_endian}, grows);
    Tag inside = event.tag;  // of what the level around it holds
    for (size_t level = around_.size(); level-- > 0;) {
      const Around& around = around_[level];
      if (around.length) Grow(*around.length, grows);
      if (around.is_item && around.group_length &&
          around.group_length->first == static_cast<uint16_t>(inside >> 16))
        Grow(around.group_length->second, grows);
      if (!around.is_item) inside = around.tag;
    }
    splices_.push_back({event.value_offset, event.length, std::move(text)});
  }

  void Grow(const LengthField& field, int64_t by) {
    auto [at, is_new] = lengths_.try_emplace(field.at, std::pair(field, int64_t{0}));
    at->second.second += by;
  }

  std::optional<LengthField> LengthOf(const Event& event) const {
    if (event.length == kUndefinedLength) return std::nullopt;
    return LengthField{event.value_offset - 4, false, event.big_endian};
  }

  // The sequences around, and this tag: do they lead on, or end a path?
  bool Matches(Tag tag, bool whole) const {
    std::vector<Tag> here;
    for (const Around& around : around_)
      if (!around.is_item) here.push_back(around.tag);
    here.push_back(tag);
    for (const std::vector<Tag>& path : paths_) {
      if (whole ? path == here
                : path.size() > here.size() && std::equal(here.begin(), here.end(), path.begin()))
        return true;
    }
    return false;
  }
  bool Leads(Tag tag) const { return Matches(tag, false); }
  bool Ends(Tag tag) const { return Matches(tag, true); }

  static int64_t GrowthOf(const Splice& splice) {
    return static_cast<int64_t>(splice.value.size()) - splice.length;
  }

  // One copy of it all: what is edited may be long.
  Result<Buffer> Assemble() const {
    int64_t grows = 0;
    for (const Splice& splice : splices_) grows += GrowthOf(splice);
    Buffer out;
    out.reserve(static_cast<size_t>(static_cast<int64_t>(bytes_.size()) + grows));
    size_t from = 0;
    for (const Splice& splice : splices_) {
      const Bytes before = bytes_.subspan(from, splice.offset - from),
                  value = AsBytes(splice.value);
      out.insert(out.end(), before.begin(), before.end());
      out.insert(out.end(), value.begin(), value.end());
      from = splice.offset + splice.length;
    }
    const Bytes rest = bytes_.subspan(from);
    out.insert(out.end(), rest.begin(), rest.end());
    if (auto patched = PatchLengths(out); !patched) return std::unexpected(patched.error());
    return out;
  }

  Result<> PatchLengths(Buffer& out) const {
    auto splice = splices_.begin();
    int64_t moved = 0;  // by what was replaced before it
    for (const auto& [offset, change] : lengths_) {
      for (; splice != splices_.end() && splice->offset < offset; ++splice)
        moved += GrowthOf(*splice);
      std::byte* at = &out[static_cast<size_t>(static_cast<int64_t>(offset) + moved)];
      if (auto patched = Patch(at, change.first, change.second); !patched) return patched;
    }
    return {};
  }

  static Result<> Patch(std::byte* at, const LengthField& field, int64_t by) {
    const int64_t before = field.is_short ? (field.big ? LoadBe16(at) : LoadLe16(at))
                                          : (field.big ? LoadBe32(at) : LoadLe32(at));
    const int64_t after = before + by;
    if (after < 0 || after > (field.is_short ? 0xFFFE : 0xFFFFFFFE))
      return Fail(Errc::kLimit, Blame::kDownstream, "a length does not fit after the edit");
    if (field.is_short) {
      const auto length = static_cast<uint16_t>(after);
      field.big ? StoreBe16(at, length) : StoreLe16(at, length);
    } else {
      const auto length = static_cast<uint32_t>(after);
      field.big ? StoreBe32(at, length) : StoreLe32(at, length);
    }
    return {};
  }

  const Bytes bytes_;
  const Encoding encoding_;
  const std::span<const std::vector<Tag>> paths_;
  const std::map<std::string, std::string>& names_;
  std::vector<Around> around_;
  std::vector<Splice> splices_;
  std::map<uint64_t, std::pair<LengthField, int64_t>> lengths_;  // by offset
  bool has_integrity_ = false;
};

}  // namespace

Result<Renamed> RenameTexts(Bytes data_set, const Uid& transfer_syntax,
                            std::span<const std::vector<Tag>> paths,
                            const std::map<std::string, std::string>& names, uint64_t at_most) {
  const Encoding encoding = EncodingOf(transfer_syntax);
  if (data_set.size() > at_most)
    return Fail(Errc::kLimit, Blame::kDownstream, "the data set is too long to be edited");
  if (!encoding.deflated) return NestedEdit(data_set, encoding, paths, names).Make();
  auto plain = Inflate(data_set, at_most);
  if (!plain) return std::unexpected(plain.error());
  auto renamed = NestedEdit(*plain, encoding, paths, names).Make();
  if (!renamed) return renamed;
  renamed->data_set = Deflate(renamed->data_set);
  return renamed;
}

Result<Renamed> RenameTexts(const Region& region, std::span<const std::vector<Tag>> paths,
                            const std::map<std::string, std::string>& names) {
  auto unreadable = [&] {
    return Fail(Errc::kDisk, Blame::kInternal, "cannot read " + region.path);
  };
  std::ifstream file(region.path, std::ios::binary | std::ios::ate);
  if (!file) return unreadable();
  const auto size = static_cast<uint64_t>(file.tellg());
  if (size > kMostEdited || size < region.offset)
    return Fail(Errc::kLimit, Blame::kDownstream, "the data set is too long to be edited");
  Buffer all(size);
  file.seekg(0);
  file.read(reinterpret_cast<char*>(all.data()), static_cast<std::streamsize>(size));
  if (!file) return unreadable();
  const Bytes bytes(all);
  auto renamed = RenameTexts(bytes.subspan(region.offset), region.transfer_syntax, paths, names);
  if (renamed)
    renamed->header.assign(bytes.begin(),
                           bytes.begin() + static_cast<std::ptrdiff_t>(region.offset));
  return renamed;
}

}  // namespace router::dataset
