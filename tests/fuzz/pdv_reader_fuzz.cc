// Any stream, split anywhere: the reader finds the same as when it is given all at once, hands out
// nothing beyond its chunk, and agrees with the codec on what the PDUs are.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "router/ul/pdv_reader.h"

namespace {

namespace ul = router::ul;

// What was found, independent of how it was split: fragments of one PDV are one.
struct Found {
  std::vector<ul::Pdu> pdus;
  std::vector<ul::Pdv> pdvs;
  std::string error;
  bool between = true;
  bool operator==(const Found&) const = default;
};

Found Read(router::Bytes stream, uint32_t max_length, size_t step) {
  ul::PdvReader reader(max_length);
  Found found;
  bool within_pdv = false;
  while (!stream.empty()) {
    // A copy of exactly that size, so that a byte read too much is seen.
    router::Bytes part = stream.first(std::min(step, stream.size()));
    router::Buffer chunk(part.begin(), part.end());
    stream = stream.subspan(chunk.size());
    reader.Feed(chunk);
    for (;;) {
      auto received = reader.Next();
      if (!received) {
        found.error = received.error().detail;
        return found;
      }
      if (received->kind == ul::Received::Kind::kNeedMore) break;
      if (received->kind == ul::Received::Kind::kPdu) {
        found.pdus.push_back(reader.TakePdu());
        continue;
      }
      router::Bytes bytes = received->bytes;
      if (!bytes.empty() && (bytes.data() < chunk.data() ||
                             bytes.data() + bytes.size() > chunk.data() + chunk.size()))
        std::abort();
      if (!within_pdv)
        found.pdvs.push_back({received->context, received->is_command, received->last, {}});
      auto& whole = found.pdvs.back().bytes;
      whole.insert(whole.end(), bytes.begin(), bytes.end());
      within_pdv = !received->ends_pdv;
    }
  }
  found.between = reader.BetweenPdus();
  return found;
}

// The same by the codec, as long as the stream is sound.
void CompareWithCodec(router::Bytes stream, const Found& found) {
  size_t pdus = 0, pdvs = 0;
  while (!stream.empty()) {
    auto decoded = ul::Decode(stream, ul::kMaxAssociationPdu);
    if (!decoded || !*decoded) return;
    stream = stream.subspan((*decoded)->consumed);
    if (const auto* data = std::get_if<ul::DataTf>(&(*decoded)->pdu)) {
      for (const ul::Pdv& pdv : data->pdvs)
        if (pdvs >= found.pdvs.size() || found.pdvs[pdvs++] != pdv) std::abort();
    } else if (pdus >= found.pdus.size() || found.pdus[pdus++] != (*decoded)->pdu) {
      std::abort();
    }
  }
  if (!found.error.empty() || !found.between) std::abort();
}

}  // namespace

// The first byte says how the stream is split, the second whether there is a limit.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  router::Bytes stream = std::as_bytes(std::span(data, size)).subspan(2);
  size_t step = data[0] % 40 + 1;
  uint32_t limit = data[1] < 128 ? 0 : data[1];
  Found at_once = Read(stream, limit, size);
  if (Read(stream, limit, step) != at_once) std::abort();
  if (limit == 0) CompareWithCodec(stream, at_once);
  return 0;
}
