#include "router/store/sweep.h"

#include <unordered_map>

namespace router::store {
namespace {

Result<int> RemoveTombstoned(Database& database, Disk& disk, const StorePaths& paths) {
  std::vector<std::string> names;
  {
    Rows rows = database.Ask("SELECT file FROM tombstone");
    while (rows.Next()) names.push_back(rows.Text());
  }
  for (const std::string& name : names) {
    Result<> gone = disk.Unlink(paths.File(name));
    if (!gone) return std::unexpected(gone.error());
  }
  if (names.empty()) return 0;
  Result<> synced = disk.SyncDirectory(paths.Spool());  // before nothing speaks of them any more
  if (!synced) return std::unexpected(synced.error());
  database.Run("DELETE FROM tombstone");
  return static_cast<int>(names.size());
}

}  // namespace

Result<SweepReport> SweepSpool(Database& database, Disk& disk, const StorePaths& paths) {
  SweepReport report;
  Result<int> removed = RemoveTombstoned(database, disk, paths);
  if (!removed) return std::unexpected(removed.error());
  report.tombstones_removed = *removed;

  std::unordered_map<std::string, uint64_t> expected;
  {
    Rows rows = database.Ask("SELECT name, size FROM file");
    while (rows.Next()) {
      std::string name = rows.Text();
      expected[name] = static_cast<uint64_t>(rows.Int());
    }
  }
  Result<std::vector<Disk::Entry>> entries = disk.List(paths.Spool());
  if (!entries) return std::unexpected(entries.error());
  for (const Disk::Entry& entry : *entries) {
    if (entry.name.ends_with(".part")) {
      Result<> gone = disk.Unlink(paths.Spool() + "/" + entry.name);
      if (!gone) return std::unexpected(gone.error());
      ++report.parts_removed;
      continue;
    }
    auto row = expected.find(entry.name);
    if (row == expected.end()) {
      report.files_without_row.push_back(entry.name);
      continue;
    }
    if (row->second != entry.size) report.wrong_sizes.push_back(entry.name);
    expected.erase(row);
  }
  for (const auto& [name, size] : expected) report.rows_without_file.push_back(name);
  if (database.failed()) return std::unexpected(database.failure());
  return report;
}

}  // namespace router::store
