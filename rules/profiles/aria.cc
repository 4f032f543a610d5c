#include "rules/profiles/aria.h"

#include <array>

namespace rules {
namespace {

using router::Kind;
using enum Strength;
using enum Target;

// clang-format off
constexpr std::array kReferences = std::to_array<ReferenceRule>({
    {Kind::kStructureSet, "30060010/30060012/30060014/30060016/00081155", Kind::kImage,
     kInstance, kRequired, Choice::kStructureSetImages,
     "images in the list of the frame of reference"},
    {Kind::kStructureSet, "30060039/30060040/30060016/00081155", Kind::kImage,
     kInstance, kRequired, Choice::kStructureSetImages, "images that carry a contour"},
    {Kind::kStructureSet, "30060010/30060012/30060014/0020000E", Kind::kImage,
     kSeries, kFallback, Choice::kStructureSetImages, "the series, when no image is named"},
    {Kind::kStructureSet, "30060010/00200052", Kind::kImage,
     kFrameOfReference, kFallback, Choice::kStructureSetImages,
     "when neither image nor series is named"},
    {Kind::kStructureSet, "30060020/30060024", Kind::kImage,
     kFrameOfReference, kFallback, Choice::kStructureSetImages,
     "when neither image nor series is named"},
    {Kind::kStructureSet, "30060018/00081155", Kind::kStructureSet,
     kInstance, kNoted, Choice::kNone, "predecessor"},

    {Kind::kPlan, "300C0060/00081155", Kind::kStructureSet,
     kInstance, kRequired, Choice::kPlanStructureSet,
     "absent where the geometry is TREATMENT_DEVICE"},
    {Kind::kPlan, "300A00B0/300A00B2", Kind::kOther,
     kMachine, kRequired, Choice::kNone, "beams"},
    {Kind::kPlan, "300A03A2/300A00B2", Kind::kOther,
     kMachine, kRequired, Choice::kNone, "ion beams"},
    {Kind::kPlan, "300A0206/300A00B2", Kind::kOther,
     kMachine, kRequired, Choice::kNone, "brachytherapy"},
    {Kind::kPlan, "300C0002/00081155", Kind::kPlan,
     kInstance, kNoted, Choice::kNone, "PREDECESSOR, VERIFIED_PLAN: dangles in most plans"},
    {Kind::kPlan, "*/300C0080/00081155", Kind::kDose,
     kInstance, kNoted, Choice::kNone, "the dose names the plan: required, it would be a cycle"},
    {Kind::kPlan, "*/300C0042/00081155", Kind::kOther,
     kInstance, kNoted, Choice::kNone, "RT Images are exported after the plan"},

    {Kind::kDose, "300C0002/00081155", Kind::kPlan,
     kInstance, kRequired, Choice::kDosePlan, "without it Aria keeps the dose as an orphan"},
    {Kind::kDose, "300C0060/00081155", Kind::kStructureSet,
     kInstance, kRequired, Choice::kDoseStructureSet, "where the dose names one"},
    {Kind::kDose, "30080030/00081155", Kind::kRecord,
     kInstance, kNoted, Choice::kNone, "treatment records that the dose was computed from"},

    {Kind::kRecord, "300C0002/00081155", Kind::kPlan,
     kInstance, kRequired, Choice::kRecordPlan, "the plan that was delivered"},

    {Kind::kRegistration, "00700308/00081140/00081155", Kind::kImage,
     kInstance, kRequired, Choice::kRegistrationImages, "images that are registered"},
    {Kind::kRegistration, "00640002/00081140/00081155", Kind::kImage,
     kInstance, kRequired, Choice::kRegistrationImages, "the same, deformable"},

    {Kind::kOther, "300C0002/00081155", Kind::kPlan,
     kInstance, kNoted, Choice::kNone, "RT Image to its plan"},
    {Kind::kOther, "00081140/00081155", Kind::kImage,
     kInstance, kNoted, Choice::kNone, "referenced images"},
    {Kind::kOther, "00082112/00081155", Kind::kImage,
     kInstance, kNoted, Choice::kNone, "source images"},
    {Kind::kOther, "00081115/00081199/00081155", Kind::kOther,
     kInstance, kNoted, Choice::kNone, "segmentation, presentation state"},
    {Kind::kOther, "00081115/00081140/00081155", Kind::kOther,
     kInstance, kNoted, Choice::kNone, "presentation state"},
    {Kind::kOther, "0040A375/00081115/00081199/00081155", Kind::kOther,
     kInstance, kNoted, Choice::kNone, "structured report, key objects"},
});
// clang-format on

}  // namespace

std::span<const ReferenceRule> AriaReferences() { return kReferences; }

bool AriaMayHold(Kind kind) {
  switch (kind) {
    case Kind::kStructureSet:
    case Kind::kPlan:
    case Kind::kDose:
    case Kind::kRecord:
    case Kind::kRegistration:
      return true;
    case Kind::kImage:
    case Kind::kOther:
      return false;
  }
  return false;
}

int AriaRank(Kind kind) {
  switch (kind) {
    case Kind::kImage:
      return 0;
    case Kind::kRegistration:
    case Kind::kStructureSet:
      return 1;
    case Kind::kPlan:
      return 2;
    case Kind::kDose:
    case Kind::kRecord:
      return 3;
    case Kind::kOther:
      return 4;
  }
  return 4;
}

}  // namespace rules
