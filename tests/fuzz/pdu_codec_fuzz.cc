// Any bytes: no crash, no read beyond the end, and whatever decodes survives a round trip.
#include <cstdlib>

#include "router/ul/pdu_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace ul = router::ul;
  router::Bytes bytes = std::as_bytes(std::span(data, size));
  auto first = ul::Decode(bytes, ul::kMaxAssociationPdu);
  if (!first || !*first) return 0;
  if ((*first)->consumed > size) std::abort();

  router::Buffer encoded = ul::Encode((*first)->pdu);
  auto again = ul::Decode(encoded, ul::kMaxAssociationPdu);
  if (!again || !*again || (*again)->consumed != encoded.size()) std::abort();
  if ((*again)->pdu != (*first)->pdu) std::abort();
  return 0;
}
