#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "router/base/result.h"

namespace router::config {

// An IPv4 or IPv6 address as a value. An IPv4 address that arrives mapped into IPv6
// (::ffff:10.1.0.4, RFC 4291 2.5.5.2) is the IPv4 address: a listener on :: sees all its IPv4 peers
// in that form. A zone (fe80::1%eth0) is not part of the value.
class IpAddress {
 public:
  static std::optional<IpAddress> Parse(std::string_view text);  // spaces at the ends do not count
  static IpAddress Of(const std::array<uint8_t, 16>& bytes, bool v6);

  bool is_v6() const { return v6_; }
  bool IsLoopback() const;
  std::string str() const;
  const std::array<uint8_t, 16>& bytes() const { return bytes_; }  // IPv4: the first four

  bool operator==(const IpAddress&) const = default;

 private:
  std::array<uint8_t, 16> bytes_{};
  bool v6_ = false;
};

// A range of addresses: 10.1.0.0/24, fd00::/8, or one address. IPv4 never matches IPv6.
class Cidr {
 public:
  // Bits set after the prefix (10.1.0.7/24) are refused: somebody meant one or the other.
  static Result<Cidr> Parse(std::string_view text);
  static Cidr Of(const IpAddress& one);

  bool Contains(const IpAddress& address) const;
  bool IsOneAddress() const { return prefix_ == (network_.is_v6() ? 128 : 32); }
  bool Covers(const Cidr& other) const;  // every address of the other
  const IpAddress& network() const { return network_; }
  std::string str() const;

  bool operator==(const Cidr&) const = default;

 private:
  IpAddress network_;
  int prefix_ = 0;
};

// Where to connect to, or to listen at. The host is an address (IPv6 without brackets) or a name
// of the DNS (RFC 1123 2.1), and may be empty only for a listener: every interface.
struct Endpoint {
  std::string host;
  uint16_t port = 0;

  // "10.1.0.4:51402", "vmsdb.clinic.local:51402", "[fd00::4]:104". Spaces at the ends do not count:
  // the address literals of scripts have them.
  static Result<Endpoint> Parse(std::string_view text);
  std::string str() const;

  bool operator==(const Endpoint&) const = default;
};

}  // namespace router::config
