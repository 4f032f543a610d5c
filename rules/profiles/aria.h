#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "router/base/kind.h"

// Profile `aria`: what VMSDBD demands of the order of injection, as constants. Order: 3D image →
// RT Structure Set → RT Plan → RT Dose. router/hold reads the table; nothing here does I/O.
namespace rules {

enum class Strength : uint8_t {
  kRequired,  // must exist upstream before the instance is released
  kFallback,  // required only if no reference of the same object to an image is named at all
  kNoted,     // written down, never waited for
};

// What stands at the end of the path.
enum class Target : uint8_t {
  kInstance,          // (0008,1155), a SOP Instance UID
  kSeries,            // (0020,000E)
  kFrameOfReference,  // (0020,0052) or (3006,0024)
  kMachine,           // (300A,00B2), a name: a precondition, checked if `machines` is configured
};

// A reference for which a site may decide otherwise (`requirements` of the application).
enum class Choice : uint8_t {
  kNone,
  kStructureSetImages,
  kPlanStructureSet,
  kDosePlan,
  kDoseStructureSet,
  kRecordPlan,
  kRegistrationImages,
};

// One way in which an object mentions another.
struct ReferenceRule {
  router::Kind object;    // what has the reference
  std::string_view path;  // tags from the root down, as "300C0060/00081155"; "*/" in front: at any
                          // depth. Every item of each sequence counts.
  router::Kind to;        // what is referred to
  Target target;
  Strength strength;
  Choice choice;
  std::string_view note;  // why, for people (docs, explain)
};

// All rules of the profile, grouped by object.
std::span<const ReferenceRule> AriaReferences();

// Can an instance of this kind have requirements? If not it is relayed cut-through, never spooled.
bool AriaMayHold(router::Kind kind);

// Place in the order of injection: what must come first has the smaller number.
int AriaRank(router::Kind kind);

}  // namespace rules
