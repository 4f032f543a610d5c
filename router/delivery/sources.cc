#include "router/delivery/sources.h"

#include <algorithm>

namespace router::delivery {
namespace {
constexpr size_t kPiece = 256 << 10;  // bytes
}

Result<> CheckDigest(const dataset::Digest& digest, const store::SpoolFile& kept) {
  if (digest == kept.sha256) return {};
  return Fail(Errc::kCorrupt, Blame::kInternal,
              "the file " + kept.name +
                  " in the spool is not what was received (its SHA-256 differs): export it again "
                  "from its source");
}

net::Task<Result<std::unique_ptr<association::ByteSource>>> FileSource::Open(
    net::WorkPool& disk, dataset::Region file, std::optional<store::SpoolFile> kept) {
  using Opened = Result<std::unique_ptr<dataset::Source>>;
  std::move_only_function<Opened()> open = [file] { return dataset::OpenRaw(file); };
  auto source = co_await disk.Run<Opened>(std::move(open));
  if (!source) co_return std::unexpected(source.error());
  co_return std::unique_ptr<association::ByteSource>(
      new FileSource(disk, std::move(*source), file.offset, std::move(kept)));
}

Result<Bytes> FileSource::Read() {
  if (auto skipped = source_->Skip(handed_out_); !skipped) {
    return std::unexpected(skipped.error());
  }
  auto piece = source_->Peek(1);
  if (!piece) return piece;
  handed_out_ = std::min(piece->size(), kPiece);
  at_ += handed_out_;
  const Bytes handed_out = piece->first(handed_out_);
  if (kept_) {
    if (auto whole = Check(handed_out); !whole) return std::unexpected(whole.error());
  }
  return handed_out;
}

Result<> FileSource::Check(Bytes piece) {
  if (piece.empty() ? at_ != kept_->size : at_ > kept_->size) {
    return Fail(
        Errc::kCorrupt, Blame::kInternal,
        "the file ends at " + std::to_string(at_) + " and not at " + std::to_string(kept_->size));
  }
  if (piece.empty()) return {};
  sha256_.Add(piece);
  return at_ == kept_->size ? CheckDigest(sha256_.Finish(), *kept_) : Result<>();
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
