#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/base/bytes.h"

namespace router::net {

// The other end of a connection, as plain as the system offers it: blocking, no library. Also any
// descriptor that a test must not leak. Owned by the test; used by one thread at a time.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket() { Close(); }

  int fd() const { return fd_; }
  int Release();
  void Close();
  void Reset();  // closes with RST, whatever is unsent or unread
  void ShutdownWrite();

  // All of `text`, or less if the other end is gone.
  size_t Send(std::string_view text);
  // At most `most` bytes; without waiting if `now`. Empty at the end, or if nothing is there.
  std::string Receive(size_t most, bool now = false);
  std::string ReceiveAll();

 private:
  int fd_ = -1;
};

// Two ends of one connection over the loopback. Sizes of 0 leave the kernel's own choice.
struct Pair {
  Socket ours, peer;
};
Pair Connected(int peer_receive_buffer = 0, int our_send_buffer = 0);

// A listening socket; on a port of the kernel's choice if `port` is 0. Without a descriptor if the
// address cannot be had.
Socket ListenOn(const char* address = "127.0.0.1", int backlog = 128, uint16_t port = 0);
// Has the port, but refuses connections. Without a descriptor if it is taken.
Socket BoundTo(const char* address, uint16_t port);
Socket Accept(const Socket& listening);
uint16_t PortOf(const Socket& socket);
// A connection to it, blocking; or one that was only begun.
Socket ConnectTo(const char* address, uint16_t port, bool wait = true);

// Connections begun, so many that `listening` (of backlog 0) drops every further one.
std::vector<Socket> FillBacklog(const char* address, const Socket& listening);

// Endless and without a short period, so that a lost, doubled or swapped byte shows.
class Pattern {
 public:
  static constexpr size_t kPeriod = 65521;
  static Bytes At(uint64_t offset, size_t length);  // length <= kPeriod
  // Whether `got` is what stands at `offset`.
  static bool Matches(uint64_t offset, Bytes got);
};

}  // namespace router::net
