#include "router/base/quantity.h"

#include <algorithm>
#include <array>
#include <span>

namespace router {
namespace {

struct Unit {
  std::string_view name;
  uint64_t size;
};
constexpr std::array<Unit, 5> kTimes = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<Unit, 5> kSizes = {
    {{"TiB", 1ull << 40}, {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"B", 1}}};

std::optional<uint64_t> QuantityIn(std::string_view text, std::span<const Unit> units) {
  const auto amount = TakeNumber(text);
  const auto unit = std::ranges::find(units, text, &Unit::name);
  if (!amount || unit == units.end() || *amount > (uint64_t{1} << 62) / unit->size)
    return std::nullopt;
  return *amount * unit->size;
}

std::string InLargestUnit(uint64_t amount, std::span<const Unit> units) {
  for (const Unit& unit : units)
    if (amount % unit.size == 0 && amount >= unit.size)
      return std::to_string(amount / unit.size) + std::string(unit.name);
  return "0" + std::string(units.back().name);
}

}  // namespace

std::optional<uint64_t> TakeNumber(std::string_view& text) {
  uint64_t value = 0;
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  if (digits == 0 || digits > 12) return std::nullopt;
  for (char digit : text.substr(0, digits)) value = 10 * value + static_cast<uint64_t>(digit - '0');
  text.remove_prefix(digits);
  return value;
}

std::optional<std::chrono::milliseconds> DurationIn(std::string_view text) {
  const auto amount = QuantityIn(text, kTimes);
  if (!amount) return std::nullopt;
  return std::chrono::milliseconds(static_cast<int64_t>(*amount));
}

std::optional<uint64_t> BytesIn(std::string_view text) { return QuantityIn(text, kSizes); }

std::string TextOf(std::chrono::milliseconds duration) {
  return InLargestUnit(static_cast<uint64_t>(duration.count()), kTimes);
}

std::string TextOfBytes(uint64_t bytes) { return InLargestUnit(bytes, kSizes); }

}  // namespace router
