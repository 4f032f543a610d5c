#include "tests/unit/store/faulty_vfs.h"

#include <sqlite3.h>

#include <map>
#include <mutex>

namespace router::store {
namespace {

sqlite3_vfs vfs;
std::mutex mutex;
// The tables of methods that the real VFS hands out (locking or not), and ours in their place.
std::map<const sqlite3_io_methods*, sqlite3_io_methods> tables;  // under mutex
int (*real_sync)(sqlite3_file*, int);
int (*real_write)(sqlite3_file*, const void*, int, sqlite3_int64);

int Sync(sqlite3_file* file, int how) {
  ++FaultyVfs::syncs;
  if (FaultyVfs::fail_syncs > 0) return --FaultyVfs::fail_syncs, SQLITE_IOERR_FSYNC;
  return real_sync(file, how);
}

int Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 at) {
  if (FaultyVfs::full_writes > 0) return --FaultyVfs::full_writes, SQLITE_FULL;
  return real_write(file, bytes, size, at);
}

// A file keeps the memory and the functions of the real VFS, but for the two above, which are the
// same in all its tables.
int OpenFile(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* parent = static_cast<sqlite3_vfs*>(vfs.pAppData);
  int code = parent->xOpen(parent, name, file, flags, out_flags);
  if (code != SQLITE_OK || !file->pMethods) return code;
  std::lock_guard lock(mutex);
  auto [table, is_new] = tables.try_emplace(file->pMethods, *file->pMethods);
  if (is_new) {
    real_sync = file->pMethods->xSync;
    real_write = file->pMethods->xWrite;
    table->second.xSync = Sync;
    table->second.xWrite = Write;
  }
  file->pMethods = &table->second;
  return code;
}

}  // namespace

std::atomic<int> FaultyVfs::fail_syncs{0};
std::atomic<int> FaultyVfs::full_writes{0};
std::atomic<int> FaultyVfs::syncs{0};

const std::string& FaultyVfs::Name() {
  static const std::string name = "faulty";
  static std::once_flag once;
  std::call_once(once, [] {
    sqlite3_vfs* parent = sqlite3_vfs_find(nullptr);
    vfs = *parent;
    vfs.zName = name.c_str();
    vfs.pAppData = parent;
    vfs.pNext = nullptr;
    vfs.xOpen = OpenFile;
    sqlite3_vfs_register(&vfs, 0);
  });
  return name;
}

}  // namespace router::store
