#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "router/base/result.h"

namespace rules {

// An address of IPv4 or IPv6. One of IPv4 that is mapped into IPv6 (::ffff:10.1.0.4, RFC 4291
// 2.5.5.2) is the one of IPv4; a zone (fe80::1%eth0) does not count.
struct Address {
  std::array<uint8_t, 16> bytes{};  // IPv4: the first four
  bool v6 = false;
  static std::optional<Address> Parse(std::string_view text);
  bool operator==(const Address&) const = default;
};

// 10.1.0.0/24, fd00::/8, or one address. IPv4 never matches IPv6.
class Cidr {
 public:
  // Bits set after the prefix (10.1.0.7/24) are refused: somebody meant one or the other.
  static router::Result<Cidr> Parse(std::string_view text);

  bool Contains(const Address& address) const;
  bool Covers(const Cidr& other) const;
  const std::string& text() const { return text_; }

 private:
  Address network_;
  int prefix_ = 0;
  std::string text_;
};

}  // namespace rules
