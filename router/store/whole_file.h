#pragma once
#include <string>
#include <utility>

#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/store/disk.h"

namespace router::store {

// A file that appears under its name whole, or not at all: written aside as <path>.part, synced,
// renamed. Going away without Finish removes the part. One owner, one thread; blocks.
class WholeFile {
 public:
  static Result<WholeFile> Create(Disk& disk, std::string path);
  WholeFile(WholeFile&& other) noexcept
      : disk_(other.disk_), path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}
  WholeFile& operator=(WholeFile&&) = delete;
  ~WholeFile();

  // Errors: kDisk, retryable where the disk is full; the detail names the file.
  Result<> Add(Bytes bytes);
  Result<> Add(std::string_view text) { return Add(AsBytes(text)); }
  Result<> Finish(const std::string& as);  // under this path; once
  Result<> Finish() { return Finish(path_); }

  std::string part() const { return path_ + ".part"; }

 private:
  WholeFile(Disk& disk, std::string path, int file)
      : disk_(disk), path_(std::move(path)), file_(file) {}
  std::unexpected<Error> Failed(const Error& error) const;

  Disk& disk_;
  std::string path_;
  int file_;  // -1: finished, or moved from
};

}  // namespace router::store
