#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Numbers and quantities as people write them in a configuration. None: the text is no such thing.
namespace router {

// The digits in front, at most 12; what follows them is left in `text`.
std::optional<uint64_t> TakeNumber(std::string_view& text);

// "500ms", "30s", "15m", "2h", "7d".
std::optional<std::chrono::milliseconds> DurationIn(std::string_view text);
// "512B", "128KiB", "64MiB", "10GiB", "1TiB": bytes.
std::optional<uint64_t> BytesIn(std::string_view text);

// In the largest unit that leaves no rest: "90s", "2h"; "128KiB". Of nothing "0ms", "0B".
std::string TextOf(std::chrono::milliseconds duration);
std::string TextOfBytes(uint64_t bytes);

}  // namespace router
