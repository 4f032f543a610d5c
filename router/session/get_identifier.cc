#include "router/session/get_identifier.h"

#include <array>

namespace router::session {
namespace {

constexpr dataset::Tag kLevel = 0x00080052, kPatientId = 0x00100020, kStudy = 0x0020000D;
constexpr std::array<dataset::Tag, 3> kBelowPatient = {kStudy, 0x0020000E, 0x00080018};

}  // namespace

std::string PatientAskedFor(const dataset::Identifier& keys) {
  if (keys.Text(kLevel) != "PATIENT") return {};
  return keys.Text(kPatientId).value_or("");
}

Result<> ToStudyRoot(dataset::Identifier& keys, std::span<const Uid> studies) {
  const bool whole_patient = keys.Text(kLevel) == "PATIENT";
  if (whole_patient) {
    auto level = keys.Set(kLevel, "STUDY");
    if (!level) return level;
    if (!studies.empty()) {
      auto named = keys.SetUids(kStudy, studies);
      if (!named) return named;
    }
  }
  for (dataset::Tag tag : kBelowPatient)
    if (!keys.UidOf(tag).empty()) keys.Remove(kPatientId);
  return {};
}

}  // namespace router::session
