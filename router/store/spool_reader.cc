#include <algorithm>

#include "router/store/spool.h"

namespace router::store {

// Shared with the job of the pool that reads for it; the loop waits meanwhile.
struct SpoolReader::File {
  File(net::WorkPool& w, Disk& d, int f) : pool(w), disk(d), file(f) {}
  ~File() { disk.Close(file); }

  net::WorkPool& pool;
  Disk& disk;
  const int file;
  uint64_t offset = 0, remaining = 0;
};

Result<std::shared_ptr<SpoolReader::File>> SpoolReader::Open(const std::string& path,
                                                             const SpoolFile& file,
                                                             net::WorkPool& pool, Disk& disk) {
  if (file.dataset_offset > file.size)
    return Fail(Errc::kCorrupt, Blame::kInternal, "a spool file without a data set");
  Result<int> opened = disk.OpenToRead(path);
  if (!opened) return std::unexpected(opened.error());
  auto made = std::make_shared<File>(pool, disk, *opened);
  made->offset = file.dataset_offset;
  made->remaining = file.size - file.dataset_offset;
  return made;
}

SpoolReader::SpoolReader(std::shared_ptr<File> file) : file_(std::move(file)) {}
SpoolReader::~SpoolReader() {
  // Closing may block.
  net::WorkPool& pool = file_->pool;
  pool.Queue([file = std::move(file_)] {});
}

uint64_t SpoolReader::remaining() const { return file_->remaining; }

Task<Result<Buffer>> SpoolReader::Next(size_t at_most) {
  if (file_->remaining == 0) co_return Buffer{};
  size_t size = static_cast<size_t>(std::min<uint64_t>(at_most, file_->remaining));
  std::move_only_function<Result<Buffer>()> read = [file = file_, size]() -> Result<Buffer> {
    Buffer block(size);
    size_t filled = 0;
    while (filled < size) {
      Result<size_t> got =
          file->disk.ReadAt(file->file, file->offset + filled, std::span(block).subspan(filled));
      if (!got) return std::unexpected(got.error());
      if (*got == 0)
        return Fail(Errc::kCorrupt, Blame::kInternal, "a spool file is shorter than it was");
      filled += *got;
    }
    return block;
  };
  Task<Result<Buffer>> reading = file_->pool.Run<Result<Buffer>>(std::move(read));
  Result<Buffer> block = co_await reading;
  if (block) {
    file_->offset += block->size();
    file_->remaining -= block->size();
  }
  co_return block;
}

}  // namespace router::store
