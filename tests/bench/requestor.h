#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "tests/bench/connection.h"

namespace bench {

enum class Work { kStore, kEcho, kFind, kMove, kAssociate, kIdle };

// What the associations of one run have to do between them. Shared by all threads; only the
// counters change.
struct Plan {
  Work work = Work::kEcho;
  uint16_t port = 0;
  std::string called = "SINK", calling = "ME", sop_class;
  uint32_t max_pdu = 1 << 14;  // longest PDU that we send and take
  const Instance* instance = nullptr;
  Instance::Originator originator;
  Bytes identifier;  // of C-FIND and C-MOVE, in Explicit VR Little Endian
  std::string move_destination;
  double seconds = 3600;           // of the first message, after which none is begun
  std::atomic<int64_t> left = 0;   // messages not begun yet
  std::atomic<uint64_t> next = 0;  // the next instance's number

  // Whether there is a message to begin. The first of an association is never late: it had to be
  // established, and a machine may be slow.
  bool Take(bool first) {
    double none = 0;
    deadline.compare_exchange_strong(none, Now() + seconds);
    return (first || Now() < deadline) && left.fetch_sub(1) > 0;
  }
  std::atomic<double> deadline = 0;  // monotonic; set by the first message
};

// What came of it; one for each thread.
struct Tally {
  uint64_t messages = 0, bytes = 0;  // answered with success, and what their data sets measured
  uint64_t failed = 0;               // answered otherwise
  uint64_t pending = 0, completed = 0, lost = 0;  // responses; sub-operations; associations
  uint64_t associations = 0;
  uint16_t refused = 0;  // the last status that was no success
  double first = 0, last = 0;
  std::vector<float> seconds;  // from the request to its final response
  void Add(const Tally& other);
};

// One association of ours. It does its share of the plan, one message at a time, then releases.
class Requestor : public Connection {
 public:
  // `done` is called once, when the connection is closed.
  Requestor(Reactor& reactor, Plan& plan, Tally& tally, std::function<void()> done);
  bool established() const { return established_; }
  void Finish();  // releases an idle association

 private:
  void OnConnected() override;
  void OnPdu(PduType type, View body) override;
  void OnMessage(uint8_t context, const Command& command, uint64_t size) override;
  void OnClosed() override;
  void Next();
  void SendRequest();
  void Note();

  Plan& plan_;
  Tally& tally_;
  std::function<void()> done_;
  std::shared_ptr<const Instance::Cut> cut_;
  bool established_ = false, releasing_ = false, begun_one_ = false;
  uint16_t message_id_ = 0;
  double begun_;
};

}  // namespace bench
