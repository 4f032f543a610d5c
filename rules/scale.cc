#include "rules/scale.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string>

#include "router/base/text.h"

namespace rules {
namespace {

constexpr int64_t kSecond = 1'000'000;

std::optional<long double> Number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int64_t whole = 0;
  const char* last = text.data() + text.size();
  auto [end, ec] = std::from_chars(text.data(), last, whole);
  if (ec == std::errc() && end == last) return static_cast<long double>(whole);
  double value = 0;
  auto [stop, fault] = std::from_chars(text.data(), last, value);
  // PS3.5 6.2: no infinity, no NaN.
  if (fault != std::errc() || stop != last || !(value - value == 0)) return std::nullopt;
  return value;
}

// The next two (four) digits, within limits; `fallback` if the text is at its end.
std::optional<int> Digits(std::string_view& text, size_t count, int least, int most, int fallback) {
  if (text.empty()) return fallback;
  int value = 0;
  if (text.size() < count) return std::nullopt;
  auto [end, ec] = std::from_chars(text.data(), text.data() + count, value);
  if (ec != std::errc() || end != text.data() + count || text[0] == '-') return std::nullopt;
  text.remove_prefix(count);
  if (value < least || value > most) return std::nullopt;
  return value;
}

std::optional<int64_t> Days(int year, int month, int day) {
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

// YYYYMMDD, and YYYY.MM.DD of before 1993 (PS3.5 6.2, note to DA).
std::optional<int64_t> Date(std::string_view text, bool partial) {
  std::string digits(text);
  if (text.size() == 10 && text[4] == '.' && text[7] == '.') std::erase(digits, '.');
  if (!partial && digits.size() != 8) return std::nullopt;
  std::string_view rest(digits);
  if (rest.empty()) return std::nullopt;
  auto year = Digits(rest, 4, 0, 9999, 0);
  auto month = Digits(rest, 2, 1, 12, 1);
  auto day = Digits(rest, 2, 1, 31, 1);
  if (!year || !month || !day || !rest.empty()) return std::nullopt;
  return Days(*year, *month, *day);
}

// HHMMSS.FFFFFF, and HH:MM:SS of before 1993.
std::optional<int64_t> TimeOfDay(std::string_view text) {
  std::string digits(text);
  if (text.size() > 2 && text[2] == ':') std::erase(digits, ':');
  std::string_view rest(digits);
  std::string_view fraction;
  if (size_t dot = rest.find('.'); dot != rest.npos) {
    fraction = rest.substr(dot + 1);
    if (dot != 6 || fraction.empty() || fraction.size() > 6) return std::nullopt;
    rest = rest.substr(0, dot);
  }
  if (rest.empty()) return std::nullopt;
  auto hour = Digits(rest, 2, 0, 23, 0);
  auto minute = Digits(rest, 2, 0, 59, 0);
  auto second = Digits(rest, 2, 0, 60, 0);
  if (!hour || !minute || !second || !rest.empty()) return std::nullopt;
  int64_t micro = 0;
  for (size_t i = 0; i < 6; ++i) {
    if (i < fraction.size() && (fraction[i] < '0' || fraction[i] > '9')) return std::nullopt;
    micro = 10 * micro + (i < fraction.size() ? fraction[i] - '0' : 0);
  }
  return ((*hour * 60 + *minute) * 60 + *second) * kSecond + micro;
}

// YYYYMMDDHHMMSS.FFFFFF&ZZXX, from the end on each part may be missing.
std::optional<int64_t> DateTime(std::string_view text) {
  int64_t offset = 0;
  if (size_t sign = text.find_first_of("+-"); sign != text.npos) {
    std::string_view zone = text.substr(sign + 1);
    auto hours = Digits(zone, 2, 0, 14, 0);
    auto minutes = Digits(zone, 2, 0, 59, 0);
    if (text.size() - sign != 5 || !hours || !minutes) return std::nullopt;
    offset = (*hours * 60 + *minutes) * 60 * kSecond * (text[sign] == '-' ? -1 : 1);
    text = text.substr(0, sign);
  }
  auto days = Date(text.substr(0, 8), /*partial=*/true);
  if (!days) return std::nullopt;
  int64_t micro = 0;
  if (text.size() > 8) {
    auto time = TimeOfDay(text.substr(8));
    if (!time) return std::nullopt;
    micro = *time;
  }
  return *days * 86'400 * kSecond + micro - offset;
}

}  // namespace

std::optional<Scale> ScaleOf(std::string_view vr) {
  constexpr std::array<std::string_view, 11> kNumbers = {"",   "DS", "IS", "FL", "FD", "US",
                                                         "SS", "UL", "SL", "UV", "SV"};
  if (std::ranges::find(kNumbers, vr) != kNumbers.end()) return Scale::kNumber;
  if (vr == "DA") return Scale::kDate;
  if (vr == "TM") return Scale::kTime;
  if (vr == "DT") return Scale::kDateTime;
  return std::nullopt;
}

std::optional<long double> PlaceOn(Scale scale, std::string_view text) {
  text = router::TrimSpaces(text);
  std::optional<int64_t> whole;
  switch (scale) {
    case Scale::kNumber:
      return Number(text);
    case Scale::kDate:
      whole = Date(text, /*partial=*/false);
      break;
    case Scale::kTime:
      whole = TimeOfDay(text);
      break;
    case Scale::kDateTime:
      whole = DateTime(text);
      break;
  }
  if (!whole) return std::nullopt;
  return static_cast<long double>(*whole);
}

}  // namespace rules
