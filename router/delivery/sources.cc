#include "router/delivery/sources.h"

#include <algorithm>

namespace router::delivery {
namespace {
constexpr size_t kPiece = 256 << 10;  // bytes
}

net::Task<Result<std::unique_ptr<association::ByteSource>>> FileSource::Open(net::WorkPool& disk,
                                                                             dataset::Region file,
                                                                             uint64_t size) {
  using Opened = Result<std::unique_ptr<dataset::Source>>;
  std::move_only_function<Opened()> open = [file] { return dataset::OpenRaw(file); };
  auto source = co_await disk.Run<Opened>(std::move(open));
  if (!source) co_return std::unexpected(source.error());
  co_return std::unique_ptr<association::ByteSource>(
      new FileSource(disk, std::move(*source), file.offset, size));
}

Result<Bytes> FileSource::Read() {
  if (auto skipped = source_->Skip(handed_out_); !skipped) {
    return std::unexpected(skipped.error());
  }
  auto piece = source_->Peek(1);
  if (!piece) return piece;
  handed_out_ = std::min(piece->size(), kPiece);
  at_ += handed_out_;
  if (handed_out_ == 0 && size_ != 0 && at_ != size_) {
    return Fail(Errc::kCorrupt, Blame::kInternal,
                "the file ends at " + std::to_string(at_) + " and not at " + std::to_string(size_));
  }
  return piece->first(handed_out_);
}

net::Task<Result<Bytes>> FileSource::Next() {
  std::move_only_function<Result<Bytes>()> read = [this] { return Read(); };
  co_return co_await disk_.Run<Result<Bytes>>(std::move(read));
}

net::Task<Result<Bytes>> MemorySource::Next() {
  const size_t size = std::min(kPiece, bytes_.size() - at_);
  Bytes piece = Bytes(bytes_).subspan(at_, size);
  at_ += size;
  co_return piece;
}

}  // namespace router::delivery
