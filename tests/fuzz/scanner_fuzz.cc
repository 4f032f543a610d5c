// The first byte chooses the transfer syntax, the rest is a data set. Whatever it is: no crash, no
// read beyond the end, no walk without end; what is sound has a digest, and DCMTK may see it.
#include <cstdlib>

#include "router/dataset/digest.h"
#include "router/dataset/edit.h"
#include "router/dataset/head.h"
#include "router/dataset/identifier.h"
#include "router/dataset/references.h"
#include "router/dataset/sound.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace dataset = router::dataset;
  constexpr std::string_view kSyntaxes[] = {
      dataset::kImplicitVrLittleEndian, dataset::kExplicitVrLittleEndian,
      dataset::kExplicitVrBigEndian, dataset::kDeflatedExplicitVrLittleEndian,
      "1.2.840.10008.1.2.4.70"};
  if (size == 0) return 0;
  router::Uid syntax(kSyntaxes[data[0] % std::size(kSyntaxes)]);
  router::Bytes bytes = std::as_bytes(std::span(data, size)).subspan(1);
  dataset::Encoded encoded{bytes, syntax};

  bool sound = dataset::CheckSound(encoded).has_value();
  auto digest = dataset::CanonicalDigest(encoded);
  if (sound && !digest) std::abort();
  dataset::WantedPath wanted[] = {{{0x300C0060, 0x00081155}, 1},
                                  {{dataset::kAnyDepth, 0x300C0080, 0x00081155}, 2}};
  auto harvest = dataset::HarvestReferences(encoded, wanted);
  if (digest && !harvest) std::abort();
  auto head = dataset::ReadHead(bytes, syntax);
  auto edited = dataset::ReplaceElement(bytes, syntax, 0x00080054, "SLUICE");
  if (digest && edited && !dataset::CanonicalDigest(dataset::Encoded{*edited, syntax}))
    std::abort();
  if (size < 4096) {
    auto identifier = dataset::Identifier::Decode(bytes, syntax);
    if (identifier && !sound) std::abort();
  }
  return 0;
}
