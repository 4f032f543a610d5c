#include "router/config/values.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "router/base/quantity.h"
#include "router/base/text.h"

namespace router::config {
namespace {

bool IsPrintable(std::string_view text) {
  return std::ranges::none_of(
      text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });  // UTF-8 may pass
}

}  // namespace

std::unexpected<Error> NotAValue(std::string_view text, std::string_view why) {
  return Fail(Errc::kBadConfig, Blame::kInternal,
              "\"" + Printable(text) + "\" " + std::string(why));
}

template <>
Result<std::string> ParseValue(std::string_view text) {
  if (text.empty()) return NotAValue(text, "is empty");
  if (!IsPrintable(text)) return NotAValue(text, "has control characters");
  return std::string(text);
}

template <>
Result<uint32_t> ParseValue(std::string_view text) {
  std::string_view rest = text;
  auto number = TakeNumber(rest);
  if (!number || !rest.empty() || *number > UINT32_MAX) return NotAValue(text, "is no number");
  return static_cast<uint32_t>(*number);
}

template <>
Result<Duration> ParseValue(std::string_view text) {
  auto duration = DurationIn(text);
  if (!duration) return NotAValue(text, "is no duration; write 500ms, 30s, 15m, 2h or 7d");
  return *duration;
}

template <>
Result<ByteCount> ParseValue(std::string_view text) {
  auto amount = BytesIn(text);
  if (!amount) return NotAValue(text, "is no size; write 128KiB, 64MiB or 10GiB");
  return *amount;
}

template <>
Result<AeTitle> ParseValue(std::string_view text) {
  return AeTitle::Parse(text);
}

template <>
Result<Cidr> ParseValue(std::string_view text) {
  return Cidr::Parse(text);
}

template <>
Result<Endpoint> ParseValue(std::string_view text) {
  return Endpoint::Parse(text);
}

template <>
Result<StatusPattern> ParseValue(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
  StatusPattern pattern{0, 0};
  bool fits = digits.size() == 4;
  for (size_t i = 0; fits && i < 4; ++i) {
    char c = static_cast<char>(std::toupper(static_cast<unsigned char>(digits[i])));
    pattern.value = static_cast<uint16_t>(pattern.value << 4);
    pattern.mask = static_cast<uint16_t>(pattern.mask << 4);
    if (c == 'X') continue;
    fits = std::isxdigit(static_cast<unsigned char>(c)) != 0;
    pattern.value |= static_cast<uint16_t>(c <= '9' ? c - '0' : c - 'A' + 10);
    pattern.mask |= 0xF;
  }
  if (!fits) return NotAValue(text, "is no status; write A700, 0xC001 or A7xx");
  return pattern;
}

template <>
Result<ListenPort> ParseValue(std::string_view text) {
  auto number = ParseValue<uint32_t>(text);
  if (!number || *number > 65535) return NotAValue(text, "is no port from 0 to 65535");
  return ListenPort{static_cast<uint16_t>(*number)};
}

template <>
Result<ClientPort> ParseValue(std::string_view text) {
  auto number = ParseValue<uint32_t>(text);
  if (!number || *number == 0 || *number > 65535)
    return NotAValue(text, "is no port from 1 to 65535");
  return ClientPort{static_cast<uint16_t>(*number)};
}

template <>
Result<ListenAddress> ParseValue(std::string_view text) {
  auto address = IpAddress::Parse(text);
  if (!address) return NotAValue(text, "is no address; a listener takes a numeric one");
  return ListenAddress{address->str()};
}

template <>
Result<ListenEndpoint> ParseValue(std::string_view text) {
  std::string_view trimmed = TrimSpaces(text);
  size_t colon = trimmed.rfind(':');
  auto port = ParseValue<ListenPort>(colon == trimmed.npos ? trimmed : trimmed.substr(colon + 1));
  if (!port) return NotAValue(text, "is no listener; write 127.0.0.1:8780 or [::]:8780");
  if (colon == trimmed.npos) return ListenEndpoint{{"", port->port}};
  std::string_view host = trimmed.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  auto address = ParseValue<ListenAddress>(host);
  if (!address) return NotAValue(text, "is no listener; write 127.0.0.1:8780 or [::]:8780");
  return ListenEndpoint{{address->text, port->port}};
}

template <>
Result<TitlePattern> ParseValue(std::string_view text) {
  std::string_view trimmed = TrimSpaces(text);
  if (trimmed.find('[') == trimmed.npos) {  // a bracket may make a pattern longer than a title
    auto title = AeTitle::Parse(trimmed);
    if (!title) return std::unexpected(title.error());
  } else if (!IsPrintable(trimmed) || trimmed.find('\\') != trimmed.npos || trimmed.size() > 64) {
    return NotAValue(text, "is no pattern of AE titles");
  }
  return TitlePattern{std::string(trimmed)};
}

template <>
Result<MachineName> ParseValue(std::string_view text) {
  std::string_view trimmed = TrimSpaces(text);
  if (trimmed.empty() || trimmed.size() > 16 || !IsPrintable(trimmed) ||
      trimmed.find('\\') != trimmed.npos)
    return NotAValue(text, "is no machine name: 1 to 16 characters without backslash");
  return MachineName{std::string(trimmed)};
}

template <>
Result<AbsolutePath> ParseValue(std::string_view text) {
  if (!text.starts_with('/') || !IsPrintable(text))
    return NotAValue(text, "is no absolute path; it must begin with /");
  return AbsolutePath{std::string(text)};
}

template <>
Result<FilePattern> ParseValue(std::string_view text) {
  auto pattern = ParseValue<std::string>(text);
  if (!pattern) return std::unexpected(pattern.error());
  return FilePattern{std::move(*pattern)};
}

std::string Write(Duration duration) { return duration == Duration(0) ? "0s" : TextOf(duration); }
std::string Write(ByteCount bytes) { return TextOfBytes(bytes); }

}  // namespace router::config
