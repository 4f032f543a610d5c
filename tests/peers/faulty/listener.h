#pragma once
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "tests/peers/faulty/association.h"

namespace faulty {

// The listening socket and a thread for each association. Run() belongs to main()'s thread; while
// the switch `outage` is on, the socket is closed and connections are refused.
class Listener {
 public:
  // Port 0: any. The port stays the same over outages.
  Listener(Peer& peer, int port);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int port() const { return port_; }
  void Run();
  void Stop();  // async-signal-safe
  // Looks at the switches again; returns when what they say is so. Any thread.
  void Refresh();

 private:
  struct Served {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> done;
  };

  bool Open();
  void Close();
  void Follow();  // the outage switch
  void Accept();
  void Begin(int connection);
  void Reap(bool all);

  Peer& peer_;
  int port_;
  int wake_;  // eventfd
  std::atomic<bool> stopping_ = false;
  T_ASC_Network* network_ = nullptr;
  std::vector<int> silent_;  // connected, nothing said yet
  int number_ = 0;
  std::list<Served> served_;
  std::mutex mutex_;
  std::condition_variable followed_;
  uint64_t asked_ = 0;
  uint64_t done_ = 0;
};

}  // namespace faulty
