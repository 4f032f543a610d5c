#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "router/admin/source.h"
#include "router/base/result.h"

namespace router::admin {

struct ServerOptions {
  std::string host = "127.0.0.1";  // address or name; empty: every interface
  uint16_t port = 0;               // 0: any that is free, see Server::port
  // Empty: nothing can be changed, and nothing read from elsewhere. (g++ wants the braces.)
  std::string token{};        // NOLINT(readability-redundant-member-init)
  bool only_metrics = false;  // /metrics, /healthz and /readyz, free for everybody who can connect
  int threads = 8;
  std::chrono::milliseconds request_within{10'000};  // first byte of the request to its last
  size_t request_bytes = size_t{64} << 10;           // request line, headers and body together
};

// The HTTP API, the page, health and metrics (design §10). One connection carries one request, so
// that an idle peer holds no thread. Reading needs no token from loopback (and with a Host that
// names it, so that no web site can read through an operator's browser); from elsewhere, and to
// change anything, `Authorization: Bearer TOKEN`. /healthz and the page itself are free; so is
// /readyz, which keeps its reasons for those who may read.
//
// Owned by the app, made and destroyed on its thread, before the loops end: Source answers from
// them. Threads of its own.
class Server {
 public:
  // Listens when it returns. Error kConnect: the address cannot be listened at, and why.
  // `source` outlives the server.
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, Source& source);

  // Stops. Requests under way are answered first; peers that are still sending theirs are closed.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  uint16_t port() const;

 private:
  class Listener;  // the HTTP library's server
  explicit Server(std::unique_ptr<Listener> listener);
  std::unique_ptr<Listener> listener_;
};

}  // namespace router::admin
