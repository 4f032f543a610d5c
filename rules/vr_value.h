#pragma once
#include <string>
#include <string_view>

#include "router/base/result.h"

namespace rules {

// Is `text` a value of an element of this VR (PS3.5 6.2): one, or several parted by backslashes
// where the VR allows them? UTF-8; lengths in characters. An empty text is a value of any. An
// unknown VR (empty) takes any printable text; binary ones and sequences take none.
router::Result<> CheckValue(std::string_view vr, std::string_view text);

}  // namespace rules
