#pragma once
#include <functional>
#include <string>
#include <vector>

#include "router/net/signal.h"
#include "tests/unit/net/net_fixture.h"
#include "tests/unit/net/peer.h"

namespace router::association {

using Lines = std::vector<std::string>;

// The other end of an association as a plain socket that does what a transcript says, so that our
// upper layer is not measured against itself. One step a line, bytes as Hex() reads them:
//
//   > 05 00 …    sends the bytes
//   >1 05 00 …   the same, one by one, each after our end has read the one before
//   >~ 05 00 …   the same, one by one, a few milliseconds apart, until our end is gone
//   flood 04 …   sends the bytes in every turn of the loop until something comes
//   < 06 00 …    these bytes come, no others
//   end          nothing more comes, then our end closes
//   shut         ends its own direction
//   close, reset
//
// On the loop of the test, without waiting in the kernel. A step that fails is a failure of the
// test, and ends the connection, so that our end does not wait for what will never come. After the
// last step the socket stays open.
class Script {
 public:
  explicit Script(net::Loop& loop) : pause_(loop) {}

  net::Task<> Play(net::Socket& socket, Lines transcript);
  // The same at the other end of the next connection that `listening` gets.
  net::Task<> Answer(net::Socket& listening, net::Socket& socket, Lines transcript);

  // How many bytes our end has read, for ">1".
  void Watch(std::function<uint64_t()> read_by_us) { read_by_us_ = std::move(read_by_us); }
  int steps_done() const { return steps_done_; }
  net::Task<> UntilDone(int steps);  // so many steps of all that was played

 private:
  net::Task<std::string> Step(net::Socket& socket, std::string step);
  net::Task<std::string> Send(net::Socket& socket, std::string bytes);
  net::Task<std::string> SendOneByOne(net::Socket& socket, std::string bytes, bool until_gone);
  net::Task<std::string> Flood(net::Socket& socket, std::string bytes);
  net::Task<std::string> Expect(net::Socket& socket, std::string bytes);
  net::Task<std::string> ExpectEnd(net::Socket& socket);

  net::Signal pause_;
  std::function<uint64_t()> read_by_us_;
  uint64_t sent_ = 0;
  int steps_done_ = 0;
};

}  // namespace router::association
