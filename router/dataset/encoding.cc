#include "router/dataset/encoding.h"

namespace router::dataset {

Encoding EncodingOf(const Uid& transfer_syntax) {
  std::string_view uid = transfer_syntax.view();
  if (uid.empty() || uid == kImplicitVrLittleEndian) return {};
  if (uid == kExplicitVrLittleEndian) return {.explicit_vr = true};
  if (uid == kExplicitVrBigEndian) return {.explicit_vr = true, .big_endian = true};
  if (uid == kDeflatedExplicitVrLittleEndian) return {.explicit_vr = true, .deflated = true};
  return {.explicit_vr = true, .encapsulated = true};
}

bool IsUncompressed(const Uid& transfer_syntax) {
  return !transfer_syntax.empty() && !EncodingOf(transfer_syntax).encapsulated;
}

}  // namespace router::dataset
