#include "tests/crash/power.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace crash {

using router::Bytes;
using router::Result;

namespace {

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream all;
  all << file.rdbuf();
  return std::move(all).str();
}

void Replace(const std::string& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
}

}  // namespace

// ---- the spool's disk

class VolatileDisk : public router::store::Disk {
 public:
  explicit VolatileDisk(Power& power) : power_(power) {}

  Result<int> Create(const std::string& path) override {
    std::lock_guard lock(power_.mutex_);
    auto file = Disk::Create(path);
    if (!file) return file;
    power_.open_[*file] = {path, 0, 0};
    power_.steps_[FolderOf(path)].push_back({Power::Step::Kind::kCreate, path, {}});
    return file;
  }

  Result<size_t> Write(int file, Bytes bytes) override {
    std::lock_guard lock(power_.mutex_);
    auto written = Disk::Write(file, bytes);
    if (written) power_.open_[file].written += *written;
    return written;
  }

  Result<> Sync(int file) override {
    std::lock_guard lock(power_.mutex_);
    auto synced = Disk::Sync(file);
    if (synced) power_.open_[file].synced = power_.open_[file].written;
    return synced;
  }

  void Close(int file) override {
    std::lock_guard lock(power_.mutex_);
    auto found = power_.open_.find(file);
    if (found != power_.open_.end()) {
      const Power::FileState& state = found->second;
      if (state.synced < state.written) power_.unsynced_sizes_[state.path] = state.synced;
      power_.open_.erase(found);
    }
    Disk::Close(file);
  }

  Result<> Rename(const std::string& from, const std::string& to) override {
    std::lock_guard lock(power_.mutex_);
    auto renamed = Disk::Rename(from, to);
    if (!renamed) return renamed;
    power_.steps_[FolderOf(to)].push_back({Power::Step::Kind::kRename, to, from});
    if (auto size = power_.unsynced_sizes_.extract(from)) {
      size.key() = to;
      power_.unsynced_sizes_.insert(std::move(size));
    }
    return renamed;
  }

  Result<> SyncDirectory(const std::string& path) override {
    std::lock_guard lock(power_.mutex_);
    auto synced = Disk::SyncDirectory(path);
    if (!synced) return synced;
    for (const Power::Step& step : power_.steps_[path])
      if (step.kind == Power::Step::Kind::kUnlink) ::unlink(step.before.c_str());
    power_.steps_.erase(path);
    return synced;
  }

  Result<> Unlink(const std::string& path) override {
    std::lock_guard lock(power_.mutex_);
    const std::string kept = power_.aside_ + "/" + std::to_string(power_.kept_++);
    const bool there = ::link(path.c_str(), kept.c_str()) == 0;
    auto gone = Disk::Unlink(path);
    if (there) power_.steps_[FolderOf(path)].push_back({Power::Step::Kind::kUnlink, path, kept});
    return gone;
  }

 private:
  Power& power_;
};

// ---- SQLite's files

struct VolatileFiles {
  // The real VFS's file follows this in the memory that SQLite gives.
  struct File {
    sqlite3_file base;
    char path[4096];  // empty: of no consequence (shared memory, temporary)
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  static File* Of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }

  static inline sqlite3_vfs vfs;
  static sqlite3_vfs* parent() { return static_cast<sqlite3_vfs*>(vfs.pAppData); }

  static int Close(sqlite3_file* f) { return Of(f)->real()->pMethods->xClose(Of(f)->real()); }
  static int Read(sqlite3_file* f, void* into, int n, sqlite3_int64 at) {
    return Of(f)->real()->pMethods->xRead(Of(f)->real(), into, n, at);
  }
  static int Write(sqlite3_file* f, const void* bytes, int n, sqlite3_int64 at) {
    std::lock_guard lock(Power::Supply().mutex_);
    return Of(f)->real()->pMethods->xWrite(Of(f)->real(), bytes, n, at);
  }
  static int Truncate(sqlite3_file* f, sqlite3_int64 size) {
    std::lock_guard lock(Power::Supply().mutex_);
    return Of(f)->real()->pMethods->xTruncate(Of(f)->real(), size);
  }
  static int Sync(sqlite3_file* f, int how) {
    Power& power = Power::Supply();
    std::lock_guard lock(power.mutex_);
    int code = Of(f)->real()->pMethods->xSync(Of(f)->real(), how);
    if (code == SQLITE_OK && Of(f)->path[0]) power.images_[Of(f)->path] = Content(Of(f)->path);
    return code;
  }
  static int FileSize(sqlite3_file* f, sqlite3_int64* size) {
    return Of(f)->real()->pMethods->xFileSize(Of(f)->real(), size);
  }
  static int Lock(sqlite3_file* f, int how) {
    return Of(f)->real()->pMethods->xLock(Of(f)->real(), how);
  }
  static int Unlock(sqlite3_file* f, int how) {
    return Of(f)->real()->pMethods->xUnlock(Of(f)->real(), how);
  }
  static int CheckReservedLock(sqlite3_file* f, int* out) {
    return Of(f)->real()->pMethods->xCheckReservedLock(Of(f)->real(), out);
  }
  static int FileControl(sqlite3_file* f, int op, void* arg) {
    return Of(f)->real()->pMethods->xFileControl(Of(f)->real(), op, arg);
  }
  static int SectorSize(sqlite3_file* f) {
    return Of(f)->real()->pMethods->xSectorSize(Of(f)->real());
  }
  static int DeviceCharacteristics(sqlite3_file* f) {
    return Of(f)->real()->pMethods->xDeviceCharacteristics(Of(f)->real());
  }
  static int ShmMap(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
    return Of(f)->real()->pMethods->xShmMap(Of(f)->real(), page, size, extend, out);
  }
  static int ShmLock(sqlite3_file* f, int offset, int n, int flags) {
    return Of(f)->real()->pMethods->xShmLock(Of(f)->real(), offset, n, flags);
  }
  static void ShmBarrier(sqlite3_file* f) { Of(f)->real()->pMethods->xShmBarrier(Of(f)->real()); }
  static int ShmUnmap(sqlite3_file* f, int remove) {
    return Of(f)->real()->pMethods->xShmUnmap(Of(f)->real(), remove);
  }

  static constexpr sqlite3_io_methods kMethods = {2,
                                                  Close,
                                                  Read,
                                                  Write,
                                                  Truncate,
                                                  Sync,
                                                  FileSize,
                                                  Lock,
                                                  Unlock,
                                                  CheckReservedLock,
                                                  FileControl,
                                                  SectorSize,
                                                  DeviceCharacteristics,
                                                  ShmMap,
                                                  ShmLock,
                                                  ShmBarrier,
                                                  ShmUnmap,
                                                  nullptr,
                                                  nullptr};

  static int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
    Power& power = Power::Supply();
    std::lock_guard lock(power.mutex_);
    File* mine = Of(file);
    mine->base.pMethods = nullptr;
    mine->path[0] = 0;
    const bool durable =
        name && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL));
    // What lay there before this process is durable.
    if (durable && std::filesystem::exists(name) && !power.images_.contains(name))
      power.images_[name] = Content(name);
    int code = parent()->xOpen(parent(), name, mine->real(), flags, out);
    if (!mine->real()->pMethods) return code;
    if (durable) std::snprintf(mine->path, sizeof(mine->path), "%s", name);
    if (durable) power.images_.try_emplace(name);
    mine->base.pMethods = &kMethods;
    return code;
  }

  // Of journals alone, at the start, before anything is acknowledged: taken for durable.
  static int Delete(sqlite3_vfs*, const char* name, int sync_directory) {
    Power& power = Power::Supply();
    std::lock_guard lock(power.mutex_);
    power.images_.erase(name);
    return parent()->xDelete(parent(), name, sync_directory);
  }
};

// ---- the power

Power& Power::Supply() {
  static Power power;
  return power;
}

router::store::Disk& Power::disk() {
  static VolatileDisk disk(*this);
  return disk;
}

const std::string& Power::Vfs() {
  static const std::string name = "volatile";
  static const bool registered = [] {
    sqlite3_vfs* real = sqlite3_vfs_find(nullptr);
    sqlite3_vfs& ours = VolatileFiles::vfs;
    ours = *real;
    ours.zName = name.c_str();
    ours.pAppData = real;
    ours.pNext = nullptr;
    ours.szOsFile = static_cast<int>(sizeof(VolatileFiles::File)) + real->szOsFile;
    ours.xOpen = VolatileFiles::Open;
    ours.xDelete = VolatileFiles::Delete;
    return sqlite3_vfs_register(&ours, 0) == SQLITE_OK;
  }();
  if (!registered) std::abort();
  return name;
}

void Power::KeepAsideIn(std::string directory) {
  std::filesystem::create_directories(directory);
  aside_ = std::move(directory);
}

void Power::Undo() {
  for (auto& [folder, steps] : steps_) {
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
      switch (step->kind) {
        case Step::Kind::kCreate:
          ::unlink(step->path.c_str());
          break;
        case Step::Kind::kRename:
          ::rename(step->path.c_str(), step->before.c_str());
          break;
        case Step::Kind::kUnlink:
          ::rename(step->before.c_str(), step->path.c_str());
          break;
      }
    }
  }
}

void Power::Fail() {
  mutex_.lock();  // for good: whoever writes now has not written
  // By their last names first; then the names.
  for (const auto& [file, state] : open_) {
    if (::ftruncate(file, static_cast<off_t>(state.synced)) != 0) std::perror("ftruncate");
  }
  for (const auto& [path, size] : unsynced_sizes_) {
    if (::truncate(path.c_str(), static_cast<off_t>(size)) != 0) std::perror(path.c_str());
  }
  Undo();
  for (const auto& [path, image] : images_) Replace(path, image);
  std::fflush(nullptr);
  ::_exit(137);
}

}  // namespace crash
