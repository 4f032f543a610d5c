#pragma once
#include <memory>
#include <optional>
#include <utility>

#include "router/association/scu.h"
#include "router/dataset/digest.h"
#include "router/dataset/source.h"
#include "router/net/pool.h"
#include "router/store/row.h"

namespace router::delivery {

// The bytes of a data set as they lie in a file, read on the disk pool window by window: memory
// does not grow with the object. Belongs to one sending, on one loop.
class FileSource : public association::ByteSource {
 public:
  // `kept`: the file as the ledger knows it, where it does. Its last bytes are handed out only if
  // all of them are what was received: what is not whole never becomes a whole message. Errors:
  // kDisk, kNotFound; Next: kDisk, kCorrupt where the file ends elsewhere or its SHA-256 differs.
  static net::Task<Result<std::unique_ptr<association::ByteSource>>> Open(
      net::WorkPool& disk, dataset::Region file, std::optional<store::SpoolFile> kept);
  net::Task<Result<Bytes>> Next() override;

 private:
  FileSource(net::WorkPool& disk, std::unique_ptr<dataset::Source> source, uint64_t at,
             std::optional<store::SpoolFile> kept)
      : disk_(disk), source_(std::move(source)), at_(at), kept_(std::move(kept)) {}
  Result<Bytes> Read();  // on the disk pool
  Result<> Check(Bytes piece);

  net::WorkPool& disk_;
  std::unique_ptr<dataset::Source> source_;
  uint64_t at_;  // offset of the next byte to read
  const std::optional<store::SpoolFile> kept_;
  dataset::Sha256 sha256_;  // of what was read, if it is to be compared
  size_t handed_out_ = 0;   // bytes of the last piece
};

// kCorrupt, ours to mend, unless the digest of a spool file is the one of what was received.
Result<> CheckDigest(const dataset::Digest& digest, const store::SpoolFile& kept);

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
