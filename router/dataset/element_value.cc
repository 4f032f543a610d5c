#include "router/dataset/element_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstring>

#include "router/base/text.h"
#include "router/dataset/dictionary.h"

namespace router::dataset {
namespace {

constexpr Vr kUn = VrOf('U', 'N'), kAt = VrOf('A', 'T');

template <class T>
struct As {
  using Type = T;
};

// Calls `act` with the type of the numbers of a binary VR; false if it has none.
template <class Act>
bool WithNumber(Vr vr, Act act) {
  switch (vr) {
    case VrOf('U', 'S'):
      return act(As<uint16_t>()), true;
    case VrOf('S', 'S'):
      return act(As<int16_t>()), true;
    case VrOf('U', 'L'):
      return act(As<uint32_t>()), true;
    case VrOf('S', 'L'):
      return act(As<int32_t>()), true;
    case VrOf('U', 'V'):
      return act(As<uint64_t>()), true;
    case VrOf('S', 'V'):
      return act(As<int64_t>()), true;
    case VrOf('F', 'L'):
      return act(As<float>()), true;
    case VrOf('F', 'D'):
      return act(As<double>()), true;
    default:
      return false;
  }
}

bool IsNumber(Vr vr) {
  return WithNumber(vr, [](auto) {});
}

// PS3.5 6.2: of some texts the spaces at the beginning count.
std::string_view WithoutPadding(std::string_view text, Vr vr) {
  const bool keeps_front = vr == VrOf('L', 'T') || vr == VrOf('S', 'T') || vr == VrOf('U', 'T') ||
                           vr == VrOf('U', 'C') || vr == VrOf('U', 'R');
  if (!keeps_front) return TrimSpaces(text);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
  return text;
}

template <class T>
void LoadNumbers(Bytes value, bool big_endian, std::vector<std::string>* out) {
  for (; value.size() >= sizeof(T); value = value.subspan(sizeof(T))) {
    std::array<std::byte, sizeof(T)> bytes;
    std::copy_n(value.begin(), sizeof(T), bytes.begin());
    if (big_endian) std::ranges::reverse(bytes);
    T number;
    std::memcpy(&number, bytes.data(), sizeof(T));  // the machine is little endian, as all are
    out->push_back(fmt::format("{}", number));
  }
}

void LoadTags(Bytes value, bool big, std::vector<std::string>* out) {
  for (; value.size() >= 4; value = value.subspan(4)) {
    const std::byte* at = value.data();
    out->push_back(fmt::format("({:04X},{:04X})", big ? LoadBe16(at) : LoadLe16(at),
                               big ? LoadBe16(at + 2) : LoadLe16(at + 2)));
  }
}

template <class T>
bool StoreNumber(std::string_view text, bool big_endian, Buffer* out) {
  if (text.starts_with('+')) text.remove_prefix(1);
  T number{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return false;
  std::array<std::byte, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &number, sizeof(T));
  if (big_endian) std::ranges::reverse(bytes);
  out->insert(out->end(), bytes.begin(), bytes.end());
  return true;
}

bool StoreTag(std::string_view text, bool big, Buffer* out) {
  auto tag = TagOf(text);
  if (!tag) return false;
  std::byte bytes[4];
  const auto group = static_cast<uint16_t>(*tag >> 16), element = static_cast<uint16_t>(*tag);
  big ? StoreBe16(bytes, group) : StoreLe16(bytes, group);
  big ? StoreBe16(bytes + 2, element) : StoreLe16(bytes + 2, element);
  out->insert(out->end(), bytes, bytes + 4);
  return true;
}

std::unexpected<Error> Illegal(std::string why) {
  return Fail(Errc::kBadConfig, Blame::kInternal, std::move(why));
}

bool IsPrintable(std::string_view text) {
  return std::ranges::all_of(text, [](char letter) { return letter >= ' ' && letter < '\x7F'; });
}

Result<Buffer> EncodeNumbers(std::string_view text, Vr vr, bool big_endian) {
  Buffer out;
  while (true) {
    const size_t end = text.find('\\');
    const std::string_view one = TrimSpaces(text.substr(0, end));
    bool stored = false;
    if (vr == kAt) {
      stored = StoreTag(one, big_endian, &out);
    } else {
      WithNumber(vr, [&](auto as) {
        stored = StoreNumber<typename decltype(as)::Type>(one, big_endian, &out);
      });
    }
    if (!stored) return Illegal(vr == kAt ? "it is no tag" : "it is no number of this VR");
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Vr VrFor(Vr in_header, Tag tag, std::string_view creator) {
  if (in_header != kNoVr && in_header != kUn) return in_header;
  const Vr known = tag >> 16 & 1 ? PrivateVrInDictionary(tag, creator) : VrInDictionary(tag);
  return known == kNoVr ? in_header : known;
}

bool IsTextVr(Vr vr) {
  if (IsInCharacterSet(vr)) return true;
  switch (vr) {
    case VrOf('A', 'E'):
    case VrOf('A', 'S'):
    case VrOf('C', 'S'):
    case VrOf('D', 'A'):
    case VrOf('D', 'S'):
    case VrOf('D', 'T'):
    case VrOf('I', 'S'):
    case VrOf('T', 'M'):
    case VrOf('U', 'I'):
    case VrOf('U', 'R'):
      return true;
    default:
      return false;
  }
}

bool HasTextForm(Vr vr) { return IsTextVr(vr) || IsNumber(vr) || vr == kAt; }

Decoded DecodeValue(Bytes value, Vr vr, bool big_endian, const CharacterSet& set) {
  Decoded decoded;
  if (vr == kAt) {
    LoadTags(value, big_endian, &decoded.values);
    return decoded;
  }
  if (WithNumber(vr, [&](auto as) {
        LoadNumbers<typename decltype(as)::Type>(value, big_endian, &decoded.values);
      }))
    return decoded;
  if (!IsTextVr(vr)) {
    if (vr != kUn && vr != kNoVr) return decoded;
    const std::string_view text = TrimSpaces(AsText(value));
    if (!text.empty() && IsPrintable(text)) decoded.values.emplace_back(text);
    return decoded;
  }
  CharacterSet::Text text;
  if (IsInCharacterSet(vr)) {
    text = set.Decode(AsText(value), vr);
  } else {
    text = CharacterSet().Decode(AsText(value), vr);
  }
  decoded.exact = text.exact;
  std::string_view left = text.utf8;
  if (TrimSpaces(left).empty()) return decoded;
  while (true) {
    const size_t end = PartsValues(vr) ? left.find('\\') : std::string_view::npos;
    decoded.values.emplace_back(WithoutPadding(left.substr(0, end), vr));
    if (end == std::string_view::npos) return decoded;
    left.remove_prefix(end + 1);
  }
}

Result<> CheckValue(std::string_view text, Vr vr) {
  if (text.empty()) return {};
  if (!HasTextForm(vr)) return Illegal("its VR has no form as text");
  if (!IsTextVr(vr)) return {};  // EncodeValue knows
  while (true) {
    const size_t end = PartsValues(vr) ? text.find('\\') : std::string_view::npos;
    if (auto fault = FaultOf(text.substr(0, end), vr)) return Illegal(std::move(*fault));
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
}

Result<Buffer> EncodeValue(std::string_view text, Vr vr, bool big_endian, const CharacterSet& set) {
  if (text.empty()) return Buffer();
  if (IsNumber(vr) || vr == kAt) return EncodeNumbers(text, vr, big_endian);
  if (!IsTextVr(vr)) return Illegal("its VR has no form as text");
  auto bytes = IsInCharacterSet(vr) ? set.Encode(text, vr) : CharacterSet().Encode(text, vr);
  if (!bytes)
    return Illegal(
        "its Specific Character Set has no such characters; character_set: ISO_IR 192 has all");
  if (bytes->size() % 2) *bytes += vr == VrOf('U', 'I') ? '\0' : ' ';
  const Bytes view = AsBytes(*bytes);
  return Buffer(view.begin(), view.end());
}

}  // namespace router::dataset
