#include "router/store/whole_file.h"

namespace router::store {

Result<WholeFile> WholeFile::Create(Disk& disk, std::string path) {
  Result<int> file = disk.Create(path + ".part");
  if (!file) return std::unexpected(file.error());
  return WholeFile(disk, std::move(path), *file);
}

WholeFile::~WholeFile() {
  if (file_ < 0) return;
  disk_.Close(file_);
  (void)disk_.Unlink(part());  // litter at worst, under a name that nobody takes for the whole
}

std::unexpected<Error> WholeFile::Failed(const Error& error) const {
  std::string why = error.retryable ? "no space left on the device" : error.detail;
  return Fail(error.code, error.blame, "cannot write " + path_ + ": " + why, error.retryable);
}

Result<> WholeFile::Add(Bytes bytes) {
  while (!bytes.empty()) {
    Result<size_t> written = disk_.Write(file_, bytes);
    if (!written) return Failed(written.error());
    if (*written == 0) return Failed({Errc::kDisk, Blame::kInternal, true, ""});
    bytes = bytes.subspan(*written);
  }
  return {};
}

Result<> WholeFile::Finish(const std::string& as) {
  if (Result<> synced = disk_.Sync(file_); !synced) return Failed(synced.error());
  disk_.Close(std::exchange(file_, -1));
  if (Result<> renamed = disk_.Rename(part(), as); !renamed) {
    (void)disk_.Unlink(part());
    return Failed(renamed.error());
  }
  return {};
}

}  // namespace router::store
