#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/base/uid.h"
#include "router/dataset/encoding.h"

namespace router::dataset {

// A data set in memory; the bytes are somebody else's and outlive the call they are passed to.
struct Encoded {
  Bytes bytes;
  Uid transfer_syntax;
};

// A data set in a file: from `offset` (behind the File Meta Information, part10.h) to its end. Or,
// where it never was in one, the bytes themselves.
struct Region {
  std::string path;
  uint64_t offset = 0;
  Uid transfer_syntax;
  std::shared_ptr<const Buffer> bytes = {};  // in place of path and offset
};

// Bytes in their order, through a window that does not grow with the input. One owner, one
// thread; the calls may block on the disk.
class Source {
 public:
  virtual ~Source() = default;

  // What comes next: at least `least` bytes unless the input ends before, at most what is at
  // hand. Good until the next call. Errors: kDisk (retryable); kCorrupt where a deflated stream is
  // broken.
  virtual Result<Bytes> Peek(size_t least) = 0;

  // Goes on by `count` bytes; returns how many there were (fewer only at the end).
  virtual Result<uint64_t> Skip(uint64_t count) = 0;
};

// The data set's own bytes: what is deflated comes out inflated, at most 4 GiB of it.
std::unique_ptr<Source> Open(const Encoded& encoded);
Result<std::unique_ptr<Source>> Open(const Region& region);

// The same without inflating: the bytes as they stand. For digests and copies.
Result<std::unique_ptr<Source>> OpenRaw(const Region& region);

// PS3.5 A.5: raw deflate (RFC 1951) of a data set in Explicit VR Little Endian, padded to even.
Buffer Deflate(Bytes dataset);
constexpr uint64_t kMostInflated = uint64_t{4} << 30;
// Error kLimit, blamed on the sender, where more than `at_most` bytes come out.
Result<Buffer> Inflate(Bytes deflated, uint64_t at_most = kMostInflated);

}  // namespace router::dataset
