#pragma once
#include <atomic>
#include <string>

namespace router::store {

// SQLite's own view of the disk, made to fail. Registered under `name()` for the life of the
// process; what it does is the same for every file.
class FaultyVfs {
 public:
  static const std::string& Name();
  static std::atomic<int> fail_syncs;   // the next n calls of xSync answer SQLITE_IOERR_FSYNC
  static std::atomic<int> full_writes;  // the next n calls of xWrite answer SQLITE_FULL
  static std::atomic<int> syncs;        // calls of xSync so far
};

}  // namespace router::store
