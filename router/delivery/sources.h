#pragma once
#include <memory>
#include <utility>

#include "router/association/scu.h"
#include "router/dataset/source.h"
#include "router/net/pool.h"

namespace router::delivery {

// The bytes of a data set as they lie in a file, read on the disk pool window by window: memory
// does not grow with the object. Belongs to one sending, on one loop.
class FileSource : public association::ByteSource {
 public:
  // `size`: of the file, bytes, as the ledger knows it; 0: not known. Errors: kDisk, kNotFound;
  // Next: kDisk, kCorrupt where the file ends elsewhere.
  static net::Task<Result<std::unique_ptr<association::ByteSource>>> Open(net::WorkPool& disk,
                                                                          dataset::Region file,
                                                                          uint64_t size);
  net::Task<Result<Bytes>> Next() override;

 private:
  FileSource(net::WorkPool& disk, std::unique_ptr<dataset::Source> source, uint64_t at,
             uint64_t size)
      : disk_(disk), source_(std::move(source)), at_(at), size_(size) {}
  Result<Bytes> Read();  // on the disk pool

  net::WorkPool& disk_;
  std::unique_ptr<dataset::Source> source_;
  uint64_t at_;            // offset of the next byte to read
  const uint64_t size_;    // of the file; 0: not known
  size_t handed_out_ = 0;  // bytes of the last piece
};

// What was converted in memory.
class MemorySource : public association::ByteSource {
 public:
  explicit MemorySource(Buffer bytes) : bytes_(std::move(bytes)) {}
  net::Task<Result<Bytes>> Next() override;

 private:
  Buffer bytes_;
  size_t at_ = 0;
};

}  // namespace router::delivery
