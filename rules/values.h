#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "router/base/ae_title.h"
#include "router/base/result.h"
#include "rules/decisions.h"

// Scalars of rules, from their text. Every error names the text and says what to write.
namespace rules {

router::Result<Duration> ParseDuration(std::string_view text);  // 500ms, 30s, 15m, 2h, 7d
router::Result<uint64_t> ParseSize(std::string_view text);      // 512B, 64MiB
router::Result<uint32_t> ParseCount(std::string_view text);     // at least 1
router::Result<bool> ParseBool(std::string_view text);          // true, false
router::Result<uint16_t> ParseStatus(std::string_view text);    // of failure: A700, 0xC001
router::Result<router::AeTitle> ParseTitle(std::string_view text);
router::Result<std::string> ParseText(std::string_view text);     // printable, at most 256 bytes
router::Result<std::string> ParseComment(std::string_view text);  // (0000,0902)

struct TimeRange {
  uint16_t from = 0, to = 0;  // minutes of the day, `to` not included; to < from: over midnight
  bool Has(uint16_t minute) const {
    return from <= to ? from <= minute && minute < to : minute >= from || minute < to;
  }
  bool operator==(const TimeRange&) const = default;
};
router::Result<TimeRange> ParseTimeRange(std::string_view text);  // 18:00-06:00, 00:00-24:00
router::Result<uint8_t> ParseWeekdays(std::string_view text);     // mon, mon-fri; bit 0: Monday

std::unexpected<router::Error> Wrong(std::string_view text, std::string_view why);

}  // namespace rules
