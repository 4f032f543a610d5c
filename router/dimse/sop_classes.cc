#include "router/dimse/sop_classes.h"

#include <algorithm>
#include <array>
#include <string>

namespace router::dimse {
namespace {

struct StorageClass {
  std::string_view uid, name, short_name;
  Kind kind;
};

// clang-format off
constexpr auto kStorageClasses = std::to_array<StorageClass>({
  {"1.2.840.10008.5.1.4.1.1.1",       "Computed Radiography Image Storage",         "cr_image",              Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.1.1",     "Digital X-Ray Image Storage - For Presentation", "dx_image",          Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.1.1.1",   "Digital X-Ray Image Storage - For Processing", "dx_image_for_processing", Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.1.2",     "Digital Mammography X-Ray Image Storage - For Presentation", "mg_image", Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.2",       "CT Image Storage",                           "ct_image",              Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.2.1",     "Enhanced CT Image Storage",                  "enhanced_ct_image",     Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.2.2",     "Legacy Converted Enhanced CT Image Storage", "legacy_enhanced_ct_image", Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.3.1",     "Ultrasound Multi-frame Image Storage",       "us_multiframe_image",   Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.4",       "MR Image Storage",                           "mr_image",              Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.4.1",     "Enhanced MR Image Storage",                  "enhanced_mr_image",     Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.4.3",     "Enhanced MR Color Image Storage",            "enhanced_mr_color_image", Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.4.4",     "Legacy Converted Enhanced MR Image Storage", "legacy_enhanced_mr_image", Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.6.1",     "Ultrasound Image Storage",                   "us_image",              Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.6.2",     "Enhanced US Volume Storage",                 "us_volume",             Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.7",       "Secondary Capture Image Storage",            "secondary_capture",     Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.7.1",     "Multi-frame Single Bit Secondary Capture Image Storage", "secondary_capture_single_bit", Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.7.2",     "Multi-frame Grayscale Byte Secondary Capture Image Storage", "secondary_capture_byte", Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.7.3",     "Multi-frame Grayscale Word Secondary Capture Image Storage", "secondary_capture_word", Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.7.4",     "Multi-frame True Color Secondary Capture Image Storage", "secondary_capture_true_color", Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.12.1",    "X-Ray Angiographic Image Storage",           "xa_image",              Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.12.1.1",  "Enhanced XA Image Storage",                  "enhanced_xa_image",     Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.12.2",    "X-Ray Radiofluoroscopic Image Storage",      "rf_image",              Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.12.2.1",  "Enhanced XRF Image Storage",                 "enhanced_rf_image",     Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.13.1.1",  "X-Ray 3D Angiographic Image Storage",        "xa_3d_image",           Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.20",      "Nuclear Medicine Image Storage",             "nm_image",              Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.128",     "Positron Emission Tomography Image Storage", "pet_image",             Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.128.1",   "Legacy Converted Enhanced PET Image Storage", "legacy_enhanced_pet_image", Kind::kImage},
  {"1.2.840.10008.5.1.4.1.1.130",     "Enhanced PET Image Storage",                 "enhanced_pet_image",    Kind::kImage},

  {"1.2.840.10008.5.1.4.1.1.481.1",   "RT Image Storage",                           "rt_image",              Kind::kOther},
  {"1.2.840.10008.5.1.4.1.1.481.2",   "RT Dose Storage",                            "rt_dose",               Kind::kDose},
  {"1.2.840.10008.5.1.4.1.1.481.3",   "RT Structure Set Storage",                   "rt_structure_set",      Kind::kStructureSet},
  {"1.2.840.10008.5.1.4.1.1.481.4",   "RT Beams Treatment Record Storage",          "rt_beams_record",       Kind::kRecord},
  {"1.2.840.10008.5.1.4.1.1.481.5",   "RT Plan Storage",                            "rt_plan",               Kind::kPlan},
  {"1.2.840.10008.5.1.4.1.1.481.6",   "RT Brachy Treatment Record Storage",         "rt_brachy_record",      Kind::kRecord},
  {"1.2.840.10008.5.1.4.1.1.481.7",   "RT Treatment Summary Record Storage",        "rt_summary_record",     Kind::kRecord},
  {"1.2.840.10008.5.1.4.1.1.481.8",   "RT Ion Plan Storage",                        "rt_ion_plan",           Kind::kPlan},
  {"1.2.840.10008.5.1.4.1.1.481.9",   "RT Ion Beams Treatment Record Storage",      "rt_ion_beams_record",   Kind::kRecord},
  {"1.2.840.10008.5.1.4.1.1.481.10",  "RT Physician Intent Storage",                "rt_physician_intent",   Kind::kOther},
  {"1.2.840.10008.5.1.4.1.1.481.11",  "RT Segment Annotation Storage",              "rt_segment_annotation", Kind::kOther},
  {"1.2.840.10008.5.1.4.1.1.481.12",  "RT Radiation Set Storage",                   "rt_radiation_set",      Kind::kOther},
  {"1.2.840.10008.5.1.4.34.7",        "RT Beams Delivery Instruction Storage",      "rt_delivery_instruction", Kind::kOther},
  {"1.2.246.352.70.1.70",             "Varian RT Plan Storage (private)",           "varian_rt_plan",        Kind::kPlan},

  {"1.2.840.10008.5.1.4.1.1.66",      "Raw Data Storage",                           "raw_data",              Kind::kOther},
  {"1.2.840.10008.5.1.4.1.1.66.1",    "Spatial Registration Storage",               "spatial_registration",  Kind::kRegistration},
  {"1.2.840.10008.5.1.4.1.1.66.2",    "Spatial Fiducials Storage",                  "spatial_fiducials",     Kind::kOther},
  {"1.2.840.10008.5.1.4.1.1.66.3",    "Deformable Spatial Registration Storage",    "deformable_registration", Kind::kRegistration},
  {"1.2.840.10008.5.1.4.1.1.66.4",    "Segmentation Storage",                       "segmentation",          Kind::kOther},
  {"1.2.840.10008.5.1.4.1.1.66.5",    "Surface Segmentation Storage",               "surface_segmentation",  Kind::kOther},
  {"1.2.840.10008.5.1.4.1.1.11.1",    "Grayscale Softcopy Presentation State Storage", "presentation_state", Kind::kOther},
  {"1.2.840.10008.5.1.4.1.1.88.11",   "Basic Text SR Storage",                      "basic_text_sr",         Kind::kOther},
  {"1.2.840.10008.5.1.4.1.1.88.22",   "Enhanced SR Storage",                        "enhanced_sr",           Kind::kOther},
  {"1.2.840.10008.5.1.4.1.1.88.33",   "Comprehensive SR Storage",                   "comprehensive_sr",      Kind::kOther},
  {"1.2.840.10008.5.1.4.1.1.88.59",   "Key Object Selection Document Storage",      "key_object_selection",  Kind::kOther},
  {"1.2.840.10008.5.1.4.1.1.88.67",   "X-Ray Radiation Dose SR Storage",            "radiation_dose_sr",     Kind::kOther},
  {"1.2.840.10008.5.1.4.1.1.104.1",   "Encapsulated PDF Storage",                   "encapsulated_pdf",      Kind::kOther},
});

struct Named {
  std::string_view uid, name;
};
constexpr auto kOthers = std::to_array<Named>({
  {uid::kVerification,                "Verification"},
  {uid::kStorageCommitment,           "Storage Commitment Push Model"},
  {uid::kPatientRootFind,             "Patient Root Query/Retrieve - FIND"},
  {uid::kPatientRootMove,             "Patient Root Query/Retrieve - MOVE"},
  {uid::kPatientRootGet,              "Patient Root Query/Retrieve - GET"},
  {uid::kStudyRootFind,               "Study Root Query/Retrieve - FIND"},
  {uid::kStudyRootMove,               "Study Root Query/Retrieve - MOVE"},
  {uid::kStudyRootGet,                "Study Root Query/Retrieve - GET"},
  {uid::kModalityWorklistFind,        "Modality Worklist - FIND"},
  {"1.2.840.10008.3.1.2.3.3",         "Modality Performed Procedure Step"},
  {"1.2.840.10008.5.1.4.34.6.1",      "Unified Procedure Step - Push"},
  {"1.2.246.352.70.1.10",             "Varian private storage class .10"},
  {uid::kImplicitVrLittleEndian,      "Implicit VR Little Endian"},
  {uid::kExplicitVrLittleEndian,      "Explicit VR Little Endian"},
  {uid::kDeflatedExplicitVrLittleEndian, "Deflated Explicit VR Little Endian"},
  {uid::kExplicitVrBigEndian,         "Explicit VR Big Endian"},
  {"1.2.840.10008.1.2.4.50",          "JPEG Baseline (Process 1)"},
  {"1.2.840.10008.1.2.4.51",          "JPEG Extended (Process 2 and 4)"},
  {"1.2.840.10008.1.2.4.57",          "JPEG Lossless (Process 14)"},
  {"1.2.840.10008.1.2.4.70",          "JPEG Lossless (Process 14, Selection Value 1)"},
  {"1.2.840.10008.1.2.4.80",          "JPEG-LS Lossless"},
  {"1.2.840.10008.1.2.4.81",          "JPEG-LS Near-lossless"},
  {"1.2.840.10008.1.2.4.90",          "JPEG 2000 Lossless"},
  {"1.2.840.10008.1.2.4.91",          "JPEG 2000"},
  {"1.2.840.10008.1.2.5",             "RLE Lossless"},
});

struct OfModality {
  std::string_view modality;
  Kind kind;
};
constexpr auto kModalities = std::to_array<OfModality>({
  {"CT", Kind::kImage}, {"MR", Kind::kImage}, {"PT", Kind::kImage}, {"CR", Kind::kImage},
  {"DX", Kind::kImage}, {"US", Kind::kImage}, {"XA", Kind::kImage}, {"RF", Kind::kImage},
  {"NM", Kind::kImage}, {"MG", Kind::kImage},
  {"RTSTRUCT", Kind::kStructureSet}, {"RTPLAN", Kind::kPlan}, {"RTDOSE", Kind::kDose},
  {"RTRECORD", Kind::kRecord}, {"REG", Kind::kRegistration},
});
// clang-format on

constexpr std::string_view kStorageRoot = "1.2.840.10008.5.1.4.1.1.";

const StorageClass* FindStorage(std::string_view sop_class) {
  auto found = std::ranges::find(kStorageClasses, sop_class, &StorageClass::uid);
  return found == kStorageClasses.end() ? nullptr : &*found;
}

}  // namespace

Kind KindOf(std::string_view sop_class, std::string_view modality) {
  if (const StorageClass* known = FindStorage(sop_class)) return known->kind;
  auto found = std::ranges::find(kModalities, modality, &OfModality::modality);
  return found == kModalities.end() ? Kind::kOther : found->kind;
}

bool MayHaveRequirements(std::string_view sop_class) {
  const StorageClass* known = FindStorage(sop_class);
  return !known || (known->kind != Kind::kImage && known->kind != Kind::kOther);
}

bool IsStorage(std::string_view sop_class) {
  if (FindStorage(sop_class)) return true;
  if (sop_class == "1.2.246.352.70.1.10" || sop_class == "1.2.840.10008.5.1.4.34.10") return true;
  return sop_class.starts_with(kStorageRoot);
}

bool MayBeStorage(std::string_view sop_class) {
  return IsStorage(sop_class) || !sop_class.starts_with("1.2.840.10008.");
}

QueryService QueryServiceOf(std::string_view sop_class) {
  if (sop_class == uid::kModalityWorklistFind) return QueryService::kFind;
  // Patient Root is 1, Study Root 2, Patient/Study Only 3 (retired), Composite Instance 4.
  constexpr std::string_view kRoot = "1.2.840.10008.5.1.4.1.2.";
  if (!sop_class.starts_with(kRoot) || sop_class.size() != kRoot.size() + 3 ||
      sop_class[kRoot.size() + 1] != '.')
    return QueryService::kNone;
  switch (sop_class.back()) {
    case '1':
      return QueryService::kFind;
    case '2':
      return QueryService::kMove;
    case '3':
      return QueryService::kGet;
    default:
      return QueryService::kNone;
  }
}

std::string_view NameOfUid(std::string_view uid) {
  if (const StorageClass* known = FindStorage(uid)) return known->name;
  auto found = std::ranges::find(kOthers, uid, &Named::uid);
  return found == kOthers.end() ? uid : found->name;
}

std::string_view ShortNameOf(std::string_view sop_class) {
  const StorageClass* known = FindStorage(sop_class);
  return known ? known->short_name : std::string_view();
}

std::string_view SopClassOf(std::string_view short_name) {
  auto found = std::ranges::find(kStorageClasses, short_name, &StorageClass::short_name);
  return found == kStorageClasses.end() ? std::string_view() : found->uid;
}

}  // namespace router::dimse
