#include "router/store/backup.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "router/dataset/digest.h"
#include "router/store/copies.h"
#include "router/store/database.h"
#include "router/store/integrity.h"
#include "router/store/schema.h"
#include "router/store/spool.h"

namespace router::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFirstLine = "sluice backup\n";
constexpr int kRounds = 20;

std::string MarkOf(const std::string& backup) { return backup + "/backup"; }

bool IsThere(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

std::string WhyNotEmpty(const StorePaths& paths) {
  const std::string& where = paths.directory;
  const bool store = IsThere(paths.Ledger()) && IsThere(paths.Lock());
  if (IsThere(MarkOf(where)))
    return where + " is not empty: it is a backup. Choose another directory";
  if (IsThere(paths.LedgerPart()) || (!store && IsThere(paths.Spool()))) {
    return where + " is not empty: it has what a backup or a restore left that was broken off. " +
           "Look at it, remove it (rm -r " + where + "), and do this again";
  }
  if (store)
    return where + " is not empty: it has a store. Choose another directory, or move that away";
  return where + " is not empty: choose a directory that is not there yet, or empty this one";
}

// What went wrong while `into` was filled.
std::unexpected<Error> Broken(Error error, const char* what, const StorePaths& into, bool cleared,
                              Disk& disk) {
  if (error.code != Errc::kDisk) return std::unexpected(std::move(error));
  const Result<uint64_t> free = disk.FreeBytes(into.directory);
  error.detail =
      fmt::format("the {} in {} failed, and what was written {}: {}", what, into.directory,
                  cleared ? "is removed" : "could not be removed", error.detail);
  if (free) error.detail += fmt::format("; {} bytes are free there", *free);
  return std::unexpected(std::move(error));
}

// Takes away what this call itself put into an empty directory: first, for good, what makes a store
// or a backup of it, or nothing at all, so that no ledger is without its files. False: some stays.
bool Clear(const StorePaths& paths, Disk& disk) {
  if (!disk.Unlink(paths.Ledger()) || !disk.Unlink(MarkOf(paths.directory))) return false;
  if (!disk.SyncDirectory(paths.directory)) return false;
  Result<std::vector<Disk::Entry>> files = disk.List(paths.Spool());
  if (files)
    for (const Disk::Entry& file : *files) (void)disk.Unlink(paths.File(file.name));
  for (const char* more : {"", "-wal", "-shm", "-journal"})
    (void)disk.Unlink(paths.LedgerPart() + more);
  return true;
}

// No file in it, and no folder but an empty spool; a lock is left behind by every start.
Result<> MustBeEmpty(const StorePaths& paths) {
  std::error_code error, ignored;
  for (fs::directory_iterator at(paths.directory, error), end; !error && at != end;
       at.increment(error)) {
    const std::string path = at->path();
    if (path == paths.Lock()) continue;
    if (path == paths.Spool() && fs::is_empty(at->path(), ignored)) continue;
    return Fail(Errc::kBadConfig, Blame::kInternal, WhyNotEmpty(paths));
  }
  if (!error || error == std::errc::no_such_file_or_directory) return {};
  return Fail(Errc::kDisk, Blame::kInternal,
              "cannot look into " + paths.directory + ": " + Explain(error.value()));
}

Result<> MustLieApart(const StorePaths& target, const StorePaths& source, const char* what) {
  if (!LiesIn(target.directory, source.directory)) return {};
  return Fail(Errc::kBadConfig, Blame::kInternal,
              fmt::format("{} lies in {}: choose a directory outside of {}", target.directory, what,
                          source.directory));
}

Result<std::unique_ptr<Database>> OpenLedger(const std::string& path, Database::Access access) {
  Result<std::unique_ptr<Database>> database = Database::Open(path, access);
  if (!database) return database;
  int64_t version = 0;
  {
    Rows rows = (*database)->Ask("PRAGMA user_version");
    if (rows.Next()) version = rows.Int();
  }
  if ((*database)->failed()) return std::unexpected((*database)->failure());
  if (version >= 1 && version <= SchemaVersion()) return database;
  return Fail(
      Errc::kBadConfig, Blame::kInternal,
      path + " is of schema " + std::to_string(version) + ", which this version cannot read");
}

std::map<std::string, uint64_t> FilesOf(Database& database) {
  std::map<std::string, uint64_t> files;
  Rows rows = database.Ask("SELECT name, size FROM file");
  while (rows.Next()) {
    std::string name = rows.Text();
    files[name] = static_cast<uint64_t>(rows.Int());
  }
  return files;
}

Result<StoreCopy> Summary(Database& database, const std::map<std::string, uint64_t>& files) {
  StoreCopy copy;
  {
    Rows rows =
        database.Ask("SELECT COUNT(*) FROM delivery WHERE state NOT IN ('delivered', 'discarded')");
    if (rows.Next()) copy.instances = rows.Int();
  }
  copy.files = static_cast<int64_t>(files.size());
  for (const auto& [name, size] : files) copy.bytes += size;
  if (database.failed()) return std::unexpected(database.failure());
  return copy;
}

// Gathers the files of a store that goes on working. Names only ever appear (a file is put there
// before the row that names it) and go (after that row has ended), and no file is ever changed.
class Gatherer {
 public:
  Gatherer(StorePaths from, StorePaths into, Disk& disk)
      : from_(std::move(from)), into_(std::move(into)), disk_(disk) {}

  // All that is there now. Most of what the ledger will name lies here then.
  Result<> TakeAll() {
    Result<std::vector<Disk::Entry>> entries = disk_.List(from_.Spool());
    if (!entries) return std::unexpected(entries.error());
    for (const Disk::Entry& entry : *entries) {
      if (entry.name.ends_with(".part")) continue;
      Result<bool> taken = Take(entry.name);
      if (!taken) return std::unexpected(taken.error());
    }
    return {};
  }
  // False: one of them has gone, so the ledger that names it is no longer the latest.
  Result<bool> TakeNamed(const std::map<std::string, uint64_t>& files) {
    for (const auto& [name, size] : files) {
      Result<bool> taken = Take(name);
      if (!taken || !*taken) return taken;
    }
    return true;
  }
  Result<> DropOthers(const std::map<std::string, uint64_t>& files) {
    for (const std::string& name : taken_) {
      if (files.contains(name)) continue;
      Result<> gone = disk_.Unlink(into_.File(name));
      if (!gone) return gone;
    }
    return disk_.SyncDirectory(into_.Spool());
  }

 private:
  Result<bool> Take(const std::string& name) {
    if (taken_.contains(name)) return true;
    Result<> done = LinkOrCopy(from_.File(name), into_.File(name), disk_);
    if (!done && done.error().code == Errc::kNotFound) return false;
    if (!done) return std::unexpected(done.error());
    taken_.insert(name);
    return true;
  }

  const StorePaths from_, into_;
  Disk& disk_;
  std::set<std::string> taken_;
};

// One round: the ledger as it is now, with all files that it names. False: to be tried again.
Result<bool> SaveAsOfNow(Database& database, Gatherer& gatherer, const StorePaths& into, Disk& disk,
                         StoreCopy& copy) {
  Result<> gathered = gatherer.TakeAll();
  if (!gathered) return std::unexpected(gathered.error());
  database.Script("BEGIN");  // what is read until COMMIT is of one moment
  const std::map<std::string, uint64_t> files = FilesOf(database);
  if (database.failed()) return std::unexpected(database.failure());
  Result<bool> all = gatherer.TakeNamed(files);
  if (all && *all) {
    Result<StoreCopy> summary = Summary(database, files);
    Result<> done = summary ? CopyLedger(database, into.Ledger(), disk)
                            : Result<>(std::unexpected(summary.error()));
    if (done) done = gatherer.DropOthers(files);
    if (!done) return std::unexpected(done.error());
    copy = std::move(*summary);
  }
  database.Script("COMMIT");
  return all;
}

Result<> WriteMark(const std::string& backup, const StoreCopy& copy, Disk& disk) {
  const std::string text =
      std::string(kFirstLine) + "schema at most " + std::to_string(SchemaVersion()) +
      "\ninstances " + std::to_string(copy.instances) + "\nfiles " + std::to_string(copy.files) +
      "\nbytes " + std::to_string(copy.bytes) + "\n";
  Result<int> file = disk.Create(MarkOf(backup));
  if (!file) return std::unexpected(file.error());
  Bytes left = AsBytes(text);
  Result<> done;
  while (done && !left.empty()) {
    Result<size_t> written = disk.Write(*file, left);
    if (written) left = left.subspan(*written);
    if (!written) done = std::unexpected(written.error());
  }
  if (done) done = disk.Sync(*file);
  disk.Close(*file);
  if (done) done = disk.SyncDirectory(backup);
  return done;
}

Result<> MustBeWhole(const std::string& backup, Disk& disk) {
  Result<int> file = disk.OpenToRead(MarkOf(backup));
  if (!file && file.error().code != Errc::kNotFound) return std::unexpected(file.error());
  if (!file) {
    return Fail(Errc::kNotFound, Blame::kInternal,
                backup + " is no backup, or one that was broken off");
  }
  Buffer begin(kFirstLine.size());
  Result<size_t> got = disk.ReadAt(*file, 0, begin);
  disk.Close(*file);
  if (!got) return std::unexpected(got.error());
  if (AsText(begin) == kFirstLine) return {};
  return Fail(Errc::kNotFound, Blame::kInternal, backup + " is no backup of Sluice");
}

// Each instance may have been sent since, and found its way there.
Result<> MarkAsOld(Database& database, WallTime now) {
  database.Script("BEGIN IMMEDIATE");
  database.Run(
      "UPDATE delivery SET maybe_there = 1, there_before = "
      "EXISTS (SELECT 1 FROM existence AS e WHERE e.application = delivery.application AND "
      "e.uid = delivery.sop_instance) OR "
      "EXISTS (SELECT 1 FROM delivery AS d WHERE d.sop_instance = delivery.sop_instance AND "
      "d.application = delivery.application AND +d.state = 'delivered') "
      "WHERE state NOT IN ('delivered', 'discarded') AND maybe_there = 0");
  database.Run(
      "INSERT INTO history (row, at, from_state, to_state, cause, reason, by_whom) "
      "SELECT id, ?, state, state, cause, 'restored from a backup', 'sluice' FROM delivery "
      "WHERE state NOT IN ('delivered', 'discarded')",
      now);
  database.Script("COMMIT");
  if (database.failed()) return std::unexpected(database.failure());
  return {};
}

enum class Placed : uint8_t { kWhole, kDamaged, kMissing };

// Puts one file there and compares it with what the ledger says of it: size, data set, digest.
Result<Placed> RestoreFile(const std::string& from, const dataset::Region& into, uint64_t size,
                           const Buffer& sha256, Disk& disk) {
  Result<> placed = LinkOrCopy(from, into.path, disk);
  if (!placed && placed.error().code == Errc::kNotFound) return Placed::kMissing;
  if (!placed) return std::unexpected(placed.error());
  std::error_code error;
  if (fs::file_size(into.path, error) != size) return Placed::kDamaged;
  Result<dataset::Digest> digest = dataset::DigestOfBytes(into);
  return digest && std::ranges::equal(*digest, sha256) ? Placed::kWhole : Placed::kDamaged;
}

// Puts the files there. Returns the instances whose files are not what the ledger says.
Result<std::vector<DamagedInstance>> RestoreFiles(Database& database, const StorePaths& from,
                                                  const StorePaths& into, Disk& disk) {
  std::vector<DamagedInstance> damaged;
  Rows rows = database.Ask(
      "SELECT d.file, d.size, d.dataset_offset, d.sha256, d.transfer_syntax, d.sop_instance, "
      "d.kind, "
      "d.application, d.state FROM delivery AS d JOIN file AS f ON f.name = d.file "
      "ORDER BY d.file, d.id");
  std::string last;  // several instances may share a file
  Result<Placed> placed;
  while (rows.Next()) {
    const std::string name = rows.Text();
    const uint64_t size = static_cast<uint64_t>(rows.Int());
    dataset::Region region{into.File(name), static_cast<uint64_t>(rows.Int()), {}};
    const Buffer sha256 = rows.Blob();
    region.transfer_syntax = rows.TakeUid();
    if (name != last) placed = RestoreFile(from.File(name), region, size, sha256, disk);
    if (!placed) return std::unexpected(placed.error());
    last = name;
    if (*placed == Placed::kWhole) continue;
    DamagedInstance one;
    one.file = name;
    one.missing = *placed == Placed::kMissing;
    one.sop_instance = rows.TakeUid();
    one.kind = static_cast<Kind>(rows.Int());
    one.application = rows.Text();
    one.state = rows.Text();
    damaged.push_back(std::move(one));
  }
  if (database.failed()) return std::unexpected(database.failure());
  Result<> synced = disk.SyncDirectory(into.Spool());
  if (!synced) return std::unexpected(synced.error());
  return damaged;
}

// The ledger gets its name last: until then there is no store.
Result<StoreCopy> RestoreInto(const StorePaths& from, const StorePaths& into, WallTime now,
                              Disk& disk) {
  const std::string part = into.LedgerPart();
  Result<> done = CopyFile(from.Ledger(), part, disk);
  if (!done) return std::unexpected(done.error());
  Result<StoreCopy> copy;
  {
    Result<std::unique_ptr<Database>> database = OpenLedger(part, Database::Access::kReadWrite);
    if (!database) return std::unexpected(database.error());
    done = CheckIntegrity(**database);
    if (done) done = MarkAsOld(**database, now);
    if (!done && done.error().code == Errc::kCorrupt) {
      return Fail(Errc::kCorrupt, Blame::kInternal,
                  "the backup's " + from.Ledger() + " will not do: in its copy " +
                      done.error().detail + ". Take an older backup");
    }
    if (!done) return std::unexpected(done.error());
    copy = Summary(**database, FilesOf(**database));
    if (!copy) return copy;
    Result<std::vector<DamagedInstance>> damaged = RestoreFiles(**database, from, into, disk);
    if (!damaged) return std::unexpected(damaged.error());
    copy->damaged = std::move(*damaged);
  }
  Result<int> file = disk.OpenToRead(part);
  if (!file) return std::unexpected(file.error());
  done = disk.Sync(*file);
  disk.Close(*file);
  if (done) done = disk.Rename(part, into.Ledger());
  if (done) done = disk.SyncDirectory(into.directory);
  if (!done) return std::unexpected(done.error());
  return copy;
}

Result<StoreCopy> SaveInto(Database& database, const StorePaths& from, const StorePaths& into,
                           Disk& disk) {
  Gatherer gatherer(from, into, disk);
  StoreCopy copy;
  for (int round = 0; round < kRounds; ++round) {
    Result<bool> saved = SaveAsOfNow(database, gatherer, into, disk, copy);
    if (!saved) return std::unexpected(saved.error());
    if (!*saved) continue;
    Result<> marked = WriteMark(into.directory, copy, disk);
    if (!marked) return std::unexpected(marked.error());
    return copy;
  }
  return Fail(Errc::kLimit, Blame::kInternal,
              "the store changes faster than it can be saved: try again when less is delivered",
              true);
}

}  // namespace

Result<StoreCopy> BackUp(const std::string& store, const std::string& to, Disk& disk) {
  const StorePaths from{Absolute(store)}, into{Absolute(to)};
  if (Result<> there = MustHaveLedger(from); !there) return std::unexpected(there.error());
  if (Result<> apart = MustLieApart(into, from, "the store"); !apart)
    return std::unexpected(apart.error());
  Result<std::unique_ptr<Database>> database =
      OpenLedger(from.Ledger(), Database::Access::kReadOnly);
  if (!database) return std::unexpected(database.error());
  Result<> empty = MustBeEmpty(into);
  if (!empty) return std::unexpected(empty.error());
  Result<> made = disk.MakeDirectory(into.Spool());
  if (!made) return std::unexpected(made.error());
  Result<StoreCopy> copy = SaveInto(**database, from, into, disk);
  if (copy) return copy;
  const bool cleared = Clear(into, disk);
  return Broken(std::move(copy.error()), "backup", into, cleared, disk);
}

Result<StoreCopy> Restore(const std::string& from, const std::string& store, WallTime now,
                          Disk& disk) {
  const StorePaths saved{Absolute(from)}, into{Absolute(store)};
  Result<> fit = MustBeWhole(saved.directory, disk);
  if (fit) fit = MustLieApart(into, saved, "the backup");
  if (fit) fit = MustBeEmpty(into);
  if (fit) fit = disk.MakeDirectory(into.Spool());
  if (!fit) return std::unexpected(fit.error());
  Result<int> lock = LockStore(into);
  if (!lock) return std::unexpected(lock.error());
  // Another process may have begun a store there meanwhile; from now on none does.
  fit = MustBeEmpty(into);
  Result<StoreCopy> copy;
  if (fit) copy = RestoreInto(saved, into, now, disk);
  const bool cleared = copy || Clear(into, disk);
  ::close(*lock);
  if (!fit) return std::unexpected(fit.error());
  if (copy) return copy;
  return Broken(std::move(copy.error()), "restore", into, cleared, disk);
}

}  // namespace router::store
