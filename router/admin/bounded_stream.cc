#include "router/admin/bounded_stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace router::admin {
namespace {

bool WaitFor(int socket, short events, std::chrono::milliseconds at_most) {
  auto until = std::chrono::steady_clock::now() + at_most;
  for (;;) {
    auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd fd{socket, events, 0};
    int ready = poll(&fd, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready >= 0 || errno != EINTR) return ready > 0;
  }
}

using NameCall = int (*)(int, sockaddr*, socklen_t*);

void Name(NameCall call, int socket, std::string& ip, int& port) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ip.clear(), port = 0;
  if (call(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return;
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    port = ntohs(v4->sin_port);
  } else if (storage.ss_family == AF_INET6) {
    auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    port = ntohs(v6->sin6_port);
  }
  ip = text;
}

}  // namespace

bool BoundedStream::is_readable() const {
  if (begin_ < end_) return true;
  auto left =
      std::chrono::ceil<std::chrono::milliseconds>(read_until_ - std::chrono::steady_clock::now());
  return left.count() > 0 && WaitFor(socket_, POLLIN, left);
}

bool BoundedStream::is_writable() const { return WaitFor(socket_, POLLOUT, kStall); }

ssize_t BoundedStream::read(char* into, size_t size) {
  if (begin_ == end_) {
    if (left_ == 0 || !is_readable()) return -1;
    ssize_t got = recv(socket_, buffer_.data(), std::min(buffer_.size(), left_), 0);
    if (got <= 0) return got;
    left_ -= static_cast<size_t>(got);
    begin_ = 0, end_ = static_cast<size_t>(got);
  }
  size_t taken = std::min(size, end_ - begin_);
  std::memcpy(into, buffer_.data() + begin_, taken);
  begin_ += taken;
  return static_cast<ssize_t>(taken);
}

ssize_t BoundedStream::write(const char* from, size_t size) {
  if (!is_writable()) return -1;
  return send(socket_, from, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void BoundedStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  Name([](int s, sockaddr* a, socklen_t* n) { return getpeername(s, a, n); }, socket_, ip, port);
}

void BoundedStream::get_local_ip_and_port(std::string& ip, int& port) const {
  Name([](int s, sockaddr* a, socklen_t* n) { return getsockname(s, a, n); }, socket_, ip, port);
}

}  // namespace router::admin
