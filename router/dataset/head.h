#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/base/uid.h"
#include "router/dataset/digest.h"
#include "router/dataset/source.h"

namespace router::dataset {

// How much of the head the bytes at hand allowed to read. Elements come in the order of tags.
enum class Reach : uint8_t {
  kPartial,     // more bytes may bring more facts
  kIdentified,  // past (0020,0052): all but plan geometry and pixel data are final
  kWhole,       // pixel data or the end was reached: everything is final
};

// Facts from the head of a data set: what it is and where it belongs. Absent and empty are the
// same here. Values as received, without padding.
struct Head {
  Reach reach = Reach::kPartial;
  Uid sop_class, sop_instance;             // (0008,0016), (0008,0018)
  std::string modality;                    // (0008,0060)
  Uid study, series;                       // (0020,000D), (0020,000E)
  Uid frame_of_reference;                  // (0020,0052)
  std::optional<int32_t> instance_number;  // (0020,0013)
  std::string plan_geometry;               // (300A,000C): "PATIENT", "TREATMENT_DEVICE"
  bool has_pixel_data = false;             // (7FE0,0008), (7FE0,0009) or (7FE0,0010) was seen

  // SHA-256 of (0010,0020) and (0010,0010) without padding, the name without empty components at
  // its end, to compare and never to print. No value where the element is absent or empty.
  std::optional<Digest> patient_id_digest, patient_name_digest;
};

// Of the first bytes of a data set as they came from the wire (at least 4 KiB settle nearly
// every image; 64 KiB nearly everything). A cut element is not an error: `reach` says whether to
// come back with more. `whole`: the bytes are all there are, so that their end is final.
// Errors: kCorrupt, blamed on the sender, where the bytes are no data set in this syntax.
Result<Head> ReadHead(Bytes dataset_prefix, const Uid& transfer_syntax, bool whole = false);

// Of a file: reads no further than needed, never the pixel data. Blocks on the disk.
Result<Head> ReadHead(const Region& region);

}  // namespace router::dataset
