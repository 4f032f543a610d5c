#include "router/store/copies.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace router::store {
namespace {

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

Result<int> LockStore(const StorePaths& paths) {
  const std::string path = paths.Lock();
  int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (file < 0) return Fail(Errc::kDisk, Blame::kInternal, "cannot open " + path);
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return file;
  ::close(file);
  return Fail(Errc::kLimit, Blame::kInternal, "another process uses this store: " + path);
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

}  // namespace router::store
