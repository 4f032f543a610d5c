#pragma once
#include <cstdint>
#include <string_view>

#include "router/base/uid.h"

namespace router::dataset {

// (gggg,eeee) as gggg << 16 | eeee.
using Tag = uint32_t;

// The transfer syntaxes of uncompressed data sets (PS3.5 A.1 to A.3, A.5).
inline constexpr std::string_view kImplicitVrLittleEndian = "1.2.840.10008.1.2";
inline constexpr std::string_view kExplicitVrLittleEndian = "1.2.840.10008.1.2.1";
inline constexpr std::string_view kDeflatedExplicitVrLittleEndian = "1.2.840.10008.1.2.1.99";
inline constexpr std::string_view kExplicitVrBigEndian = "1.2.840.10008.1.2.2";

// What a transfer syntax means to whoever walks the bytes.
struct Encoding {
  bool explicit_vr = false;
  bool big_endian = false;
  bool deflated = false;
  bool encapsulated = false;  // pixel data is compressed; converting is not for us

  bool operator==(const Encoding&) const = default;
};

// Never fails: no UID means the default transfer syntax (PS3.5 10.1); whatever is not known is
// Explicit VR Little Endian with encapsulated pixel data, as PS3.5 A.4 demands of all that came
// after it.
Encoding EncodingOf(const Uid& transfer_syntax);

// One of the four above: every one of them can be turned into every other.
bool IsUncompressed(const Uid& transfer_syntax);

}  // namespace router::dataset
