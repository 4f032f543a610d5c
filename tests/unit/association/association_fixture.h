#pragma once
#include <gmock/gmock.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "router/association/association.h"
#include "tests/unit/association/script.h"
#include "tests/unit/association/transcripts.h"
#include "tests/unit/net/stream_fixture.h"

namespace router::ul {
inline void PrintTo(Role role, std::ostream* out) {
  *out << (role == Role::kAcceptor ? "acceptor" : "requestor");
}
}  // namespace router::ul

namespace router::association {

using net::kNever;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using enum ul::Role;

// "unexpected PDU, downstream"
std::string Text(const Error& error);

// Both, each of them with a name of its own, as coroutines want it.
inline Task<> Together(Task<> a, Task<> b) { co_await net::Both(std::move(a), std::move(b)); }

// Our end of one association and a scripted peer, on one loop. What our end saw is told in lines.
// All timers last longer than any test may take, but for those that a test sets.
class AssociationTest : public net::NetTest {
 public:
  using Act = std::function<Task<>(Association&)>;

  // Our end accepts a connection, does `act`, and is ended; meanwhile the peer plays.
  Lines Accepting(Lines transcript, Act act);
  // Our end asks for an association, does `act` if it gets it, and is ended.
  Lines Requesting(Lines transcript, Act act);
  // An association in Sta6: the peer's steps begin there. Agreed are Verification on 1 and CT Image
  // Storage on 3; MR Image Storage on 5 was proposed and not accepted.
  Lines Established(ul::Role role, Lines transcript, Act act);

  // ---- what our end may do

  // Takes the request; true if it has accepted it.
  Task<bool> Answer(Association& association);
  // Says what comes, to the end; confirms a release.
  Task<> Listen(Association& association);
  Task<> Release(Association& association);

  // The same, as Established wants it.
  Act Listening() {
    return [this](Association& association) { return Listen(association); };
  }
  Act Releasing() {
    return [this](Association& association) { return Release(association); };
  }
  Act Aborting() {
    return [](Association& association) { return association.Abort(); };
  }

  void Say(std::string line) { lines_.push_back(std::move(line)); }
  template <class T>
  bool Good(const char* what, const Result<T>& result) {
    if (result) return true;
    Say(what + (": " + Text(result.error())));
    detail_ = result.error().detail;
    retryable_ = result.error().retryable;
    return false;
  }

  Timers timers_{kNever, kNever, kNever, kNever, kNever};
  Milliseconds silence_ = kNever;
  uint32_t announced_ = 16384;        // what our end says that it takes
  uint32_t peer_max_length_ = 16384;  // what the peer says that it takes
  uint32_t send_cap_ = 16384;
  int peer_receive_buffer_ = 0, our_send_buffer_ = 0;
  std::string detail_;  // of the last error that was said
  bool retryable_ = false;
  ul::AssociateRj rejection_{0, 0, 0};
  std::optional<Script> script_;  // while it is played

 private:
  Task<> Accepted(net::Pair& ends, Lines& transcript, Act& act);
  Task<> Requested(net::Socket& listening, net::Socket& peer, Lines& transcript, Act& act);
  Task<> RequestAndAct(uint16_t port, Act& act);
  Task<> AnswerAndAct(Association& association, const Act& act);
  static Task<> ActAndEnd(Association& association, Act& act);

  Lines lines_;
};

// What our ends propose and answer in these tests.
std::vector<Proposal> Proposals();
std::vector<router::association::Answer> Answers();
// The A-ASSOCIATE-RQ of a peer, and of our own end.
std::string PeersRequest(uint32_t max_length = 16384);
std::string OurRequest(uint32_t max_length = 16384);

}  // namespace router::association
