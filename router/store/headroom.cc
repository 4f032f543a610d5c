#include "router/store/headroom.h"

namespace router::store {

Result<> Headroom::Take(uint64_t bytes) {
  std::lock_guard lock(mutex_);
  // Before the disk is asked: what is written meanwhile is counted twice rather than not at all.
  const uint64_t taken = granted_.fetch_add(bytes) + bytes;
  Result<uint64_t> free = disk_.FreeBytes(folder_);
  if (free) last_free_ = *free;
  if (free && (*free >= floor_ && *free - floor_ >= taken)) return {};
  granted_ -= bytes;
  if (!free) return std::unexpected(free.error());
  return Fail(Errc::kDisk, Blame::kInternal,
              "less than store: free_floor would be left (" + std::to_string(*free) +
                  " bytes are free, " + std::to_string(taken) +
                  " are to be written): make room in " + folder_,
              true);
}

}  // namespace router::store
