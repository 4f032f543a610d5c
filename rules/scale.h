#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace rules {

// How values of an element are put in order.
enum class Scale : uint8_t { kNumber, kDate, kTime, kDateTime };

// By VR; nothing for those whose values have no order. An unknown VR (of a private element) is
// taken for numbers.
std::optional<Scale> ScaleOf(std::string_view vr);

// Where a value lies: numbers as they are; dates (DA) in days, times (TM) and both (DT) in
// microseconds. What was left out of a time or DT (PS3.5 6.2) is its smallest value; an offset from
// UTC is applied, without one it is 0. Nothing for what is no value of the kind.
std::optional<long double> PlaceOn(Scale scale, std::string_view text);

}  // namespace rules
