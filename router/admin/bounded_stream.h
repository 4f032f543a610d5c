#pragma once
#include <httplib.h>

#include <array>
#include <chrono>
#include <string>

#include "router/base/clock.h"

namespace router::admin {

// One request's socket: reading ends at a deadline and at a number of bytes, however slowly and in
// whatever pieces they come; writing ends when the peer takes nothing for `kStall`. Waits with
// poll(2), since a busy router has descriptors beyond what select(2) can name. Used by one thread;
// does not own the socket.
class BoundedStream : public httplib::Stream {
 public:
  static constexpr std::chrono::milliseconds kStall{5000};

  BoundedStream(int socket, SteadyTime read_until, size_t read_at_most)
      : socket_(socket), read_until_(read_until), left_(read_at_most) {}

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* into, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

 private:
  int socket_;
  SteadyTime read_until_;
  size_t left_;
  // The library reads headers byte by byte.
  std::array<char, 4096> buffer_;
  size_t begin_ = 0, end_ = 0;
};

}  // namespace router::admin
