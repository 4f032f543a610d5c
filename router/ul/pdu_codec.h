#pragma once
#include <optional>

#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/ul/pdu.h"

namespace router::ul {

// The limit to pass for PDUs other than P-DATA-TF. 128 contexts with 40 transfer syntaxes each
// stay below half of it.
inline constexpr size_t kMaxAssociationPdu = 1 << 20;

struct Decoded {
  Pdu pdu;
  size_t consumed = 0;  // bytes, the header included
};

// Reads one PDU (PS3.8 9.3) from the front of `bytes`.
//   nullopt              more bytes are needed; nothing was consumed
//   Errc::kPduTooLarge   the length field exceeds `max_length`; decided from the 6-byte header,
//                        before anything is allocated
//   Errc::kMalformedPdu  the association must be aborted; do not resynchronise. The detail names
//                        the field and never quotes a user identity. A byte that is no PDU type is
//                        found without waiting for more.
// Errors blame `peer`. Nothing in the result refers to `bytes`.
Result<std::optional<Decoded>> Decode(Bytes bytes, size_t max_length,
                                      Blame peer = Blame::kDownstream);

// Never fails: a Pdu that can be built can be written. What exceeds its length field (a sub-item
// of more than 65535 bytes cannot come from Decode) is cut off there.
Buffer Encode(const Pdu& pdu);

}  // namespace router::ul
