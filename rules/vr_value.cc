#include "rules/vr_value.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "router/base/ae_title.h"
#include "router/base/text.h"
#include "router/base/uid.h"
#include "rules/scale.h"
#include "rules/values.h"

namespace rules {
namespace {

using router::Result;

size_t Characters(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](unsigned char c) { return (c & 0xC0) != 0x80; }));
}

bool Only(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == text.npos;
}

bool IsAge(std::string_view text) {
  return text.size() == 4 && Only(text.substr(0, 3), "0123456789") && Only(text.substr(3), "DWMY");
}

bool IsInteger(std::string_view text, long double least, long double most) {
  if (text.starts_with('+')) text.remove_prefix(1);
  long double value = 0;
  if (!text.starts_with('-')) {
    uint64_t whole = 0;
    auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (ec != std::errc() || end != text.data() + text.size()) return false;
    value = static_cast<long double>(whole);
  } else {
    int64_t whole = 0;
    auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (ec != std::errc() || end != text.data() + text.size()) return false;
    value = static_cast<long double>(whole);
  }
  return value >= least && value <= most;
}

struct Numbers {
  std::string_view vr;
  long double least, most;
};
constexpr std::array<Numbers, 7> kIntegers = {
    {{"IS", -2147483648.0L, 2147483647.0L},
     {"US", 0, 65535.0L},
     {"SS", -32768.0L, 32767.0L},
     {"UL", 0, 4294967295.0L},
     {"SL", -2147483648.0L, 2147483647.0L},
     {"UV", 0, 18446744073709551615.0L},
     {"SV", -9223372036854775808.0L, 9223372036854775807.0L}}};

struct Texts {
  std::string_view vr;
  size_t most;  // characters; 0: any number
  bool several;
};
constexpr std::array<Texts, 8> kTexts = {{{"SH", 16, true},
                                          {"LO", 64, true},
                                          {"PN", 64, true},
                                          {"UC", 0, true},
                                          {"ST", 1024, false},
                                          {"LT", 10240, false},
                                          {"UT", 0, false},
                                          {"UR", 0, false}}};

Result<> CheckOne(std::string_view vr, std::string_view value) {
  auto demand = [&](bool good, std::string_view why) -> Result<> {
    if (good) return {};
    return Wrong(value, why);
  };
  if (value.empty()) return {};
  if (vr == "AE") return demand(router::AeTitle::Parse(value).has_value(), "is no AE title");
  if (vr == "AS") return demand(IsAge(value), "is no age (AS); write 045Y");
  if (vr == "CS")
    return demand(value.size() <= 16 && Only(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _"),
                  "is no code string (CS): up to 16 of A-Z, 0-9, space and underscore");
  if (vr == "UI") return demand(router::Uid(value).IsValid(), "is no UID");
  if (vr == "DA")
    return demand(value.size() == 8 && PlaceOn(Scale::kDate, value),
                  "is no date (DA); write YYYYMMDD");
  if (vr == "TM")
    return demand(value.find(':') == value.npos && PlaceOn(Scale::kTime, value),
                  "is no time (TM); write HHMMSS");
  if (vr == "DT")
    return demand(value.find(':') == value.npos && PlaceOn(Scale::kDateTime, value).has_value(),
                  "is no date and time (DT); write YYYYMMDDHHMMSS");
  if (vr == "DS")
    return demand(value.size() <= 16 && PlaceOn(Scale::kNumber, value),
                  "is no decimal string (DS) of up to 16 characters");
  if (vr == "FL" || vr == "FD")
    return demand(PlaceOn(Scale::kNumber, value).has_value(), "is no number");
  for (const Numbers& numbers : kIntegers)
    if (vr == numbers.vr)
      return demand(
          (vr != "IS" || value.size() <= 12) && IsInteger(value, numbers.least, numbers.most),
          "is no whole number that fits " + std::string(vr));
  return demand(false, "cannot be written as a value of " + std::string(vr));
}

}  // namespace

Result<> CheckValue(std::string_view vr, std::string_view text) {
  const bool lines = vr == "LT" || vr == "ST" || vr == "UT";
  if (std::ranges::any_of(text, [&](unsigned char c) {
        return c == 0x7F || (c < 0x20 && !(lines && (c == '\n' || c == '\r' || c == '\t')));
      }))
    return Wrong(text, "has control characters");
  auto texts = std::ranges::find(kTexts, vr, &Texts::vr);
  if (vr.empty()) return {};
  while (true) {
    const bool several = texts == kTexts.end() || texts->several;
    size_t cut = several ? text.find('\\') : text.npos;
    std::string_view value = text.substr(0, cut);
    if (texts == kTexts.end()) {
      if (auto good = CheckOne(vr, value); !good) return good;
    } else if (texts->most != 0 && Characters(value) > texts->most) {
      return Wrong(value, "has " + std::to_string(Characters(value)) + " characters; " +
                              std::string(vr) + " has room for " + std::to_string(texts->most));
    }
    if (cut == text.npos) return {};
    text.remove_prefix(cut + 1);
  }
}

}  // namespace rules
