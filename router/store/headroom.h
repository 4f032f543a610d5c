#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "router/store/disk.h"

namespace router::store {

// What all who write into a folder at once may still write before less than `floor` bytes are free
// there. Any thread; blocks shortly (statvfs).
//
// Each asks before it writes, and what it was granted and has not written yet counts as taken: many
// that are received at once end one after another, and none of them passes the floor.
class Headroom {
 public:
  Headroom(Disk& disk, std::string folder, uint64_t floor)
      : disk_(disk), folder_(std::move(folder)), floor_(floor) {}

  // `bytes` may be written now. Error kDisk, retryable where too little is left.
  Result<> Take(uint64_t bytes);
  // So many of them were written, or will not be.
  void GiveBack(uint64_t bytes) { granted_ -= bytes; }
  // What the disk had when it was asked last; absent: it was never asked. Blocks nobody.
  std::optional<uint64_t> LastFreeBytes() const {
    const uint64_t last = last_free_.load();
    return last == kNeverAsked ? std::nullopt : std::optional(last);
  }

 private:
  Disk& disk_;
  const std::string folder_;
  const uint64_t floor_;
  std::mutex mutex_;  // one asks at a time: of two that do not both fit, one does
  std::atomic<uint64_t> granted_{0};
  static constexpr uint64_t kNeverAsked = UINT64_MAX;
  std::atomic<uint64_t> last_free_{kNeverAsked};
};

}  // namespace router::store
