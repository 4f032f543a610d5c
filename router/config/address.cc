#include "router/config/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "router/base/text.h"

namespace router::config {
namespace {

std::unexpected<Error> Wrong(std::string_view text, std::string_view why) {
  return Fail(Errc::kBadConfig, Blame::kInternal,
              "\"" + std::string(text) + "\" " + std::string(why));
}

std::optional<uint32_t> Number(std::string_view text, uint32_t most) {
  uint32_t value = 0;
  if (text.empty() || text.size() > 9) return std::nullopt;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

bool IsHostName(std::string_view host) {
  // RFC 1123 2.1; the underscore stands in names of Windows machines. A last label of digits alone
  // would be a mistyped IPv4 address (RFC 3696 2).
  if (host.empty() || host.size() > 253) return false;
  bool digits_only = true;
  while (true) {
    size_t dot = host.find('.');
    std::string_view label = host.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
      return false;
    digits_only = true;
    for (unsigned char c : label) {
      if (!std::isalnum(c) && c != '-' && c != '_') return false;
      digits_only = digits_only && std::isdigit(c);
    }
    if (dot == host.npos) return !digits_only;
    host.remove_prefix(dot + 1);
  }
}

}  // namespace

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  std::string trimmed(TrimSpaces(text));
  if (size_t zone = trimmed.find('%'); zone != trimmed.npos) trimmed.resize(zone);
  if (trimmed.find('\0') != trimmed.npos) return std::nullopt;
  IpAddress address;
  if (inet_pton(AF_INET, trimmed.c_str(), address.bytes_.data()) == 1) return address;
  if (inet_pton(AF_INET6, trimmed.c_str(), address.bytes_.data()) != 1) return std::nullopt;
  constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::equal(kMapped.begin(), kMapped.end(), address.bytes_.begin())) {
    std::array<uint8_t, 16> v4{};
    std::copy(address.bytes_.begin() + 12, address.bytes_.end(), v4.begin());
    address.bytes_ = v4;
    return address;
  }
  address.v6_ = true;
  return address;
}

IpAddress IpAddress::Of(const std::array<uint8_t, 16>& bytes, bool v6) {
  IpAddress address;
  address.bytes_ = bytes;
  address.v6_ = v6;
  return address;
}

bool IpAddress::IsLoopback() const {
  if (!v6_) return bytes_[0] == 127;
  return std::all_of(bytes_.begin(), bytes_.end() - 1, [](uint8_t b) { return b == 0; }) &&
         bytes_[15] == 1;
}

std::string IpAddress::str() const {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(v6_ ? AF_INET6 : AF_INET, bytes_.data(), text, sizeof text);
  return text;
}

Result<Cidr> Cidr::Parse(std::string_view text) {
  constexpr std::string_view kWant =
      "is no address and no range; write 10.1.0.31, 10.1.0.0/24 or fd00::/8";
  std::string_view trimmed = TrimSpaces(text);
  size_t slash = trimmed.find('/');
  auto address = IpAddress::Parse(trimmed.substr(0, slash));
  if (!address || trimmed.find('%') != trimmed.npos) return Wrong(text, kWant);
  Cidr cidr = Of(*address);
  if (slash == trimmed.npos) return cidr;
  auto prefix = Number(trimmed.substr(slash + 1), static_cast<uint32_t>(cidr.prefix_));
  if (!prefix) return Wrong(text, kWant);
  cidr.prefix_ = static_cast<int>(*prefix);
  auto bytes = address->bytes();
  for (size_t bit = *prefix; bit < 8 * bytes.size(); ++bit)
    bytes[bit / 8] &= static_cast<uint8_t>(~(0x80u >> (bit % 8)));
  Cidr masked = cidr;
  masked.network_ = IpAddress::Of(bytes, address->is_v6());
  if (masked.network_ != cidr.network_)
    return Wrong(text,
                 "has bits after its prefix; write " + masked.str() + " or " + address->str());
  return cidr;
}

Cidr Cidr::Of(const IpAddress& one) {
  Cidr cidr;
  cidr.network_ = one;
  cidr.prefix_ = one.is_v6() ? 128 : 32;
  return cidr;
}

bool Cidr::Contains(const IpAddress& address) const {
  if (address.is_v6() != network_.is_v6()) return false;
  const auto &a = address.bytes(), &n = network_.bytes();
  size_t whole = static_cast<size_t>(prefix_) / 8;
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), n.begin()))
    return false;
  int rest = prefix_ % 8;
  return rest == 0 || (a[whole] >> (8 - rest)) == (n[whole] >> (8 - rest));
}

bool Cidr::Covers(const Cidr& other) const {
  return prefix_ <= other.prefix_ && Contains(other.network_);
}

std::string Cidr::str() const {
  return IsOneAddress() ? network_.str() : network_.str() + "/" + std::to_string(prefix_);
}

Result<Endpoint> Endpoint::Parse(std::string_view text) {
  constexpr std::string_view kWant = "is no host:port; write 10.1.0.4:104 or [fd00::4]:104";
  std::string_view trimmed = TrimSpaces(text);
  size_t colon = trimmed.rfind(':');
  if (colon == trimmed.npos) return Wrong(text, kWant);
  std::string_view host = trimmed.substr(0, colon);
  bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  auto ip = IpAddress::Parse(host);
  bool is_v6_literal = host.find(':') != host.npos;
  if (is_v6_literal ? !bracketed || !ip : bracketed || (!ip && !IsHostName(host)))
    return Wrong(text, kWant);
  auto port = Number(trimmed.substr(colon + 1), 65535);
  if (!port || *port == 0) return Wrong(text, "has no port from 1 to 65535");
  return Endpoint{std::string(host), static_cast<uint16_t>(*port)};
}

std::string Endpoint::str() const {
  bool v6 = host.find(':') != host.npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace router::config
