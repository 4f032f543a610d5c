// Any bytes: no crash, no read beyond the end, and a command set that decodes survives a round trip
// and every question.
#include <cstdlib>

#include "router/dimse/messages.h"
#include "router/dimse/status.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace dimse = router::dimse;
  auto first = dimse::CommandSet::Decode(std::as_bytes(std::span(data, size)));
  if (!first) return 0;
  router::Buffer encoded = first->Encode();
  auto again = dimse::CommandSet::Decode(encoded);
  if (!again || *again != *first || again->Encode() != encoded) std::abort();

  if (dimse::NameOf(first->command()).empty()) std::abort();
  if (dimse::StatusName(first->command(), first->status()).empty()) std::abort();
  if (first->move_destination().view().size() > router::AeTitle::kLength) std::abort();
  if (dimse::IsRequest(first->command()) && first->command() != dimse::Command::kCCancelRq) {
    auto response = dimse::Response(*first, dimse::status::kProcessingFailure, "why\\not");
    auto arrived = dimse::CommandSet::Decode(response.Encode());
    if (!arrived || arrived->message_id_responded_to() != first->message_id()) std::abort();
  }
  return 0;
}
