#pragma once
// For character_set.cc and iso2022.cc alone.
#include <iconv.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "router/dataset/character_set.h"

namespace router::dataset {

enum class Repertoire : uint8_t {
  kAscii,
  kRight,     // one byte in G1
  kKatakana,  // JIS X 0201: one byte in G1, and in G0 ISO 646 but for two characters
  kPairG0,    // two bytes of 7 bits
  kPairG1,    // two bytes of 8 bits
  kWhole,     // not by ISO 2022
};

// A defined term of PS3.3 Tables C.12-2 to C.12-5.
struct CharacterTerm {
  int number;  // "ISO_IR 100", "ISO 2022 IR 100"; 0: named
  std::string_view name;
  Repertoire repertoire;
  const char* encoding;     // of iconv
  std::string_view escape;  // without ESC: into G1, of kAscii and kPairG0 into G0
  std::string_view prefix;  // of kPairG0: what is before a character in `encoding`
};

constexpr uint8_t kAsciiTerm = 0;
inline constexpr std::array<CharacterTerm, 20> kCharacterTerms = {{
    {6, "", Repertoire::kAscii, "", "(B", ""},
    {100, "", Repertoire::kRight, "ISO-8859-1", "-A", ""},
    {101, "", Repertoire::kRight, "ISO-8859-2", "-B", ""},
    {109, "", Repertoire::kRight, "ISO-8859-3", "-C", ""},
    {110, "", Repertoire::kRight, "ISO-8859-4", "-D", ""},
    {144, "", Repertoire::kRight, "ISO-8859-5", "-L", ""},
    {127, "", Repertoire::kRight, "ISO-8859-6", "-G", ""},
    {126, "", Repertoire::kRight, "ISO-8859-7", "-F", ""},
    {138, "", Repertoire::kRight, "ISO-8859-8", "-H", ""},
    {148, "", Repertoire::kRight, "ISO-8859-9", "-M", ""},
    {203, "", Repertoire::kRight, "ISO-8859-15", "-b", ""},
    {166, "", Repertoire::kRight, "TIS-620", "-T", ""},
    {13, "", Repertoire::kKatakana, "", ")I", ""},
    {87, "", Repertoire::kPairG0, "EUC-JP", "$B", ""},
    {159, "", Repertoire::kPairG0, "EUC-JP", "$(D", "\x8F"},
    {149, "", Repertoire::kPairG1, "EUC-KR", "$)C", ""},
    {58, "", Repertoire::kPairG1, "GB2312", "$)A", ""},
    {192, "", Repertoire::kWhole, "UTF-8", "", ""},
    {0, "GB18030", Repertoire::kWhole, "GB18030", "", ""},
    {0, "GBK", Repertoire::kWhole, "GBK", "", ""},
}};

// One direction of iconv, opened when first needed.
class Converter {
 public:
  Converter() = default;
  ~Converter() { Close(); }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  // Nothing where a byte or character has no counterpart.
  std::optional<std::string> Convert(const char* to, const char* from, std::string_view text);

 private:
  void Close();
  iconv_t handle_ = reinterpret_cast<iconv_t>(-1);
  const char *to_ = "", *from_ = "";
};

// Is what follows back at the beginning (PS3.5 6.1.2.5.3)?
inline bool ResetsCodes(char byte, Vr vr) {
  if (byte == '\n' || byte == '\f' || byte == '\r' || byte == '\t') return true;
  if (byte == '\\') return PartsValues(vr);
  return (byte == '^' || byte == '=') && vr == VrOf('P', 'N');
}

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kYen = "\xC2\xA5", kOverline = "\xE2\x80\xBE";

// Bytes of the character that begins `text`; 0: none does.
size_t Utf8Length(std::string_view text);

// By code extensions, or with one set alone.
class Iso2022Reader {
 public:
  Iso2022Reader(const CharacterSet& set, Vr vr);
  CharacterSet::Text Read(std::string_view bytes);

 private:
  void Reset();
  size_t Escape(std::string_view rest);
  size_t Left(std::string_view rest);
  size_t Right(std::string_view rest);
  size_t Unknown();

  const CharacterSet& set_;
  const Vr vr_;
  const CharacterTerm *initial_right_ = nullptr, *right_ = nullptr;  // G1
  const CharacterTerm *initial_left_ = nullptr, *left_ = nullptr;    // G0
  Converter converter_;
  CharacterSet::Text text_;
};

class Iso2022Writer {
 public:
  Iso2022Writer(const CharacterSet& set, Vr vr);
  std::optional<std::string> Write(std::string_view utf8);

 private:
  bool Character(std::string_view one);
  bool Ascii(char byte);
  bool In(const CharacterTerm& term, std::string_view one);
  std::optional<std::string> BytesOf(const CharacterTerm& term, std::string_view one);
  void Invoke(std::string_view escape);
  void Return();

  const CharacterSet& set_;
  const Vr vr_;
  const CharacterTerm *initial_right_ = nullptr, *right_ = nullptr;
  const CharacterTerm *initial_left_ = nullptr, *left_ = nullptr;
  Converter converter_;
  std::string out_;
};

}  // namespace router::dataset
