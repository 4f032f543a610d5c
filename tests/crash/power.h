#pragma once
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "router/store/disk.h"

namespace crash {

// What lies under a store whose power is going to fail: everything is written as usual, and what
// was not synced is remembered, so that Fail can take it back. One for the process; any thread.
//
// Of the spool: bytes after the last fdatasync of a file; files made, renamed and unlinked since
// the last sync of their folder. Of SQLite: whatever was written to a file since its last xSync.
class Power {
 public:
  static Power& Supply();

  // A disk and a VFS of SQLite over it. The folder is for what Fail may have to bring back.
  router::store::Disk& disk();
  const std::string& Vfs();
  void KeepAsideIn(std::string directory);

  // Nothing reaches the disk from here on, what was not synced is gone, the process ends (137).
  [[noreturn]] void Fail();

 private:
  friend class VolatileDisk;
  friend struct VolatileFiles;

  struct FileState {
    std::string path;
    uint64_t written = 0, synced = 0;  // bytes
  };
  struct Step {  // in a folder, and not durable yet
    enum class Kind { kCreate, kRename, kUnlink } kind;
    std::string path, before;  // kRename: its name before; kUnlink: where it was kept
  };

  void Undo();

  std::recursive_mutex mutex_;
  std::string aside_;
  std::map<int, FileState> open_;                   // by descriptor
  std::map<std::string, uint64_t> unsynced_sizes_;  // closed files: how much of them is durable
  std::map<std::string, std::vector<Step>> steps_;  // by folder
  std::map<std::string, std::string> images_;       // SQLite's files: what is durable of them
  uint64_t kept_ = 0;
};

}  // namespace crash
