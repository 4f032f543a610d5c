#pragma once
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/dcmlayer.h>
#include <dcmtk/dcmnet/dcmtrans.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>

#include "tests/peers/faulty/journal.h"
#include "tests/peers/faulty/switches.h"

namespace faulty {

class Connections;

enum class Fate { kLives, kReset, kAborted };
// Outlives the connection, which DCMTK deletes as soon as it is closed.
using SharedFate = std::shared_ptr<std::atomic<Fate>>;

// One accepted TCP connection that can be reset or aborted from outside, or by itself after so
// many bytes or PDUs. Owned by DCMTK's association, used by that association's thread; only
// End() is called by others, under the lock of Connections.
class Connection : public DcmTCPConnection {
 public:
  Connection(DcmNativeSocketType socket, Connections& all);
  ~Connection() override;

  ssize_t read(void* buffer, size_t size) override;
  ssize_t write(void* buffer, size_t size) override;
  void close() override;
  void closeTransportConnection() override;

  void End(Fate fate);
  const SharedFate& fate() const { return fate_; }

 private:
  void Count(const unsigned char* bytes, size_t size);
  bool Ended();
  void ResetNow();

  Connections& all_;
  SharedFate fate_ = std::make_shared<std::atomic<Fate>>(Fate::kLives);
  bool told_ = false;    // the A-ABORT is out, or the linger is set
  uint64_t bytes_ = 0;   // received
  uint64_t pdus_ = 0;    // received whole
  uint64_t head_ = 0;    // bytes of the PDU's head so far, at most 6
  uint64_t length_ = 0;  // of the PDU, from its head (PS3.8 9.3.1)
  uint64_t body_left_ = 0;
};

// All accepted connections, and DCMTK's factory of them. One for the process; any thread.
class Connections : public DcmTransportLayer {
 public:
  Connections(Switches& switches, Journal& journal) : switches_(switches), journal_(journal) {}

  DcmTransportConnection* createConnection(DcmNativeSocketType socket, OFBool secure) override;

  // Ends every connection that is open; returns how many.
  int EndAll(Fate fate);

  // Waits, but no longer than the connection lives. False if it was ended.
  bool Wait(const SharedFate& connection, int milliseconds);

 private:
  friend class Connection;

  Switches& switches_;
  Journal& journal_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::set<Connection*> open_;
};

}  // namespace faulty
