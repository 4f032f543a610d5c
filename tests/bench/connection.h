#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "tests/bench/instance.h"

namespace bench {

class Connection;

// One epoll and the connections on it, on one thread. What is deferred runs between two rounds of
// events: nothing is destroyed while it is called.
class Reactor {
 public:
  Reactor();
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  void Watch(int fd, std::function<void()> readable);
  void Forget(int fd);
  void Defer(std::function<void()> work) { deferred_.push_back(std::move(work)); }
  void Stop() { stopped_ = true; }
  // Until Stop(), or until `until` seconds of the monotonic clock (0: for ever).
  void Run(double until = 0);

  std::vector<uint8_t>& buffer() { return buffer_; }  // for one read at a time

 private:
  friend class Connection;
  void Register(int fd, uint32_t events, bool anew);
  struct Watched {
    std::function<void()> readable;
    Connection* connection = nullptr;
  };
  int epoll_;
  bool stopped_ = false;
  std::unordered_map<int, Watched> watched_;
  std::vector<std::function<void()>> deferred_;
  std::vector<uint8_t> buffer_;
};

double Now();  // seconds of the monotonic clock, the same in every process of a machine

// A TCP connection that speaks PDUs: it sends segments and takes apart what comes. Data sets are
// counted and thrown away.
class Connection {
 public:
  Connection(Reactor& reactor, int fd, bool connecting);
  virtual ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Send(Bytes bytes);
  void Send(std::vector<Segment> segments);
  bool open() const { return fd_ >= 0; }
  void Close();  // OnClosed is not called

 protected:
  virtual void OnConnected() {}
  virtual void OnPdu(PduType type, View body) = 0;  // any but P-DATA-TF
  // A whole message; `size`: bytes of its data set.
  virtual void OnMessage(uint8_t context, const Command& command, uint64_t size) = 0;
  virtual void OnClosed() = 0;  // by the peer, or by a fault
  // Data sets since the beginning, whole or not.
  uint64_t received() const { return received_; }
  Reactor& reactor() { return reactor_; }

 private:
  friend class Reactor;
  void Handle(uint32_t events);
  void Read();
  void Write();
  void Lost();
  bool Parse(View bytes);
  size_t ParseHeader(View bytes, size_t size);  // collects up to `size`; returns what was taken
  bool EndOfFragment();
  void Deliver();

  Reactor& reactor_;
  int fd_;
  bool connecting_, waits_to_write_ = false;
  std::deque<Segment> out_;

  enum class Part { kPdu, kBody, kPdv, kFragment } part_ = Part::kPdu;
  Bytes header_;  // a header, or the body of a PDU that is not P-DATA-TF
  uint8_t type_ = 0, context_ = 0, flags_ = 0;
  uint32_t pdu_left_ = 0, fragment_left_ = 0;
  Bytes command_;
  std::optional<Command> message_;  // whose data set is coming
  uint64_t message_size_ = 0, received_ = 0;
};

// A non-blocking socket of 127.0.0.1 with TCP_NODELAY; ends the program if there is none.
int Listen(uint16_t port);
int ConnectTo(uint16_t port);
void SetNoDelay(int fd);

}  // namespace bench
