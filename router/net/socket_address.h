#pragma once
#include <sys/socket.h>

#include <string>

namespace router::net {

// As people write it, without the port: "10.1.0.40", "fd00::1". IPv4 in IPv6 is IPv4; empty for
// what is neither.
std::string AddressText(const sockaddr_storage& address);

// The same with the port: "10.1.0.40:51402", "[fd00::1]:51402".
std::string EndpointText(const sockaddr_storage& address);

}  // namespace router::net
