#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "router/base/result.h"
#include "router/base/uid.h"
#include "router/dataset/encoding.h"
#include "router/dataset/source.h"

namespace router::dataset {

// As the first tag of a path: what follows may stand at any depth.
inline constexpr Tag kAnyDepth = 0xFFFFFFFF;

// Sequences from the outside in and the element itself, e.g. {0x300C0060, 0x00081155}. The path
// starts at the top of the data set, or anywhere after kAnyDepth. What a path means (to which kind,
// how strong) is for rules/ to say: rules/profiles/aria.h has the table.
struct WantedPath {
  std::vector<Tag> tags;
  int id = 0;  // the caller's, comes back in Found
};

// "300C0060/00081155", or "*/300C0080/00081155" for any depth, as the table of rules/ writes it.
// Errors: kBadConfig.
Result<std::vector<Tag>> ParsePath(std::string_view path);

// One distinct value at one wanted path.
struct Found {
  int id = 0;
  Uid uid;                   // of an element that is no UID, (300A,00B2): its text without padding
  Uid sop_class;             // (0008,1150) of the same item, or empty; files are wrong about it
  Uid series;                // (0020,000E) of the nearest item around it, or empty
  std::string relationship;  // (300A,0055) of the same item: "PREDECESSOR", "VERIFIED_PLAN"
  uint32_t mentions = 1;     // how often the pair (id, uid) stands there
};

struct Harvest {
  std::vector<Found> found;   // distinct by (id, uid), in the order of first mention
  std::string plan_geometry;  // (300A,000C): "PATIENT", "TREATMENT_DEVICE", or empty
};

// All that stands at exactly the wanted paths, in one pass, in a window of 256 KiB whatever the
// size of the object: sequences off the paths and large values are sought over. Empty values are
// left out; "UNKNOWN" and "0" are not: to judge them is the caller's. The values of a multi-valued
// element count one by one. Blocks on the disk: not for a loop thread.
//
// Errors: kDisk; kCorrupt, blamed on the sender, where the bytes are no whole data set (a reference
// that cannot be read must not look like one that is not there); kLimit beyond 1,000,000 distinct.
Result<Harvest> HarvestReferences(const Region& region, std::span<const WantedPath> wanted);
Result<Harvest> HarvestReferences(const Encoded& encoded, std::span<const WantedPath> wanted);

// Text at one path (dictionary.h, PathOf), any item that has it: each value of a multi-valued
// element by itself, without padding, in order, doubles too; values longer than 64 KiB are left
// out. For rules that ask for elements. May be patient data: never log it. Errors as above.
Result<std::vector<std::string>> FindTexts(const Region& region, const std::vector<Tag>& path);
Result<std::vector<std::string>> FindTexts(const Encoded& encoded, const std::vector<Tag>& path);

}  // namespace router::dataset
