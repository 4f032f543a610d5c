#include "router/net/socket_address.h"

#include <netinet/in.h>
#include <uv.h>

#include <array>

namespace router::net {

std::string AddressText(const sockaddr_storage& address) {
  std::array<char, 64> text{};
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      uv_inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text.data(), text.size());
    } else {
      uv_inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    }
  } else if (address.ss_family == AF_INET) {
    uv_inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text.data(),
                 text.size());
  }
  return text.data();
}

std::string EndpointText(const sockaddr_storage& address) {
  // The port stands in the same place in both families.
  const uint16_t port = ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  const std::string host = AddressText(address);
  const bool bare = host.find(':') == std::string::npos;
  return (bare ? host : "[" + host + "]") + ":" + std::to_string(port);
}

}  // namespace router::net
