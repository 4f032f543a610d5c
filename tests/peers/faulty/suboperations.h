#pragma once
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/peers/faulty/association.h"
#include "tests/peers/faulty/instance.h"

namespace faulty {

struct Counts {
  int remaining = 0;
  int completed = 0;
  int failed = 0;
  int warning = 0;
  std::vector<std::string> failed_uids;
};

// The sub-operations of one C-MOVE, sent by threads of its own over one, several successive or
// several parallel associations while the association of the C-MOVE tells of them. Owned by
// Association::Move; its methods may be called from that thread.
class SubOperations {
 public:
  struct Target {
    std::string ae_title;
    std::string address;  // host:port
    std::string originator;
    uint16_t originator_id = 0;
  };

  SubOperations(Peer& peer, SharedFate client, Target target, std::vector<Instance> instances);
  ~SubOperations();
  SubOperations(const SubOperations&) = delete;
  SubOperations& operator=(const SubOperations&) = delete;

  // The counts after answer number `seen` + 1, so that none is passed over: waits for it at most
  // 20 ms.
  std::optional<Counts> Next(size_t seen);
  // Nothing runs any more, and `seen` was the last answer.
  bool Done(size_t seen) const;
  Counts Now() const;
  void Cancel();

 private:
  void AwaitFirst();
  void Send(const std::vector<Instance>& group);
  T_ASC_Association* Open(T_ASC_Network* network, const std::vector<Instance>& group);
  uint16_t SendOne(T_ASC_Association* association, const Instance& instance);
  void Record(const Instance& instance, uint16_t status);
  bool Cancelled() const;

  Peer& peer_;
  SharedFate client_;
  Target target_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Counts counts_;
  std::vector<Counts> course_;  // after each answer
  size_t running_ = 0;
  bool cancelled_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace faulty
