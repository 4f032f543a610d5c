#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "router/dataset/scanner.h"

namespace router::dataset {

// Is its text written in Specific Character Set (0008,0005)? (PS3.5 6.2: SH, LO, ST, LT, UC, UT,
// PN)
bool IsInCharacterSet(Vr vr);
// Do backslashes part its values (PS3.5 6.4)?
bool PartsValues(Vr vr);

// How texts are written: one value of Specific Character Set (0008,0005), PS3.3 C.12.1.1.2, with
// code extensions (PS3.5 6.1.2.5). A plain value; any thread.
class CharacterSet {
 public:
  CharacterSet() = default;  // absent: ISO 646 alone
  // Never fails: what is no defined term counts as ISO 646.
  static CharacterSet Of(std::string_view value);

  bool IsKnown() const { return known_; }  // every term is a defined one

  struct Text {
    std::string utf8;
    bool exact = true;  // else some bytes mean nothing here
  };
  // What means nothing becomes U+FFFD; but where the set is ISO 646 and the bytes are UTF-8, which
  // they often are, they stay.
  Text Decode(std::string_view bytes, Vr vr) const;

  // Nothing, if a character has no place here, or `utf8` is none.
  std::optional<std::string> Encode(std::string_view utf8, Vr vr) const;

 private:
  friend class Iso2022Reader;
  friend class Iso2022Writer;

  std::array<uint8_t, 8> terms_{};  // rows of the table of terms
  uint8_t count_ = 0;               // 0: ISO 646
  bool extended_ = false;           // escape sequences may occur
  bool known_ = true;
};

bool IsUtf8(std::string_view text);
// Characters, not bytes; of valid UTF-8.
size_t CharactersIn(std::string_view utf8);

}  // namespace router::dataset
