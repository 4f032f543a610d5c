#include "router/net/acceptor.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>
#include <cstring>

namespace router::net {
namespace {

constexpr int kBacklog = 1024;
constexpr int kAcceptedAtOnce = 64;           // then other work has its turn
constexpr uint64_t kPauseMilliseconds = 100;  // when the process has no descriptor left

Result<int> Bind(const std::string& address, uint16_t port) {
  sockaddr_storage where{};
  socklen_t length = sizeof(sockaddr_in6);
  if (address.empty()) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(where);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
  } else if (uv_ip4_addr(address.c_str(), port, reinterpret_cast<sockaddr_in*>(&where)) == 0) {
    length = sizeof(sockaddr_in);
  } else if (uv_ip6_addr(address.c_str(), port, reinterpret_cast<sockaddr_in6*>(&where)) != 0) {
    return Fail(Errc::kBadConfig, Blame::kInternal,
                "\"" + address + "\" is no address to listen on");
  }
  int family = where.ss_family, on = 1, off = 0;
  int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 && address.empty()) {  // a kernel without IPv6
    where = {};
    auto& v4 = reinterpret_cast<sockaddr_in&>(where);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    length = sizeof(sockaddr_in);
    family = AF_INET;
    fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  }
  if (fd >= 0) {
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (family == AF_INET6 && address.empty())
      setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, reinterpret_cast<sockaddr*>(&where), length) == 0 && listen(fd, kBacklog) == 0)
      return fd;
  }
  int error = errno;
  if (fd >= 0) close(fd);
  return Fail(Errc::kConnect, Blame::kInternal,
              "cannot listen on " + (address.empty() ? "*" : address) + ":" + std::to_string(port) +
                  ": " + std::strerror(error));
}

uint16_t PortOf(int socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(address).sin_port);
}

}  // namespace

struct Acceptor::Handles {
  uv_poll_t poll;
  uv_timer_t pause;
};

Result<std::unique_ptr<Acceptor>> Acceptor::Listen(Loop& loop, const std::string& address,
                                                   uint16_t port, OnConnection on_connection) {
  auto socket = Bind(address, port);
  if (!socket) return std::unexpected(socket.error());
  return Adopt(loop, *socket, std::move(on_connection));
}

Result<std::unique_ptr<Acceptor>> Acceptor::Adopt(Loop& loop, int listening,
                                                  OnConnection on_connection) {
  int listens = 0;
  socklen_t length = sizeof(listens);
  if (getsockopt(listening, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) != 0 || !listens)
    return Fail(Errc::kBadConfig, Blame::kInternal,
                "descriptor " + std::to_string(listening) + " is no listening socket");
  return std::unique_ptr<Acceptor>(new Acceptor(loop, listening, std::move(on_connection)));
}

Acceptor::Acceptor(Loop& loop, int listening, OnConnection on_connection)
    : listening_(listening),
      port_(PortOf(listening)),
      on_connection_(std::move(on_connection)),
      handles_(std::make_unique<Handles>()) {
  int status = uv_poll_init_socket(loop.uv(), &handles_->poll, listening);
  if (status != 0)
    log::Fatal("a listening socket cannot be watched", {{"why", uv_strerror(status)}});
  uv_timer_init(loop.uv(), &handles_->pause);
  handles_->poll.data = handles_->pause.data = this;
  uv_poll_start(&handles_->poll, UV_READABLE,
                [](uv_poll_t* poll, int, int) { static_cast<Acceptor*>(poll->data)->Accept(); });
}

Acceptor::~Acceptor() {
  if (open_handles_ != 0) log::Fatal("an acceptor ended before it was closed");
}

void Acceptor::Accept() {
  // Whoever is handed a connection may close the acceptor there and then.
  auto closing = [this] { return uv_is_closing(reinterpret_cast<uv_handle_t*>(&handles_->poll)); };
  for (int i = 0; i < kAcceptedAtOnce && !closing(); ++i) {
    int socket = accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      on_connection_(socket);
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) Pause();
    return;
  }
}

void Acceptor::Pause() {
  log::Error("no connection can be accepted: out of descriptors or memory; raise LimitNOFILE",
             {{"why", std::strerror(errno)}, {"port", port_}});
  uv_poll_stop(&handles_->poll);
  uv_timer_start(
      &handles_->pause,
      [](uv_timer_t* timer) {
        auto* self = static_cast<Acceptor*>(timer->data);
        uv_poll_start(&self->handles_->poll, UV_READABLE, [](uv_poll_t* poll, int, int) {
          static_cast<Acceptor*>(poll->data)->Accept();
        });
      },
      kPauseMilliseconds, 0);
}

bool Acceptor::StartClose() {
  if (!uv_is_closing(reinterpret_cast<uv_handle_t*>(&handles_->poll))) {
    auto on_closed = [](uv_handle_t* handle) {
      auto* self = static_cast<Acceptor*>(handle->data);
      if (--self->open_handles_ > 0) return;
      close(self->listening_);
      if (self->closer_) std::exchange(self->closer_, {}).resume();
    };
    uv_close(reinterpret_cast<uv_handle_t*>(&handles_->poll), on_closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&handles_->pause), on_closed);
  }
  return open_handles_ > 0;
}

}  // namespace router::net
