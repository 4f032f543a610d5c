#pragma once
#include <string_view>

#include "router/base/kind.h"
#include "router/base/uid.h"

// Well-known UIDs (PS3.6 Annex A) and what they mean to a router in radiotherapy.
namespace router::dimse {

namespace uid {
inline constexpr std::string_view kVerification = "1.2.840.10008.1.1";
inline constexpr std::string_view kStorageCommitment = "1.2.840.10008.1.20.1";
inline constexpr std::string_view kStorageCommitmentInstance = "1.2.840.10008.1.20.1.1";

inline constexpr std::string_view kPatientRootFind = "1.2.840.10008.5.1.4.1.2.1.1";
inline constexpr std::string_view kPatientRootMove = "1.2.840.10008.5.1.4.1.2.1.2";
inline constexpr std::string_view kPatientRootGet = "1.2.840.10008.5.1.4.1.2.1.3";
inline constexpr std::string_view kStudyRootFind = "1.2.840.10008.5.1.4.1.2.2.1";
inline constexpr std::string_view kStudyRootMove = "1.2.840.10008.5.1.4.1.2.2.2";
inline constexpr std::string_view kStudyRootGet = "1.2.840.10008.5.1.4.1.2.2.3";
inline constexpr std::string_view kModalityWorklistFind = "1.2.840.10008.5.1.4.31";

inline constexpr std::string_view kCtImage = "1.2.840.10008.5.1.4.1.1.2";
inline constexpr std::string_view kMrImage = "1.2.840.10008.5.1.4.1.1.4";
inline constexpr std::string_view kPetImage = "1.2.840.10008.5.1.4.1.1.128";
inline constexpr std::string_view kSecondaryCapture = "1.2.840.10008.5.1.4.1.1.7";
inline constexpr std::string_view kRtImage = "1.2.840.10008.5.1.4.1.1.481.1";
inline constexpr std::string_view kRtDose = "1.2.840.10008.5.1.4.1.1.481.2";
inline constexpr std::string_view kRtStructureSet = "1.2.840.10008.5.1.4.1.1.481.3";
inline constexpr std::string_view kRtPlan = "1.2.840.10008.5.1.4.1.1.481.5";
inline constexpr std::string_view kRtIonPlan = "1.2.840.10008.5.1.4.1.1.481.8";
inline constexpr std::string_view kVarianRtPlan = "1.2.246.352.70.1.70";  // private, Halcyon
inline constexpr std::string_view kSpatialRegistration = "1.2.840.10008.5.1.4.1.1.66.1";

inline constexpr std::string_view kImplicitVrLittleEndian = "1.2.840.10008.1.2";
inline constexpr std::string_view kExplicitVrLittleEndian = "1.2.840.10008.1.2.1";
inline constexpr std::string_view kDeflatedExplicitVrLittleEndian = "1.2.840.10008.1.2.1.99";
inline constexpr std::string_view kExplicitVrBigEndian = "1.2.840.10008.1.2.2";
}  // namespace uid

// What an instance of this class is to the order of injection. The class decides where it is known;
// otherwise (private classes) Modality (0008,0060), if any. RT Images are kOther: they never
// satisfy an image requirement.
Kind KindOf(std::string_view sop_class, std::string_view modality = {});

// May an instance of this class have to wait for others, for all that the class alone says? True
// for structure sets, plans, doses, records and registrations, and for classes not known here,
// whose Modality has to be seen.
bool MayHaveRequirements(std::string_view sop_class);

// Everything below the standard's storage root, and classes elsewhere that are known to be storage.
bool IsStorage(std::string_view sop_class);

// The same, and whatever stands outside the standard's root: a private class may be anything.
bool MayBeStorage(std::string_view sop_class);

enum class QueryService : uint8_t { kNone, kFind, kMove, kGet };
// The service of a Query/Retrieve (or worklist) class.
QueryService QueryServiceOf(std::string_view sop_class);

// "CT Image Storage", "Explicit VR Little Endian"; the UID itself if it is not known. The view is
// good as long as `uid` is.
std::string_view NameOfUid(std::string_view uid);

// A short name of a storage class for rules and worksheets ("rt_plan", "secondary_capture",
// "ct_image"), or empty; and the way back.
std::string_view ShortNameOf(std::string_view sop_class);
std::string_view SopClassOf(std::string_view short_name);

}  // namespace router::dimse
