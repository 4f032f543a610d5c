#pragma once
#include <optional>
#include <string_view>

#include "router/base/kind.h"

namespace rules {

// What an instance of this SOP class is to the order of injection, or nothing if the class is in
// no table (private classes: Modality decides, see below). RT Image is `other`: it never satisfies
// an image requirement.
std::optional<router::Kind> KindOfClass(std::string_view sop_class_uid);

// By (0008,0060), for classes that KindOfClass does not know: RTPLAN, RTSTRUCT, RTDOSE, RTRECORD,
// REG, CT, MR, PT, …; `other` if it tells nothing.
router::Kind KindOfModality(std::string_view modality);

// Both: the class if it is known, else the modality. A plan is recognised by SOP class or Modality.
router::Kind KindOf(std::string_view sop_class_uid, std::string_view modality);

}  // namespace rules
