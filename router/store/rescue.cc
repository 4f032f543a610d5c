#include "router/store/rescue.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <set>

#include "router/store/copies.h"
#include "router/store/integrity.h"
#include "router/store/schema.h"
#include "router/store/whole_file.h"

namespace router::store {
namespace {

constexpr size_t kBlock = 1 << 20;  // bytes

// The store's lock, for as long as this lives. Taken without a trace: where the file is missing no
// process ever had this store, and it may lie on a file system that cannot be written to.
class Lock {
 public:
  static Result<Lock> Take(const StorePaths& store) {
    const std::string path = store.Lock();
    int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);  // NFS locks only what may be written
    if (file < 0 && errno != ENOENT) file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno != ENOENT)
      return Fail(Errc::kDisk, Blame::kInternal, "cannot open " + path + ": " + Explain(errno));
    if (file < 0 || ::flock(file, LOCK_EX | LOCK_NB) == 0) return Lock(file);
    const std::string holder = HolderOf(file);
    ::close(file);
    return Fail(Errc::kLimit, Blame::kInternal,
                "Sluice is running on " + store.directory + holder +
                    ": `sluice leave` takes everything out while it runs; or stop it first "
                    "(systemctl stop sluice)");
  }
  Lock(Lock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  Lock& operator=(Lock&&) = delete;
  ~Lock() {
    if (file_ >= 0) ::close(file_);
  }

 private:
  explicit Lock(int file) : file_(file) {}
  int file_;
};

Result<> CopyFile(Disk& disk, const std::string& from, const std::string& to) {
  Result<int> source = disk.OpenToRead(from);
  if (!source) return std::unexpected(source.error());
  auto copy = [&]() -> Result<> {
    Result<WholeFile> target = WholeFile::Create(disk, to);
    if (!target) return std::unexpected(target.error());
    Buffer block(kBlock);
    for (uint64_t offset = 0;;) {
      Result<size_t> got = disk.ReadAt(*source, offset, block);
      if (!got) return std::unexpected(got.error());
      if (*got == 0) return target->Finish();
      Result<> added = target->Add(Bytes(block).first(*got));
      if (!added) return added;
      offset += *got;
    }
  };
  Result<> copied = copy();
  disk.Close(*source);
  return copied;
}

// The ledger and what of it is not yet checkpointed. SQLite makes the rest anew.
Result<> CopyLedger(Disk& disk, const std::string& from, const std::string& to) {
  Result<> wal = CopyFile(disk, from + "-wal", to + "-wal");
  if (!wal && wal.error().code != Errc::kNotFound) return wal;
  return CopyFile(disk, from, to);
}

// Files of the spool that no row names. Makes the copy one file, readable by itself.
Result<int64_t> SettleCopy(const StorePaths& copy, const StorePaths& store, Disk& disk) {
  Result<std::unique_ptr<Database>> database =
      Database::Open(copy.Ledger(), Database::Access::kReadWrite);
  if (!database) return std::unexpected(database.error());
  auto prepared = PrepareLedger(**database, 0);
  if (!prepared) return std::unexpected(prepared.error());
  std::set<std::string> named;
  for (const char* sql : {"SELECT name FROM file", "SELECT file FROM tombstone"}) {
    Rows rows = (*database)->Ask(sql);
    while (rows.Next()) named.insert(rows.Text());
  }
  (*database)->Script("PRAGMA journal_mode = DELETE");
  if ((*database)->failed()) return std::unexpected((*database)->failure());
  Result<std::vector<Disk::Entry>> entries = disk.List(store.Spool());
  if (!entries) return std::unexpected(entries.error());
  int64_t unclaimed = 0;
  for (const Disk::Entry& entry : *entries)
    if (!entry.name.ends_with(".part") && !named.contains(entry.name)) ++unclaimed;
  return unclaimed;
}

}  // namespace

Result<Rescued> Rescue(const std::string& store, const std::string& to, Disk& disk) {
  const StorePaths from{Absolute(store)}, target{Absolute(to)};
  if (Result<> there = MustHaveLedger(from); !there) return std::unexpected(there.error());
  Result<Lock> lock = Lock::Take(from);
  if (!lock) return std::unexpected(lock.error());
  if (Result<> prepared = PrepareTarget(target.directory, from, disk); !prepared)
    return std::unexpected(prepared.error());
  if (Result<> copied = CopyLedger(disk, from.Ledger(), target.Ledger()); !copied)
    return Fail(copied.error().code, Blame::kInternal,
                copied.error().detail +
                    ". Nothing is taken out yet, and the store is as it was: "
                    "choose a directory with more room",
                copied.error().retryable);
  Result<int64_t> unclaimed = SettleCopy(target, from, disk);
  if (!unclaimed) {
    return Fail(unclaimed.error().code, Blame::kInternal,
                unclaimed.error().detail + ", a copy of " + from.Ledger() +
                    (unclaimed.error().code == Errc::kCorrupt ? AfterDamage(from)
                                                              : "; the instances themselves are "
                                                                "DICOM files in " +
                                                                    from.Spool()));
  }
  Result<std::unique_ptr<LedgerReader>> ledger = LedgerReader::Open(target.directory);
  if (!ledger) return std::unexpected(ledger.error());
  Result<ExportReport> report = Export(**ledger, from, {.to = target.directory, .known = {}}, disk);
  if (!report) return std::unexpected(report.error());
  return Rescued{std::move(*report), *unclaimed};
}

}  // namespace router::store
