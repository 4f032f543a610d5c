#include "rules/cidr.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "router/base/text.h"
#include "rules/values.h"

namespace rules {

std::optional<Address> Address::Parse(std::string_view text) {
  std::string trimmed(router::TrimSpaces(text));
  if (size_t zone = trimmed.find('%'); zone != trimmed.npos) trimmed.resize(zone);
  if (trimmed.find('\0') != trimmed.npos) return std::nullopt;
  Address address;
  if (inet_pton(AF_INET, trimmed.c_str(), address.bytes.data()) == 1) return address;
  if (inet_pton(AF_INET6, trimmed.c_str(), address.bytes.data()) != 1) return std::nullopt;
  constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (!std::equal(kMapped.begin(), kMapped.end(), address.bytes.begin())) {
    address.v6 = true;
    return address;
  }
  Address v4;
  std::copy(address.bytes.begin() + 12, address.bytes.end(), v4.bytes.begin());
  return v4;
}

router::Result<Cidr> Cidr::Parse(std::string_view text) {
  size_t slash = text.find('/');
  auto network = Address::Parse(text.substr(0, slash));
  if (!network) return Wrong(text, "is no address or range; write 10.1.0.31 or 10.1.0.0/24");
  Cidr range;
  range.network_ = *network;
  range.text_ = text;
  const int most = network->v6 ? 128 : 32;
  range.prefix_ = most;
  if (slash == text.npos) return range;
  std::string_view digits = text.substr(slash + 1);
  auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), range.prefix_);
  if (ec != std::errc() || end != digits.data() + digits.size() || range.prefix_ < 0 ||
      range.prefix_ > most)
    return Wrong(text, "needs a prefix from 0 to " + std::to_string(most));
  for (int bit = range.prefix_; bit < most; ++bit)
    if (network->bytes[static_cast<size_t>(bit / 8)] >> (7 - bit % 8) & 1)
      return Wrong(text, "has bits set after the prefix");
  return range;
}

bool Cidr::Contains(const Address& address) const {
  if (address.v6 != network_.v6) return false;
  const size_t whole = static_cast<size_t>(prefix_ / 8);
  if (!std::equal(network_.bytes.begin(), network_.bytes.begin() + static_cast<long>(whole),
                  address.bytes.begin()))
    return false;
  if (prefix_ % 8 == 0) return true;
  return ((network_.bytes[whole] ^ address.bytes[whole]) >> (8 - prefix_ % 8)) == 0;
}

bool Cidr::Covers(const Cidr& other) const {
  return other.prefix_ >= prefix_ && Contains(other.network_);
}

}  // namespace rules
