#include "router/store/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace router::store {
namespace {

std::unexpected<Error> Failed(const std::string& what, int code) {
  Errc errc = code == ENOENT ? Errc::kNotFound : Errc::kDisk;
  bool full = code == ENOSPC || code == EDQUOT;
  return Fail(errc, Blame::kInternal, what + ": " + Explain(code), full);
}

std::string UserName() {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> text;
  getpwuid_r(::geteuid(), &entry, text.data(), text.size(), &found);
  return found ? found->pw_name : std::to_string(::geteuid());
}

Result<int> OpenFile(const std::string& path, int flags) {
  int file = ::open(path.c_str(), flags | O_CLOEXEC, 0640);
  if (file < 0) return Failed("cannot open " + path, errno);
  return file;
}

}  // namespace

std::string Explain(int code) {
  std::string why = std::error_code(code, std::generic_category()).message();
  if (code != EACCES && code != EPERM) return why;
  return why + " for user " + UserName() +
         ": run it as a user that may (the service's own: sudo -u sluice …), or give this one the "
         "right";
}

Result<> Disk::MakeDirectory(const std::string& path) {
  for (size_t end = 1; end != std::string::npos;) {
    end = path.find('/', end + 1);
    std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0750) != 0 && errno != EEXIST)
      return Failed("cannot make " + part, errno);
  }
  return {};
}

Result<int> Disk::Create(const std::string& path) {
  return OpenFile(path, O_WRONLY | O_CREAT | O_EXCL);
}

Result<int> Disk::OpenToRead(const std::string& path) { return OpenFile(path, O_RDONLY); }

Result<size_t> Disk::Write(int file, Bytes bytes) {
  for (;;) {
    ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written >= 0) return static_cast<size_t>(written);
    if (errno != EINTR) return Failed("cannot write to the spool", errno);
  }
}

Result<size_t> Disk::ReadAt(int file, uint64_t offset, std::span<std::byte> into) {
  for (;;) {
    ssize_t got = ::pread(file, into.data(), into.size(), static_cast<off_t>(offset));
    if (got >= 0) return static_cast<size_t>(got);
    if (errno != EINTR) return Failed("cannot read from the spool", errno);
  }
}

Result<> Disk::Sync(int file) {
  if (::fdatasync(file) != 0) return Failed("cannot sync a file of the spool", errno);
  return {};
}

void Disk::Close(int file) { ::close(file); }

Result<> Disk::Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return Failed("cannot rename " + from, errno);
  return {};
}

Result<bool> Disk::Link(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return true;
  if (errno == EXDEV || errno == EPERM || errno == EMLINK || errno == EOPNOTSUPP) return false;
  return Failed("cannot link " + from, errno);
}

Result<> Disk::SyncDirectory(const std::string& path) {
  Result<int> directory = OpenFile(path, O_RDONLY | O_DIRECTORY);
  if (!directory) return std::unexpected(directory.error());
  int code = ::fsync(*directory) == 0 ? 0 : errno;
  ::close(*directory);
  if (code != 0) return Failed("cannot sync " + path, code);
  return {};
}

Result<> Disk::Unlink(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return Failed("cannot remove " + path, errno);
  return {};
}

Result<uint64_t> Disk::FreeBytes(const std::string& path) {
  struct statvfs found{};
  if (::statvfs(path.c_str(), &found) != 0) return Failed("cannot ask about " + path, errno);
  return static_cast<uint64_t>(found.f_bavail) * found.f_frsize;
}

Result<std::vector<Disk::Entry>> Disk::List(const std::string& directory) {
  DIR* open = ::opendir(directory.c_str());
  if (!open) return Failed("cannot list " + directory, errno);
  std::vector<Entry> entries;
  while (const dirent* entry = ::readdir(open)) {
    struct stat found{};
    if (::fstatat(::dirfd(open), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(found.st_mode))
      entries.push_back({entry->d_name, static_cast<uint64_t>(found.st_size)});
  }
  ::closedir(open);
  return entries;
}

Disk& TheDisk() {
  static Disk* const disk = new Disk;
  return *disk;
}

}  // namespace router::store
