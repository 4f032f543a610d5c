#pragma once
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>

#include "router/net/future.h"

namespace router::net {

// Memory for large pieces of work, whichever loop has them done: as many are done at once as fit,
// the rest waits in line, in the order of asking. Any loop. Outlives every share of it.
class ByteLine {
 public:
  // Bytes that are taken, for as long as it lives. Any thread.
  class [[nodiscard]] Share {
   public:
    Share(ByteLine* line, uint64_t bytes) : line_(line), bytes_(bytes) {}
    Share(Share&& other) noexcept
        : line_(std::exchange(other.line_, nullptr)), bytes_(other.bytes_) {}
    Share& operator=(Share&&) = delete;
    ~Share() {
      if (line_) line_->Return(bytes_);
    }

   private:
    ByteLine* line_;
    uint64_t bytes_;
  };

  explicit ByteLine(uint64_t limit) : limit_(limit) {}
  ByteLine(const ByteLine&) = delete;
  ByteLine& operator=(const ByteLine&) = delete;

  // What is more than all there is waits for all of it.
  Task<Share> Take(uint64_t bytes);
  uint64_t used() const;

 private:
  struct Waiting {
    uint64_t bytes;
    Promise<Share> promise;
  };
  void Return(uint64_t bytes);

  const uint64_t limit_;
  mutable std::mutex mutex_;
  uint64_t used_ = 0;         // under mutex_
  std::deque<Waiting> line_;  // under mutex_
};

}  // namespace router::net
