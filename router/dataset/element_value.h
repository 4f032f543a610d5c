#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/dataset/character_set.h"
#include "router/dataset/scanner.h"

// Values as people write them: from the bytes of an element, and back.
namespace router::dataset {

// The VR of an element whose header has none that helps (implicit VR, UN): by the data dictionary,
// of a private one by that of DCMTK for its creator. kNoVr if nobody knows.
Vr VrFor(Vr in_header, Tag tag, std::string_view creator);

// Are its values text (PS3.5 6.2), of the default repertoire or of (0008,0005)?
bool IsTextVr(Vr vr);

// Is there a text form of values of this VR? Not of sequences, OB and the like, nor of what has no
// known VR.
bool HasTextForm(Vr vr);

struct Decoded {
  std::vector<std::string> values;
  bool exact = true;  // else bytes of a text mean nothing in its character set
};
// Of any VR; without values where there is no text form, except that printable ASCII of unknown VR
// is one. Texts without padding, in UTF-8; numbers in decimal, AT as "(gggg,eeee)".
Decoded DecodeValue(Bytes value, Vr vr, bool big_endian, const CharacterSet& set);

// Is it legal for the VR (PS3.5 6.2)? `text`: UTF-8, several values parted by backslashes. Numbers
// are left to EncodeValue. Errors, here and below: kBadConfig; `text` is never quoted.
Result<> CheckValue(std::string_view text, Vr vr);

// The bytes, padded to even length. Errors: no text form, no number of this VR, not to be expressed
// in the character set.
Result<Buffer> EncodeValue(std::string_view text, Vr vr, bool big_endian, const CharacterSet& set);

// What PS3.5 Table 6.2-1 has against one value of this VR; nothing if it is legal.
std::optional<std::string> FaultOf(std::string_view value, Vr vr);

}  // namespace router::dataset
