#include "router/admin/access.h"

#include "router/base/text.h"
#include "router/config/address.h"

namespace router::admin {
namespace {

constexpr std::string_view kScheme = "Bearer ";

// In a time that tells nothing of where they differ.
bool SameSecret(std::string_view a, std::string_view b) {
  unsigned char difference = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i] ^ b[b.empty() ? 0 : i % b.size()]);
  }
  return difference == 0;
}

bool IsLoopbackAddress(std::string_view text) {
  auto address = config::IpAddress::Parse(text);
  return address && address->IsLoopback();
}

}  // namespace

bool NamesLoopback(std::string_view host) {
  if (host.starts_with('[')) {  // RFC 3986 3.2.2: an IPv6 address stands in brackets
    return IsLoopbackAddress(host.substr(1, host.find(']') - 1));
  }
  host = host.substr(0, host.find(':'));
  return host == "localhost" || host.ends_with(".localhost") || IsLoopbackAddress(host);
}

bool Access::HasToken(const Caller& caller) const {
  if (token_.empty() || !caller.authorization.starts_with(kScheme)) return false;
  return SameSecret(TrimSpaces(caller.authorization.substr(kScheme.size())), token_);
}

std::string Access::WhyNotRead(const Caller& caller) const {
  if (HasToken(caller)) return "";
  bool local = IsLoopbackAddress(caller.address);
  if (local && (caller.host.empty() || NamesLoopback(caller.host))) return "";
  if (token_.empty()) {
    return "only the machine itself may read here, by a URL with 127.0.0.1 or localhost; to read "
           "from elsewhere, set admin: token_file in the configuration";
  }
  if (!caller.authorization.empty()) {
    return "the token is not the one of admin: token_file (or token) in the configuration";
  }
  return "reading needs the token here: send \"Authorization: Bearer TOKEN\" (sluice: --token-file "
         "or SLUICE_TOKEN), or ask on the machine itself by 127.0.0.1 or localhost";
}

std::string Access::WhyNotChange(const Caller& caller) const {
  if (HasToken(caller)) return "";
  if (token_.empty()) {
    return "nothing can be changed without a token, and none is configured: set admin: token_file "
           "in the configuration and start again";
  }
  if (!caller.authorization.empty()) {
    return "the token is not the one of admin: token_file (or token) in the configuration";
  }
  return "changing needs the token: send \"Authorization: Bearer TOKEN\" (sluice: --token-file or "
         "SLUICE_TOKEN)";
}

}  // namespace router::admin
