#include "router/dataset/character_terms.h"

// Code extensions: PS3.5 6.1.2.4 and 6.1.2.5, ISO/IEC 2022.
namespace router::dataset {
namespace {

constexpr char kEscape = '\x1B';
constexpr std::string_view kRomajiEscape = "(J";  // JIS X 0201 into G0

bool IsRight(Repertoire repertoire) {
  return repertoire == Repertoire::kRight || repertoire == Repertoire::kKatakana ||
         repertoire == Repertoire::kPairG1;
}
bool IsHigh(char byte) { return static_cast<signed char>(byte) < 0; }
char WithHighBit(char byte) { return static_cast<char>(byte | 0x80); }
char WithoutHighBit(char byte) { return static_cast<char>(byte & 0x7F); }

const CharacterTerm* KatakanaTerm() {
  for (const CharacterTerm& term : kCharacterTerms)
    if (term.repertoire == Repertoire::kKatakana) return &term;
  return nullptr;
}

// U+FF61 to U+FF9F stand at A1 to DF.
std::string KatakanaOf(unsigned byte) {
  const unsigned code = 0xFF61 + (byte - 0xA1);
  return {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)),
          static_cast<char>(0x80 | (code & 0x3F))};
}
std::optional<std::string> ByteOfKatakana(std::string_view one) {
  if (one.size() != 3 || one[0] != '\xEF') return std::nullopt;
  const unsigned code = 0xF000u | (static_cast<unsigned char>(one[1]) & 0x3Fu) << 6 |
                        (static_cast<unsigned char>(one[2]) & 0x3Fu);
  if (code < 0xFF61 || code > 0xFF9F) return std::nullopt;
  return std::string(1, static_cast<char>(code - 0xFF61 + 0xA1));
}

}  // namespace

Iso2022Reader::Iso2022Reader(const CharacterSet& set, Vr vr) : set_(set), vr_(vr) {
  const CharacterTerm& first = kCharacterTerms[set.terms_[0]];
  if (IsRight(first.repertoire)) initial_right_ = &first;
  initial_left_ = first.repertoire == Repertoire::kKatakana ? &first : &kCharacterTerms[kAsciiTerm];
  Reset();
}

void Iso2022Reader::Reset() {
  left_ = initial_left_;
  right_ = initial_right_;
}

CharacterSet::Text Iso2022Reader::Read(std::string_view bytes) {
  while (!bytes.empty()) {
    size_t taken = 0;
    if (bytes.front() == kEscape && set_.extended_) {
      taken = Escape(bytes);
    } else {
      taken = IsHigh(bytes.front()) ? Right(bytes) : Left(bytes);
    }
    bytes.remove_prefix(taken);
  }
  return std::move(text_);
}

size_t Iso2022Reader::Unknown() {
  text_.exact = false;
  text_.utf8 += kReplacement;
  return 1;
}

// What is not declared is understood all the same.
size_t Iso2022Reader::Escape(std::string_view rest) {
  const std::string_view sequence = rest.substr(1);
  if (sequence.starts_with(kRomajiEscape)) {
    left_ = KatakanaTerm();
    return 1 + kRomajiEscape.size();
  }
  for (const CharacterTerm& term : kCharacterTerms) {
    if (term.escape.empty() || !sequence.starts_with(term.escape)) continue;
    (IsRight(term.repertoire) ? right_ : left_) = &term;
    return 1 + term.escape.size();
  }
  return Unknown();
}

size_t Iso2022Reader::Left(std::string_view rest) {
  const char byte = rest.front();
  if (left_->repertoire == Repertoire::kPairG0 && byte > ' ' && byte < '\x7F') {
    if (rest.size() < 2) return Unknown();
    const char pair[] = {WithHighBit(byte), WithHighBit(rest[1])};
    auto one = converter_.Convert("UTF-8", left_->encoding,
                                  std::string(left_->prefix) + std::string(pair, 2));
    if (!one) return Unknown();
    text_.utf8 += *one;
    return 2;
  }
  const bool romaji = left_->repertoire == Repertoire::kKatakana;
  if (romaji && byte == '\\' && !PartsValues(vr_)) {
    text_.utf8 += kYen;
  } else if (romaji && byte == '~') {
    text_.utf8 += kOverline;
  } else {
    text_.utf8 += byte;
  }
  if (ResetsCodes(byte, vr_)) Reset();
  return 1;
}

size_t Iso2022Reader::Right(std::string_view rest) {
  if (right_ == nullptr) return Unknown();
  if (right_->repertoire == Repertoire::kKatakana) {
    const unsigned byte = static_cast<unsigned char>(rest.front());
    if (byte < 0xA1 || byte > 0xDF) return Unknown();
    text_.utf8 += KatakanaOf(byte);
    return 1;
  }
  const size_t size = right_->repertoire == Repertoire::kPairG1 ? 2 : 1;
  if (rest.size() < size) return Unknown();
  auto one = converter_.Convert("UTF-8", right_->encoding, rest.substr(0, size));
  if (!one) return Unknown();
  text_.utf8 += *one;
  return size;
}

Iso2022Writer::Iso2022Writer(const CharacterSet& set, Vr vr) : set_(set), vr_(vr) {
  const CharacterTerm& first = kCharacterTerms[set.terms_[0]];
  if (first.repertoire == Repertoire::kRight || first.repertoire == Repertoire::kKatakana)
    initial_right_ = &first;
  initial_left_ = first.repertoire == Repertoire::kKatakana ? &first : &kCharacterTerms[kAsciiTerm];
  left_ = initial_left_;
  right_ = initial_right_;
}

std::optional<std::string> Iso2022Writer::Write(std::string_view utf8) {
  while (!utf8.empty()) {
    const size_t length = Utf8Length(utf8);
    if (length == 0 || !Character(utf8.substr(0, length))) return std::nullopt;
    utf8.remove_prefix(length);
  }
  Return();
  return std::move(out_);
}

void Iso2022Writer::Invoke(std::string_view escape) {
  out_ += kEscape;
  out_ += escape;
}

// Before the end and before what parts texts the first set is back (PS3.5 6.1.2.5.3).
void Iso2022Writer::Return() {
  if (left_ != initial_left_)
    Invoke(initial_left_->repertoire == Repertoire::kKatakana ? kRomajiEscape
                                                              : initial_left_->escape);
  left_ = initial_left_;
  if (right_ != initial_right_ && initial_right_ != nullptr) Invoke(initial_right_->escape);
  right_ = initial_right_;
}

bool Iso2022Writer::Character(std::string_view one) {
  if (one.size() == 1) return Ascii(one.front());
  const bool romaji = initial_left_->repertoire == Repertoire::kKatakana;
  if (romaji && (one == kYen || one == kOverline)) {
    if (one == kYen && PartsValues(vr_)) return false;  // it would part values
    if (left_ != initial_left_) Invoke(kRomajiEscape);
    left_ = initial_left_;
    out_ += one == kYen ? '\\' : '~';
    return true;
  }
  if (right_ != nullptr && In(*right_, one)) return true;
  if (left_->repertoire == Repertoire::kPairG0 && In(*left_, one)) return true;
  for (uint8_t at = 0; at < set_.count_; ++at)
    if (In(kCharacterTerms[set_.terms_[at]], one)) return true;
  return false;
}

bool Iso2022Writer::Ascii(char byte) {
  if (byte == kEscape) return false;  // it would begin an escape sequence
  if (ResetsCodes(byte, vr_)) {
    Return();
    out_ += byte;
    return true;
  }
  const bool romaji = initial_left_->repertoire == Repertoire::kKatakana;
  if (romaji && (byte == '\\' || byte == '~')) return false;
  if (left_ != initial_left_) Invoke(romaji ? kRomajiEscape : initial_left_->escape);
  left_ = initial_left_;
  out_ += byte;
  return true;
}

std::optional<std::string> Iso2022Writer::BytesOf(const CharacterTerm& term, std::string_view one) {
  if (term.repertoire == Repertoire::kAscii) return std::nullopt;
  if (term.repertoire == Repertoire::kKatakana) return ByteOfKatakana(one);
  auto bytes = converter_.Convert(term.encoding, "UTF-8", one);
  if (!bytes) return std::nullopt;
  if (term.repertoire == Repertoire::kRight)
    return bytes->size() == 1 && IsHigh(bytes->front()) ? bytes : std::nullopt;
  if (!bytes->starts_with(term.prefix)) return std::nullopt;
  bytes->erase(0, term.prefix.size());
  // EUC-JP: 8E begins a Katakana, 8F a character of the other set.
  if (bytes->size() != 2 || static_cast<unsigned char>(bytes->front()) < 0xA1) return std::nullopt;
  if (term.repertoire == Repertoire::kPairG0)
    for (char& byte : *bytes) byte = WithoutHighBit(byte);
  return bytes;
}

bool Iso2022Writer::In(const CharacterTerm& term, std::string_view one) {
  auto bytes = BytesOf(term, one);
  if (!bytes) return false;
  const CharacterTerm*& active = IsRight(term.repertoire) ? right_ : left_;
  if (active != &term) {
    Invoke(term.escape);
    active = &term;
  }
  out_ += *bytes;
  return true;
}

}  // namespace router::dataset
