#pragma once
#include <string>
#include <string_view>

namespace router::admin {

// Who may do what (design §10). A value; any thread.
//
// - reading: from loopback with a Host that names it (or none), or with the token;
// - changing: with the token, from anywhere. No token configured: nobody.
class Access {
 public:
  explicit Access(std::string token) : token_(std::move(token)) {}

  struct Caller {
    std::string address;        // numeric, of the connection
    std::string host;           // the Host header, empty if there was none
    std::string authorization;  // the Authorization header
  };

  // Empty: allowed. Else what is wrong and what to do.
  std::string WhyNotRead(const Caller& caller) const;
  std::string WhyNotChange(const Caller& caller) const;

 private:
  bool HasToken(const Caller& caller) const;
  std::string token_;
};

// Is `host`, with or without a port, a name of this machine's loopback?
bool NamesLoopback(std::string_view host);

}  // namespace router::admin
