#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <string>

#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/net/pool.h"
#include "router/store/disk.h"
#include "router/store/headroom.h"
#include "router/store/row.h"

namespace router::store {

using net::Task;

// Where the files of a store lie: <directory>/ledger.sqlite, <directory>/spool/<name>, and
// <name>.part until the ledger has renamed it. One flat folder: one fsync makes a batch of renames
// durable.
struct StorePaths {
  std::string directory;  // absolute

  std::string Ledger() const { return directory + "/ledger.sqlite"; }
  // What is to become the ledger, while a store is restored.
  std::string LedgerPart() const { return Ledger() + ".part"; }
  // A copy of the ledger as that version of its tables had it, made before they were changed.
  std::string LedgerOf(int version) const {
    return Ledger() + ".version-" + std::to_string(version);
  }
  std::string Lock() const { return directory + "/lock"; }
  std::string Spool() const { return directory + "/spool"; }
  std::string File(const std::string& name) const { return Spool() + "/" + name; }
  std::string Part(const std::string& name) const { return File(name) + ".part"; }
};

// Writes one instance, as a Part 10 file, while it is received. The disk work and the SHA-256 are
// done on the disk pool, in order, by one thread at a time; the caller is held back while more than
// kOutstanding bytes are not yet written.
//
// Belongs to the session that receives; used on one loop, one call at a time. Going away without
// Finish removes the part.
class SpoolWriter {
 public:
  static constexpr size_t kOutstanding = 1 << 20;  // bytes

  ~SpoolWriter();
  SpoolWriter(const SpoolWriter&) = delete;
  SpoolWriter& operator=(const SpoolWriter&) = delete;

  // The next bytes of the data set. The first copies them before it returns to the loop. An error
  // of an earlier write comes out of the next call: kDisk, retryable where free_floor is reached.
  Task<Result<>> Append(Bytes bytes);
  Task<Result<>> Append(Buffer bytes);

  // All is written and fdatasync has succeeded: the file may be given to Ledger::Accept. On error
  // (kDisk) the part is gone. Once.
  Task<Result<SpoolFile>> Finish();

  // Removes the part. Once, in place of Finish, or after it in place of Accept.
  Task<> Drop();

  const std::string& name() const;
  std::string path() const;  // of the part: readable (facts, references) after Finish
  uint64_t dataset_bytes() const { return dataset_bytes_; }  // appended so far

 private:
  friend class Spool;
  struct File;
  static Result<std::shared_ptr<File>> Open(const StorePaths& paths, std::string name,
                                            Buffer header, std::shared_ptr<Headroom> headroom,
                                            net::WorkPool& pool, Disk& disk);
  explicit SpoolWriter(std::shared_ptr<File> file);
  std::shared_ptr<File> file_;
  uint64_t dataset_bytes_ = 0;
};

// Reads a spool file block by block, on the disk pool. Belongs to the delivery that sends; used on
// one loop, one call at a time. The file may be unlinked meanwhile.
class SpoolReader {
 public:
  ~SpoolReader();
  SpoolReader(const SpoolReader&) = delete;
  SpoolReader& operator=(const SpoolReader&) = delete;

  // The next bytes, at most `at_most`; empty at the end. Errors: kDisk; kCorrupt where the file
  // ends before the size that the ledger knows.
  Task<Result<Buffer>> Next(size_t at_most = 256 << 10);

  uint64_t remaining() const;  // bytes

 private:
  friend class Spool;
  struct File;
  static Result<std::shared_ptr<File>> Open(const std::string& path, const SpoolFile& file,
                                            net::WorkPool& pool, Disk& disk);
  explicit SpoolReader(std::shared_ptr<File> file);
  std::shared_ptr<File> file_;
};

// The folder of instances. Owned by the app, outlives the loops; any loop.
class Spool {
 public:
  struct Options {
    std::string directory;          // of the store
    uint64_t free_floor = 1 << 30;  // bytes
    uint64_t seed = 0;              // of the names; 0: from the system
  };

  // Makes the folders; blocks. `pool` and `disk` outlive the spool.
  static Result<std::unique_ptr<Spool>> Open(Options options, net::WorkPool& pool,
                                             Disk& disk = TheDisk());

  // `header`: preamble to File Meta Information (dataset::MakeFileMetaHeader). Error kDisk
  // (retryable) where less than free_floor would be left free: A700H.
  Task<Result<std::unique_ptr<SpoolWriter>>> Write(Buffer header);

  // Positioned at the data set. Errors: kNotFound, kDisk.
  Task<Result<std::unique_ptr<SpoolReader>>> Read(SpoolFile file);

  // Removes a finished part that was never given to Ledger::Accept.
  Task<> DropPart(std::string name);

  uint64_t FreeBytes() const;     // blocks shortly (statvfs), so not on a loop; 0 where unknown
  Task<uint64_t> AskFreeBytes();  // the same, on the disk pool
  // As it was when the spool was written last; absent: not yet. Asks nobody; any thread.
  std::optional<uint64_t> LastFreeBytes() const { return headroom_->LastFreeBytes(); }
  const StorePaths& paths() const { return paths_; }

 private:
  Spool(Options options, net::WorkPool& pool, Disk& disk);
  std::string NewName();

  const Options options_;
  const StorePaths paths_;
  net::WorkPool& pool_;
  Disk& disk_;
  const std::shared_ptr<Headroom> headroom_;  // shared with the jobs of writers
  std::mutex mutex_;
  std::mt19937_64 random_;  // under mutex_
};

}  // namespace router::store
