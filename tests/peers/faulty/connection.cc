#include "tests/peers/faulty/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace faulty {
namespace {

constexpr uint64_t kHead = 6;  // PS3.8 9.3.1: type, reserved, length of the rest

void SetLinger(int socket) {
  linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

}  // namespace

Connection::Connection(DcmNativeSocketType socket, Connections& all)
    : DcmTCPConnection(socket), all_(all) {
  std::lock_guard lock(all_.mutex_);
  all_.open_.insert(this);
}

Connection::~Connection() {
  std::lock_guard lock(all_.mutex_);
  all_.open_.erase(this);
}

void Connection::End(Fate fate) {
  if (*fate_ != Fate::kLives) return;
  *fate_ = fate;
  // Wakes a reader without taking the descriptor from under it.
  if (getSocket() >= 0) shutdown(getSocket(), SHUT_RD);
}

bool Connection::Ended() {
  Fate fate = *fate_;
  if (fate == Fate::kLives) return false;
  if (!told_ && fate == Fate::kReset) SetLinger(getSocket());
  if (!told_ && fate == Fate::kAborted) {
    // PS3.8 9.3.8: A-ABORT by the service user.
    std::array<unsigned char, 10> abort = {7, 0, 0, 0, 0, 4, 0, 0, 0, 0};
    DcmTCPConnection::write(abort.data(), abort.size());
  }
  told_ = true;
  return true;
}

void Connection::ResetNow() {
  *fate_ = Fate::kReset;
  all_.journal_.Note("reset", {{"bytes", bytes_}, {"pdus", pdus_}});
}

// Follows the PDUs in the stream, so that a reset can fall after the n-th of them.
void Connection::Count(const unsigned char* bytes, size_t size) {
  bytes_ += size;
  while (size > 0) {
    if (body_left_ == 0) {
      if (head_ >= 2) length_ = length_ << 8 | *bytes;
      ++head_, ++bytes, --size;
      if (head_ < kHead) continue;
      body_left_ = length_;
    } else {
      uint64_t part = std::min<uint64_t>(body_left_, size);
      bytes += part, size -= part, body_left_ -= part;
    }
    if (body_left_ == 0) head_ = 0, length_ = 0, ++pdus_;
  }
}

ssize_t Connection::read(void* buffer, size_t size) {
  if (Ended() || getSocket() < 0) return 0;
  ssize_t got = DcmTCPConnection::read(buffer, size);
  if (got > 0) Count(static_cast<const unsigned char*>(buffer), static_cast<size_t>(got));
  auto after_bytes = all_.switches_.Get<uint64_t>("reset.after_bytes");
  auto after_pdus = all_.switches_.Get<uint64_t>("reset.after_pdus");
  bool due = (after_bytes > 0 && bytes_ >= after_bytes) || (after_pdus > 0 && pdus_ >= after_pdus);
  if (*fate_ == Fate::kLives && due && all_.switches_.Take("reset.times")) ResetNow();
  return Ended() ? 0 : got;
}

ssize_t Connection::write(void* buffer, size_t size) {
  if (Ended() || getSocket() < 0) return -1;
  return DcmTCPConnection::write(buffer, size);
}

// Under the lock, so that End() never shuts down a descriptor that is somebody else's by now.
void Connection::close() {
  std::lock_guard lock(all_.mutex_);
  if (getSocket() < 0) return;
  Ended();
  ::close(getSocket());
  setSocket(-1);
}

void Connection::closeTransportConnection() { close(); }

DcmTransportConnection* Connections::createConnection(DcmNativeSocketType socket, OFBool) {
  return new Connection(socket, *this);
}

int Connections::EndAll(Fate fate) {
  std::lock_guard lock(mutex_);
  for (Connection* connection : open_) connection->End(fate);
  ended_.notify_all();
  return static_cast<int>(open_.size());
}

bool Connections::Wait(const SharedFate& connection, int milliseconds) {
  std::unique_lock lock(mutex_);
  return !ended_.wait_for(lock, std::chrono::milliseconds(milliseconds),
                          [&connection] { return *connection != Fate::kLives; });
}

}  // namespace faulty
