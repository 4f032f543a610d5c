#include "tests/unit/net/peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <utility>

namespace router::net {
namespace {

void Check(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::abort();
}

struct Address {
  sockaddr_storage where{};
  socklen_t length = sizeof(sockaddr_in);
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&where); }
};

Address Parse(const char* text, uint16_t port) {
  Address address;
  auto& v4 = reinterpret_cast<sockaddr_in&>(address.where);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address.where);
  if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    return address;
  }
  address.length = sizeof(sockaddr_in6);
  Check(inet_pton(AF_INET6, text, &v6.sin6_addr) == 1, text);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  return address;
}

}  // namespace

Socket::Socket(Socket&& other) noexcept : fd_(other.Release()) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  int fd = other.Release();
  Close();
  fd_ = fd;
  return *this;
}

int Socket::Release() { return std::exchange(fd_, -1); }

void Socket::Close() {
  if (fd_ >= 0) close(Release());
}

void Socket::Reset() {
  linger now{1, 0};
  Check(setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) == 0, "SO_LINGER");
  Close();
}

void Socket::ShutdownWrite() { shutdown(fd_, SHUT_WR); }

size_t Socket::Send(std::string_view text) {
  size_t sent = 0;
  while (sent < text.size()) {
    ssize_t n = send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    sent += static_cast<size_t>(n);
  }
  return sent;
}

std::string Socket::Receive(size_t most, bool now) {
  std::string got(most, '\0');
  ssize_t n;
  do n = recv(fd_, got.data(), most, now ? MSG_DONTWAIT : 0);
  while (n < 0 && errno == EINTR);
  got.resize(static_cast<size_t>(std::max<ssize_t>(n, 0)));
  return got;
}

std::string Socket::ReceiveAll() {
  std::string all;
  for (std::string more = Receive(65536); !more.empty(); more = Receive(65536)) all += more;
  return all;
}

Pair Connected(int peer_receive_buffer, int our_send_buffer) {
  Socket listening(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (peer_receive_buffer > 0)  // inherited, and before the window is agreed
    setsockopt(listening.fd(), SOL_SOCKET, SO_RCVBUF, &peer_receive_buffer, sizeof(int));
  Address any = Parse("127.0.0.1", 0);
  Check(bind(listening.fd(), any.get(), any.length) == 0, "bind");
  Check(listen(listening.fd(), 1) == 0, "listen");
  Pair pair;
  pair.ours = ConnectTo("127.0.0.1", PortOf(listening));
  pair.peer = Accept(listening);
  if (our_send_buffer > 0)
    setsockopt(pair.ours.fd(), SOL_SOCKET, SO_SNDBUF, &our_send_buffer, sizeof(int));
  fcntl(pair.ours.fd(), F_SETFL, O_NONBLOCK);
  return pair;
}

Socket BoundTo(const char* text, uint16_t port) {
  Address address = Parse(text, port);
  Socket bound(socket(address.where.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (bound.fd() < 0 || bind(bound.fd(), address.get(), address.length) != 0) return {};
  return bound;
}

Socket ListenOn(const char* text, int backlog, uint16_t port) {
  Socket listening = BoundTo(text, port);
  if (listening.fd() >= 0) Check(listen(listening.fd(), backlog) == 0, "listen");
  return listening;
}

Socket Accept(const Socket& listening) {
  Socket accepted(accept4(listening.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  Check(accepted.fd() >= 0, "accept");
  return accepted;
}

uint16_t PortOf(const Socket& socket) {
  sockaddr_storage where{};
  socklen_t length = sizeof(where);
  Check(getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&where), &length) == 0, "getsockname");
  return ntohs(where.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(where).sin6_port
                                           : reinterpret_cast<sockaddr_in&>(where).sin_port);
}

Socket ConnectTo(const char* text, uint16_t port, bool wait) {
  Address address = Parse(text, port);
  int flags = SOCK_STREAM | SOCK_CLOEXEC | (wait ? 0 : SOCK_NONBLOCK);
  Socket socket(::socket(address.where.ss_family, flags, 0));
  Check(socket.fd() >= 0, "socket");
  int status = connect(socket.fd(), address.get(), address.length);
  if (wait) Check(status == 0, "connect");
  return socket;
}

std::vector<Socket> FillBacklog(const char* address, const Socket& listening) {
  std::vector<Socket> begun;
  for (int i = 0; i < 4; ++i) begun.push_back(ConnectTo(address, PortOf(listening), false));
  return begun;
}

namespace {
const std::vector<std::byte>& Twice() {
  static const std::vector<std::byte> bytes = [] {
    std::mt19937 random(20);
    std::vector<std::byte> made(2 * Pattern::kPeriod);
    for (size_t i = 0; i < Pattern::kPeriod; ++i)
      made[i] = made[i + Pattern::kPeriod] = static_cast<std::byte>(random());
    return made;
  }();
  return bytes;
}
}  // namespace

Bytes Pattern::At(uint64_t offset, size_t length) {
  return Bytes(Twice()).subspan(offset % kPeriod, length);
}

bool Pattern::Matches(uint64_t offset, Bytes got) {
  while (!got.empty()) {
    size_t part = std::min(got.size(), kPeriod);
    if (std::memcmp(got.data(), At(offset, part).data(), part) != 0) return false;
    offset += part;
    got = got.subspan(part);
  }
  return true;
}

}  // namespace router::net
