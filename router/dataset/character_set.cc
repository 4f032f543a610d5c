#include "router/dataset/character_set.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "router/base/text.h"
#include "router/dataset/character_terms.h"

namespace router::dataset {
namespace {

constexpr uint8_t kNoTerm = 0xFF;

// "ISO_IR 100", "ISO 2022 IR 100", and what is seen in their place: "iso-ir 100", "ISO_IR100".
uint8_t TermOf(std::string_view written) {
  std::string text;
  for (char letter : written) {
    text += letter == '_' || letter == '-'
                ? ' '
                : static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  int number = -1;
  if (size_t ir = text.rfind("IR"); ir != std::string::npos && text.starts_with("ISO")) {
    std::string_view digits = TrimSpaces(std::string_view(text).substr(ir + 2));
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size()) number = -1;
  }
  for (uint8_t row = 0; row < kCharacterTerms.size(); ++row) {
    const CharacterTerm& term = kCharacterTerms[row];
    if (term.name.empty() ? term.number == number : term.name == text) return row;
  }
  return kNoTerm;
}

bool IsAscii(std::string_view text) {
  return std::ranges::all_of(text,
                             [](char letter) { return static_cast<signed char>(letter) >= 0; });
}

// Character by character, what cannot be converted marked.
CharacterSet::Text DecodeWhole(const char* encoding, std::string_view bytes) {
  Converter converter;
  if (auto all = converter.Convert("UTF-8", encoding, bytes)) return {std::move(*all), true};
  CharacterSet::Text text;
  text.exact = false;
  for (size_t at = 0; at < bytes.size();) {
    std::optional<std::string> one;
    size_t length = 1;
    for (; length <= 4 && at + length <= bytes.size(); ++length) {
      one = converter.Convert("UTF-8", encoding, bytes.substr(at, length));
      if (one) break;
    }
    text.utf8 += one ? *one : std::string(kReplacement);
    at += one ? length : 1;
  }
  return text;
}

}  // namespace

bool IsInCharacterSet(Vr vr) {
  switch (vr) {
    case VrOf('L', 'O'):
    case VrOf('L', 'T'):
    case VrOf('P', 'N'):
    case VrOf('S', 'H'):
    case VrOf('S', 'T'):
    case VrOf('U', 'C'):
    case VrOf('U', 'T'):
      return true;
    default:
      return false;
  }
}

bool PartsValues(Vr vr) {
  return vr != VrOf('L', 'T') && vr != VrOf('S', 'T') && vr != VrOf('U', 'T') &&
         vr != VrOf('U', 'R') && vr != VrOf('U', 'N') && vr != kNoVr;
}

// PS3.5 6.2.3 and Unicode: no overlong forms, no surrogates, nothing above U+10FFFF.
size_t Utf8Length(std::string_view text) {
  if (text.empty()) return 0;
  auto byte = [&](size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (size_t at = 1; at < length; ++at)
    if ((byte(at) & 0xC0) != 0x80) return 0;
  const unsigned second = byte(1);
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
      (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
    return 0;
  return length;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = Utf8Length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

size_t CharactersIn(std::string_view utf8) {
  return static_cast<size_t>(
      std::ranges::count_if(utf8, [](char byte) { return (byte & 0xC0) != 0x80; }));
}

std::optional<std::string> Converter::Convert(const char* to, const char* from,
                                              std::string_view text) {
  if (std::string_view(to) != to_ || std::string_view(from) != from_) {
    Close();
    handle_ = iconv_open(to, from);
    to_ = to;
    from_ = from;
  }
  if (handle_ == reinterpret_cast<iconv_t>(-1)) return std::nullopt;
  iconv(handle_, nullptr, nullptr, nullptr, nullptr);
  std::string out(4 * text.size() + 8, '\0');  // no character is longer than 4 bytes
  char* in = const_cast<char*>(text.data());
  char* at = out.data();
  size_t left = text.size(), room = out.size();
  // Not 0: something became another thing than it was.
  if (iconv(handle_, &in, &left, &at, &room) != 0 || left != 0) return std::nullopt;
  out.resize(out.size() - room);
  return out;
}

void Converter::Close() {
  if (handle_ != reinterpret_cast<iconv_t>(-1)) iconv_close(handle_);
  handle_ = reinterpret_cast<iconv_t>(-1);
}

CharacterSet CharacterSet::Of(std::string_view value) {
  CharacterSet set;
  value = TrimSpaces(value);
  if (value.empty()) return set;
  const bool several = value.find('\\') != std::string_view::npos;
  set.extended_ = several;
  while (true) {
    const size_t end = value.find('\\');
    const std::string_view written = TrimSpaces(value.substr(0, end));
    uint8_t term = written.empty() ? kAsciiTerm : TermOf(written);
    if (term == kNoTerm) {
      set.known_ = false;
      term = kAsciiTerm;
    }
    const Repertoire repertoire = kCharacterTerms[term].repertoire;
    // PS3.3 C.12.1.1.2: those without code extensions stand alone.
    if (repertoire == Repertoire::kWhole && several) {
      set.known_ = false;
      term = kAsciiTerm;
    }
    if (repertoire == Repertoire::kPairG0 || repertoire == Repertoire::kPairG1 ||
        written.find("2022") != std::string_view::npos)
      set.extended_ = true;
    if (set.count_ < set.terms_.size()) set.terms_[set.count_++] = term;
    if (end == std::string_view::npos) return set;
    value.remove_prefix(end + 1);
  }
}

CharacterSet::Text CharacterSet::Decode(std::string_view bytes, Vr vr) const {
  const CharacterTerm& first = kCharacterTerms[terms_[0]];
  if (IsAscii(bytes) && first.repertoire != Repertoire::kKatakana &&
      (!extended_ || bytes.find('\x1B') == std::string_view::npos))
    return {std::string(bytes), true};
  if (first.repertoire == Repertoire::kWhole) return DecodeWhole(first.encoding, bytes);
  if (first.repertoire == Repertoire::kAscii && !extended_ && IsUtf8(bytes))
    return {std::string(bytes), false};
  return Iso2022Reader(*this, vr).Read(bytes);
}

std::optional<std::string> CharacterSet::Encode(std::string_view utf8, Vr vr) const {
  if (!IsUtf8(utf8)) return std::nullopt;
  const CharacterTerm& first = kCharacterTerms[terms_[0]];
  if (IsAscii(utf8) && first.repertoire != Repertoire::kKatakana &&
      (!extended_ || utf8.find('\x1B') == std::string_view::npos))
    return std::string(utf8);
  if (first.number == 192) return std::string(utf8);
  if (first.repertoire == Repertoire::kWhole) {
    Converter converter;
    return converter.Convert(first.encoding, "UTF-8", utf8);
  }
  return Iso2022Writer(*this, vr).Write(utf8);
}

}  // namespace router::dataset
