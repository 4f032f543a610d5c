#include "rules/values.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "router/base/quantity.h"
#include "router/base/text.h"

namespace rules {
namespace {

constexpr Duration kAges = std::chrono::days(3650);  // the longest, as in the configuration

// Minutes of the day; 24:00 is its end.
std::optional<uint16_t> TimeOfDay(std::string_view text) {
  std::string_view rest = text;
  auto hours = router::TakeNumber(rest);
  if (!hours || !rest.starts_with(':')) return std::nullopt;
  rest.remove_prefix(1);
  const size_t digits = rest.size();
  auto minutes = router::TakeNumber(rest);
  if (!minutes || digits != 2 || !rest.empty() || *minutes > 59) return std::nullopt;
  if (*hours > 24 || (*hours == 24 && *minutes != 0)) return std::nullopt;
  return static_cast<uint16_t>(*hours * 60 + *minutes);
}

constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

bool IsFailure(uint16_t status) {  // PS3.7 C
  switch (status >> 12) {
    case 0x0:
      return status >= 0x0100 && status != 0x0107 && status != 0x0116;
    case 0xA:
    case 0xC:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::unexpected<router::Error> Wrong(std::string_view text, std::string_view why) {
  return router::Fail(router::Errc::kBadConfig, router::Blame::kInternal,
                      "\"" + router::Printable(text) + "\" " + std::string(why));
}

router::Result<Duration> ParseDuration(std::string_view text) {
  auto duration = router::DurationIn(text);
  if (!duration) return Wrong(text, "is no duration; write 500ms, 30s, 15m, 2h or 7d");
  if (*duration == Duration(0) || *duration > kAges) return Wrong(text, "is not from 1ms to 3650d");
  return *duration;
}

router::Result<uint64_t> ParseSize(std::string_view text) {
  auto amount = router::BytesIn(text);
  if (!amount) return Wrong(text, "is no size; write 128KiB, 64MiB or 10GiB");
  return *amount;
}

router::Result<uint32_t> ParseCount(std::string_view text) {
  std::string_view rest = text;
  auto number = router::TakeNumber(rest);
  if (!number || !rest.empty() || *number == 0 || *number > 1'000'000'000)
    return Wrong(text, "is no number from 1 to 1000000000");
  return static_cast<uint32_t>(*number);
}

router::Result<bool> ParseBool(std::string_view text) {
  if (text == "true" || text == "false") return text == "true";
  return Wrong(text, "is neither true nor false");
}

router::Result<uint16_t> ParseStatus(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
  uint16_t status = 0;
  bool fits = digits.size() == 4;
  for (char c : digits.substr(0, 4)) {
    size_t value = std::string_view("0123456789ABCDEFabcdef").find(c);
    fits = fits && value != std::string_view::npos;
    status = static_cast<uint16_t>(status << 4 | (value < 16 ? value : value - 6));
  }
  if (!fits) return Wrong(text, "is no status; write A700 or 0xC001");
  if (!IsFailure(status))
    return Wrong(text, "is no status of failure (01xx, 02xx, Axxx, Cxxx), and a refusal is one");
  return status;
}

router::Result<router::AeTitle> ParseTitle(std::string_view text) {
  return router::AeTitle::Parse(text);
}

router::Result<std::string> ParseText(std::string_view text) {
  if (text.empty()) return Wrong(text, "is empty");
  if (text.size() > 256) return Wrong(text, "is longer than 256 bytes");
  if (std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; }))
    return Wrong(text, "has control characters");
  return std::string(text);
}

router::Result<std::string> ParseComment(std::string_view text) {
  if (text.size() > 64)
    return Wrong(text,
                 "has " + std::to_string(text.size()) + " characters; (0000,0902) has room for 64");
  if (text.find('\\') != text.npos) return Wrong(text, "has a backslash, which parts values");
  if (!std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c < 0x7F; }))
    return Wrong(text, "must have printable characters of ISO 646 only");
  return std::string(text);
}

router::Result<TimeRange> ParseTimeRange(std::string_view text) {
  size_t dash = text.find('-');
  auto from = TimeOfDay(text.substr(0, dash));
  auto to = dash == text.npos ? std::nullopt : TimeOfDay(text.substr(dash + 1));
  if (!from || !to || *from == 24 * 60) return Wrong(text, "is no time of day; write 18:00-06:00");
  return TimeRange{*from, *to};
}

router::Result<uint8_t> ParseWeekdays(std::string_view text) {
  size_t dash = text.find('-');
  auto first = std::ranges::find(kDays, text.substr(0, dash));
  auto last = dash == text.npos ? first : std::ranges::find(kDays, text.substr(dash + 1));
  if (first == kDays.end() || last == kDays.end())
    return Wrong(text, "is no weekday; write mon, tue, wed, thu, fri, sat, sun or mon-fri");
  uint8_t days = 0;
  for (size_t day = static_cast<size_t>(first - kDays.begin());; day = (day + 1) % 7) {
    days |= static_cast<uint8_t>(1u << day);
    if (day == static_cast<size_t>(last - kDays.begin())) return days;
  }
}

}  // namespace rules
