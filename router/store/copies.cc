#include "router/store/copies.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace router::store {
namespace {

Result<> WriteAll(Disk& disk, int file, Bytes bytes) {
  while (!bytes.empty()) {
    Result<size_t> written = disk.Write(file, bytes);
    if (!written) return std::unexpected(written.error());
    bytes = bytes.subspan(*written);
  }
  return {};
}

Result<> Pour(Disk& disk, int from, int into) {
  Buffer block(1 << 20);
  for (uint64_t offset = 0;;) {
    Result<size_t> got = disk.ReadAt(from, offset, block);
    if (!got) return std::unexpected(got.error());
    if (*got == 0) return disk.Sync(into);
    Result<> written = WriteAll(disk, into, Bytes(block).first(*got));
    if (!written) return written;
    offset += *got;
  }
}

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

Result<int> LockStore(const StorePaths& paths) {
  const std::string path = paths.Lock();
  int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (file < 0)
    return Fail(Errc::kDisk, Blame::kInternal, "cannot open " + path + ": " + Explain(errno));
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return file;
  const std::string holder = HolderOf(file);
  ::close(file);
  return Fail(Errc::kLimit, Blame::kInternal,
              "another process uses the store in " + paths.directory + holder +
                  ": only one may at a time. Stop that one first (systemctl stop sluice), or name "
                  "another directory");
}

// proc(5): "1: FLOCK  ADVISORY  WRITE 1234 fe:01:5678 0 EOF", the file by device and inode. Not all
// file systems show the same device to stat(2).
std::string HolderOf(int file) {
  struct stat about{};
  if (::fstat(file, &about) != 0) return {};
  const std::string wanted = fmt::format(":{}", about.st_ino);
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    std::string number, kind, advisory, mode, which;
    int process = 0;
    words >> number >> kind >> advisory >> mode >> process >> which;
    if (kind != "FLOCK" || !which.ends_with(wanted) || process <= 0) continue;
    std::string name;
    std::ifstream named(fmt::format("/proc/{}/comm", process));
    std::getline(named, name);
    return fmt::format(" (process {}{}{})", process, name.empty() ? "" : ", ", name);
  }
  return {};
}

Result<> MustHaveLedger(const StorePaths& paths) {
  const std::string path = paths.Ledger();
  if (::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) == 0) return {};
  if (errno != ENOENT && errno != ENOTDIR)
    return Fail(Errc::kDisk, Blame::kInternal, "cannot read " + path + ": " + Explain(errno));
  return Fail(Errc::kNotFound, Blame::kInternal,
              "there is no store in " + paths.directory +
                  ": it is the directory that store: directory names, with ledger.sqlite in it");
}

std::string Absolute(const std::string& path) {
  std::error_code error;
  std::string absolute = std::filesystem::absolute(path, error).lexically_normal();
  while (absolute.size() > 1 && absolute.ends_with('/')) absolute.pop_back();
  return error ? path : absolute;
}

bool LiesIn(const std::string& path, const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path inside =
      fs::weakly_canonical(path, error).lexically_relative(fs::weakly_canonical(directory, error));
  return !inside.empty() && *inside.begin() != "..";
}

Result<> CopyLedger(Database& database, const std::string& path, Disk& disk) {
  const std::string part = path + ".part";
  Result<> done = disk.Unlink(part);  // of one that was broken off
  if (done) done = database.CopyTo(part);
  if (!done) return done;
  Result<int> file = disk.OpenToRead(part);
  if (!file) return std::unexpected(file.error());
  done = disk.Sync(*file);
  disk.Close(*file);
  if (done) done = disk.Rename(part, path);
  if (done) done = disk.SyncDirectory(FolderOf(path));
  return done;
}

Result<> CopyFile(const std::string& from, const std::string& to, Disk& disk) {
  Result<int> source = disk.OpenToRead(from);
  if (!source) return std::unexpected(source.error());
  Result<int> target = disk.Create(to);
  if (!target) {
    disk.Close(*source);
    return std::unexpected(target.error());
  }
  Result<> poured = Pour(disk, *source, *target);
  disk.Close(*source);
  disk.Close(*target);
  if (!poured) (void)disk.Unlink(to);
  return poured;
}

Result<> LinkOrCopy(const std::string& from, const std::string& to, Disk& disk) {
  Result<bool> linked = disk.Link(from, to);
  if (!linked) return std::unexpected(linked.error());
  return *linked ? Result<>{} : CopyFile(from, to, disk);
}

}  // namespace router::store
