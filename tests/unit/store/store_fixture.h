#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "router/net/loop.h"
#include "router/net/pool.h"
#include "router/store/spool.h"
#include "router/store/sqlite_ledger.h"

// What the tests of the store share: a clock that is set by hand, a disk that fails on demand, a
// folder that goes away, and a loop on which a call is awaited.
namespace router::store {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class TestClock : public Clock {
 public:
  WallTime WallNow() const override { return FromStart(now_.load()); }
  SteadyTime Now() const override {
    return Clock::Now() + std::chrono::milliseconds(passed_.load());
  }
  // Time goes by.
  void Advance(std::chrono::milliseconds by) {
    now_ += by.count();
    passed_ += by.count();
  }
  // The wall clock alone is set.
  void StepWall(std::chrono::milliseconds by) { now_ += by.count(); }
  static WallTime FromStart(int64_t milliseconds) {
    return WallTime(std::chrono::milliseconds(1'700'000'000'000 + milliseconds));
  }

 private:
  std::atomic<int64_t> now_{0};
  std::atomic<int64_t> passed_{0};
};

// The file system, watched: every call is written down, and `Fail` makes the calls of one kind
// fail. Any thread.
class TestDisk : public Disk {
 public:
  using Hook = std::function<Result<>(const std::string& call, const std::string& path)>;

  // Asked before each call ("create", "write", "sync", "rename", "sync_directory", "unlink",
  // "read", "free"); an error takes the place of the call.
  void SetHook(Hook hook) {
    std::lock_guard lock(mutex_);
    hook_ = std::move(hook);
  }
  void Fail(const std::string& call, bool full = false) {
    SetHook([=](const std::string& asked, const std::string&) -> Result<> {
      if (asked != call) return {};
      return router::Fail(Errc::kDisk, Blame::kInternal, call + " was made to fail", full);
    });
  }
  void Heal() { SetHook({}); }
  void WriteAtMost(size_t bytes) { at_most_ = bytes; }
  void SetFree(uint64_t bytes) { free_ = bytes; }

  std::vector<std::string> TakeCalls() {
    std::lock_guard lock(mutex_);
    return std::exchange(calls_, {});
  }
  int Count(const std::string& call) {
    std::lock_guard lock(mutex_);
    int count = 0;
    for (const std::string& one : calls_) count += one == call ? 1 : 0;
    return count;
  }
  int open_files() const { return open_; }

  Result<int> Create(const std::string& path) override {
    if (Result<> asked = Ask("create", path); !asked) return std::unexpected(asked.error());
    Result<int> file = Disk::Create(path);
    if (file) ++open_;
    return file;
  }
  Result<int> OpenToRead(const std::string& path) override {
    Result<int> file = Disk::OpenToRead(path);
    if (file) ++open_;
    return file;
  }
  Result<size_t> Write(int file, Bytes bytes) override {
    if (Result<> asked = Ask("write", ""); !asked) return std::unexpected(asked.error());
    return Disk::Write(file, bytes.first(std::min(bytes.size(), at_most_.load())));
  }
  Result<size_t> ReadAt(int file, uint64_t offset, std::span<std::byte> into) override {
    if (Result<> asked = Ask("read", ""); !asked) return std::unexpected(asked.error());
    return Disk::ReadAt(file, offset, into.first(std::min(into.size(), at_most_.load())));
  }
  Result<> Sync(int file) override {
    if (Result<> asked = Ask("sync", ""); !asked) return asked;
    return Disk::Sync(file);
  }
  void Close(int file) override {
    --open_;
    Disk::Close(file);
  }
  Result<> Rename(const std::string& from, const std::string& to) override {
    if (Result<> asked = Ask("rename", from); !asked) return asked;
    return Disk::Rename(from, to);
  }
  Result<> SyncDirectory(const std::string& path) override {
    if (Result<> asked = Ask("sync_directory", path); !asked) return asked;
    return Disk::SyncDirectory(path);
  }
  Result<> Unlink(const std::string& path) override {
    if (Result<> asked = Ask("unlink", path); !asked) return asked;
    return Disk::Unlink(path);
  }
  Result<uint64_t> FreeBytes(const std::string& path) override {
    if (Result<> asked = Ask("free", path); !asked) return std::unexpected(asked.error());
    if (free_ != UINT64_MAX) return free_.load();
    return Disk::FreeBytes(path);
  }

 private:
  Result<> Ask(const std::string& call, const std::string& path) {
    Hook hook;
    {
      std::lock_guard lock(mutex_);
      calls_.push_back(call);
      hook = hook_;
    }
    if (hook) return hook(call, path);
    return {};
  }

  std::mutex mutex_;
  Hook hook_;                       // under mutex_
  std::vector<std::string> calls_;  // under mutex_
  std::atomic<size_t> at_most_{SIZE_MAX};
  std::atomic<uint64_t> free_{UINT64_MAX};  // what the disk says it has; all ones: the truth
  std::atomic<int> open_{0};
};

// A folder of its own, removed at the end; in memory where there is such a place, because these
// tests sync thousands of times and none of them takes the power away.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm/" : ::testing::TempDir();
    pattern += "sluice-store-XXXXXX";
    if (!::mkdtemp(pattern.data())) std::abort();
    path_ = pattern;
  }
  ~ScratchFolder() { std::filesystem::remove_all(path_); }
  ScratchFolder(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A loop on which tasks are awaited, one after another or together.
class Awaiter {
 public:
  template <class T>
  T Await(Task<T> task) {
    std::optional<T> value;
    loop_.PostSpawn([&]() { return Into(std::move(task), value); });
    loop_.RunUntilIdle();
    return std::move(*value);
  }
  void Await(Task<> task) {
    loop_.PostSpawn([&]() { return std::move(task); });
    loop_.RunUntilIdle();
  }
  net::Loop& loop() { return loop_; }

 private:
  template <class T>
  static Task<> Into(Task<T> task, std::optional<T>& value) {
    value.emplace(co_await task);
  }
  net::Loop loop_;
};

inline Buffer BufferOf(std::string_view text) {
  Bytes bytes = AsBytes(text);
  return Buffer(bytes.begin(), bytes.end());
}

// A finished part as SpoolWriter leaves it, without its loop.
inline SpoolFile WritePart(const StorePaths& paths, const std::string& name,
                           const std::string& content) {
  Disk disk;
  std::filesystem::create_directories(paths.Spool());
  Result<int> file = disk.Create(paths.Part(name));
  if (!file) std::abort();
  if (!disk.Write(*file, AsBytes(content))) std::abort();
  disk.Close(*file);
  return SpoolFile{name, content.size(), 0, dataset::Sha256::Of(AsBytes(content))};
}

inline Requirement Needs(std::string_view uid, Kind kind = Kind::kImage) {
  Requirement requirement;
  requirement.uid = Uid(uid);
  requirement.kind = kind;
  return requirement;
}

inline constexpr const char* kTpsTitle = "TPS";
inline constexpr const char* kVmsdbd = "VMSDBD";

inline Acceptance Arrival(std::string_view uid, SpoolFile file,
                          std::vector<Requirement> requirements = {}) {
  Acceptance arrival;
  arrival.instance.sop_instance = Uid(uid);
  arrival.instance.sop_class = Uid("1.2.840.10008.5.1.4.1.1.2");
  arrival.instance.kind = Kind::kImage;
  arrival.instance.application = kVmsdbd;
  arrival.instance.client = AeTitle::FromWire(kTpsTitle);
  arrival.instance.called = AeTitle::FromWire("VMSDBD");
  arrival.instance.calling_as = AeTitle::FromWire("SLUICE");
  arrival.instance.study = Uid("1.2.3");
  arrival.instance.transfer_syntax = Uid("1.2.840.10008.1.2.1");
  arrival.file = std::move(file);
  arrival.requirements = std::move(requirements);
  return arrival;
}

}  // namespace router::store
