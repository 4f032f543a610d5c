#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace router {

// What an instance is to the order of injection: 3D image → RT Structure Set → RT Plan → RT Dose.
// Also the label `kind` of metrics and of `held --json`.
enum class Kind : uint8_t {
  kImage,
  kStructureSet,
  kPlan,
  kDose,
  kRecord,
  kRegistration,
  kOther,
};
inline constexpr size_t kKinds = 7;

constexpr std::string_view NameOf(Kind kind) {
  constexpr std::array<std::string_view, kKinds> kNames = {
      "image", "structure_set", "plan", "dose", "record", "registration", "other"};
  return kNames[static_cast<size_t>(kind)];
}

}  // namespace router
