#pragma once
#include <chrono>
#include <coroutine>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/net/chunk.h"
#include "router/net/loop.h"

struct sockaddr_storage;

namespace router::net {

using Milliseconds = std::chrono::milliseconds;

// A TCP connection on one loop, for at most one reader and one writer at a time. Whoever waits on
// it is always resumed, with a result: deadlines belong to it, and Interrupt ends what is under
// way. TCP_NODELAY is on; TCP_QUICKACK is armed again after every read, because DCMTK's senders
// (Nagle) wait for the acknowledgement of each small write. The kernel keeps at most 256 KiB of a
// slow peer's bytes unsent, so that slow peers do not use up the memory of all TCP.
//
// Owned by one association. Before it is destroyed somebody must have awaited Close().
class Stream {
 public:
  // Takes an accepted socket over. On the loop's thread.
  static Result<std::unique_ptr<Stream>> Adopt(Loop& loop, int socket, Milliseconds write_stall);

  // Connects to a host (name or literal) and port. Every address of the name is tried within
  // `timeout`. Errc::kConnect or kTimeout, retryable, names the endpoint.
  static Task<Result<std::unique_ptr<Stream>>> Connect(Loop& loop, std::string host, uint16_t port,
                                                       Milliseconds timeout,
                                                       Milliseconds write_stall);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // The next bytes, at least one. Errors: kClosed (the peer ended or reset the connection),
  // kTimeout (nothing came for `timeout`; zero waits for ever), kInterrupted. While the budget of
  // chunks is used up it waits.
  struct [[nodiscard]] ReadAwaiter {
    Stream& stream;
    Milliseconds timeout;
    bool await_ready() const { return stream.ended_.has_value(); }
    void await_suspend(std::coroutine_handle<> waiter) { stream.StartRead(waiter, timeout); }
    Result<Chunk> await_resume() { return stream.FinishRead(); }
  };
  ReadAwaiter Read(Milliseconds timeout) { return {*this, timeout}; }

  // A new deadline for the read under way, from now; nothing if there is none. For who learns,
  // while another coroutine reads, that an answer is due (or no longer is).
  void SetReadTimeout(Milliseconds timeout);

  // Writes all segments with one vectored call where the kernel takes them; their bytes must stay
  // until the result. kStalled if nothing at all left for the write-stall time.
  struct [[nodiscard]] WriteAwaiter {
    Stream& stream;
    std::span<const Bytes> segments;
    bool await_ready() { return stream.TryWrite(segments); }
    bool await_suspend(std::coroutine_handle<> waiter) { return stream.StartWrite(waiter); }
    Result<> await_resume() { return stream.FinishWrite(); }
  };
  WriteAwaiter Write(std::span<const Bytes> segments) { return {*this, segments}; }

  // Ends reads and writes, under way and to come, with `why`; the first reason stays. Who waits
  // is resumed from the loop, never inline. The socket stays open until Close, so that an
  // A-ABORT may still be tried (see WriteLast).
  void Interrupt(Error why);
  bool interrupted() const { return ended_.has_value(); }
  // After an Interrupt or a read that timed out the connection itself may still be good: makes it
  // usable again, for the A-ABORT procedure. False if it is not.
  bool Recover();

  // Something has come that was not read yet: bytes, or the peer's end.
  bool HasInput() const;

  // Without waiting and whatever Interrupt said: hands to the kernel what it takes at once.
  // Nothing if a write is under way (its bytes would be torn).
  void WriteLast(Bytes bytes);

  struct [[nodiscard]] CloseAwaiter {
    Stream& stream;
    bool await_ready() { return !stream.StartClose(); }
    void await_suspend(std::coroutine_handle<> waiter) {
      if (stream.closer_) log::Fatal("two close one stream");
      stream.closer_ = waiter;
    }
    void await_resume() {}
  };
  CloseAwaiter Close() { return {*this}; }

  const std::string& peer_address() const { return peer_address_; }  // numeric, no port
  // What the peer sees of us, unless somebody between translates it: numeric, no port.
  std::string LocalAddress() const;
  std::string LocalEndpoint() const;  // with the port: "10.1.0.40:51402", "[fd00::1]:51402"
  Loop& loop() { return loop_; }
  uint64_t bytes_read() const { return bytes_read_; }
  uint64_t bytes_written() const { return bytes_written_; }
  // Bytes that were written and that the peer's kernel has not acknowledged: what a slow receiver
  // has still to take.
  size_t Unacknowledged() const;
  bool has_unsent() const { return writing_; }

 private:
  struct Handles;
  explicit Stream(Loop& loop, Milliseconds write_stall);

  void StartRead(std::coroutine_handle<> waiter, Milliseconds timeout);
  void ResumeReading();
  void ArmReadDeadline();
  void OnReadDeadline();
  void OnConnectDeadline();
  bool Happened(short events) const;
  Task<int> TryConnect(const sockaddr_storage& address, Milliseconds timeout);
  void WakeReader();
  void EndRead(std::optional<Error> error);
  Result<Chunk> FinishRead();
  bool TryWrite(std::span<const Bytes> segments);
  bool StartWrite(std::coroutine_handle<> waiter);
  void EndWrite(int status);
  Result<> FinishWrite();
  bool StartClose();
  void OnClosed();
  void End(Error why);

  Loop& loop_;
  std::unique_ptr<Handles> handles_;
  const Milliseconds write_stall_;
  std::string peer_address_;
  Chunk chunk_;
  std::coroutine_handle<> reader_, writer_, closer_;
  std::optional<Error> ended_;     // why no more reads and writes are possible
  std::optional<Error> woken_by_;  // what a reader that is on its way out will learn
  uint64_t bytes_read_ = 0, bytes_written_ = 0;
  bool writing_ = false, reading_ = false;
  int open_handles_ = 0;
  int write_status_ = 0;
};

}  // namespace router::net
