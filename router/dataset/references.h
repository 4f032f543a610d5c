#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "router/base/kind.h"
#include "router/base/result.h"
#include "router/base/uid.h"
#include "router/dataset/source.h"

namespace router::dataset {

// As the first tag of a path: what follows may stand at any depth.
inline constexpr Tag kAnyDepth = 0xFFFFFFFF;

// Sequences from the outside in and the element itself, e.g. {0x300C0060, 0x00081155}.
// The path starts at the top of the data set, or anywhere after kAnyDepth.
struct WantedPath {
  std::vector<Tag> tags;
  int id = 0;  // the caller's, comes back in Found
};

// One distinct value at one wanted path.
struct Found {
  int id = 0;
  Uid uid;
  Uid sop_class;             // (0008,1150) of the same item, or empty
  Uid series;                // (0020,000E) of the nearest item around it, or empty
  std::string relationship;  // (300A,0055) of the same item, or empty
  uint32_t mentions = 1;     // how often the pair (id, uid) stands there
};

// Every distinct (id, uid) in the order of first mention, in one pass, in a window of 256 KiB
// whatever the size of the object: sequences off the paths and large values are sought over.
// Empty values are left out; "UNKNOWN" and the like are not: to judge them is the caller's.
// Blocks on the disk; not for a loop thread. Errors: kDisk; kCorrupt, blamed on the sender, where
// the bytes are no whole data set; kLimit beyond 1,000,000 distinct references.
Result<std::vector<Found>> FindUids(const Region& region, std::span<const WantedPath> wanted);
Result<std::vector<Found>> FindUids(const Encoded& encoded, std::span<const WantedPath> wanted);

// Text at one path (dictionary.h, PathOf), any item that has it: each value of a multi-valued
// element by itself, without padding, in order; values longer than 64 KiB are left out. For rules
// that ask for elements. May be patient data: never log it. Errors as FindUids.
Result<std::vector<std::string>> FindTexts(const Region& region, const std::vector<Tag>& path);
Result<std::vector<std::string>> FindTexts(const Encoded& encoded, const std::vector<Tag>& path);

// What a reference names.
enum class Level : uint8_t { kInstance, kSeries, kFrameOfReference, kStudy };

enum class Strength : uint8_t {
  kRequired,      // must exist before release
  kConfigurable,  // required where the configuration says so
  kFallback,      // stands in where no image is named
  kNoted,         // never holds
};

// Where a reference stood; rules may change a strength by it.
enum class Site : uint8_t {
  kImageList,          // structure set: frame of reference list (3006,0010)>…>(3006,0016)
  kContourImage,       // structure set: contours (3006,0039)>(3006,0040)>(3006,0016)
  kReferencedSeries,   // structure set: (3006,0010)>(3006,0012)>(3006,0014)>(0020,000E)
  kReferencedFrame,    // structure set: (3006,0010)>(0020,0052)
  kRoiFrame,           // structure set: (3006,0020)>(3006,0024)
  kReferencedStudy,    // structure set: (3006,0010)>(3006,0012)>(0008,1155), a Study UID
  kPredecessor,        // structure set: (3006,0018)
  kPlanStructureSet,   // plan: (300C,0060)
  kRelatedPlan,        // plan: (300C,0002), with its relationship
  kPlanDose,           // plan: (300C,0080) anywhere
  kPlanImage,          // plan: (300C,0042) anywhere
  kDosePlan,           // dose: (300C,0002)
  kDoseStructureSet,   // dose: (300C,0060)
  kDoseRecord,         // dose: (3008,0030)
  kRecordPlan,         // treatment record: (300C,0002)
  kImagePlan,          // RT image: (300C,0002)
  kImageImage,         // image: (0008,1140), (0008,2112)
  kRegistrationImage,  // registration: (0070,0308)>(0008,1140), (0064,0002)>(0008,1140)
  kEvidence,           // the others: (0008,1115)>…, (0040,A375)>…
};
std::string_view NameOf(Site site);

// One row of the table of references (docs/rules.md): an object of kind `from` mentions at `path`
// an object of kind `to`.
struct ReferencePath {
  Kind from;
  Site site;
  Level level;
  Kind to;  // kOther: any
  Strength strength;
  std::vector<Tag> path;
};

// The defaults: PS3.3 C.8.8 as real files use it. (0008,1155) directly in (3006,0012) is a Study
// UID and comes with Level::kStudy; (0008,1110), (0008,1120), (0008,1111) name no instances and
// are not in the table.
std::span<const ReferencePath> RtReferencePaths();

struct Reference {
  Site site;
  Level level;
  Kind kind;
  Strength strength;
  Uid uid;
  Uid sop_class;             // as the reference says; files are wrong about it
  Uid series;                // that the reference names around it, or empty
  std::string relationship;  // (300A,0055): "PREDECESSOR", "VERIFIED_PLAN"
};

struct Harvest {
  std::vector<Reference> references;  // distinct by (site, uid), in the order of first mention
  std::vector<std::string> machines;  // (300A,00B2), distinct, without padding
  std::string plan_geometry;          // (300A,000C), or empty
};

// All that an object of this kind mentions, by the table. An object's mention of itself is left
// in. Errors and costs as FindUids: one pass.
Result<Harvest> HarvestReferences(const Region& region, Kind kind);
Result<Harvest> HarvestReferences(const Encoded& encoded, Kind kind);

}  // namespace router::dataset
