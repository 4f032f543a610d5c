#include "router/dataset/source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "router/base/log.h"

namespace router::dataset {
namespace {

constexpr size_t kWindow = 1 << 18;  // bytes
constexpr size_t kSmallWindow =
    1 << 14;                      // bytes, before the first seek shows what the reader wants
constexpr int kRawDeflate = -15;  // zlib's way to say: no zlib header

class MemorySource : public Source {
 public:
  explicit MemorySource(Bytes bytes) : left_(bytes) {}
  Result<Bytes> Peek(size_t) override { return left_; }
  Result<uint64_t> Skip(uint64_t count) override {
    uint64_t there = std::min<uint64_t>(count, left_.size());
    left_ = left_.subspan(there);
    return there;
  }

 private:
  Bytes left_;
};

// The same, of bytes of which it has a share.
class SharedSource : public MemorySource {
 public:
  explicit SharedSource(std::shared_ptr<const Buffer> bytes)
      : MemorySource(*bytes), bytes_(std::move(bytes)) {}

 private:
  std::shared_ptr<const Buffer> bytes_;
};

// Only a file that is not there stays away; descriptors and disks come back.
std::unexpected<Error> DiskError(const std::string& path, const char* what) {
  int code = errno;
  return Fail(code == ENOENT ? Errc::kNotFound : Errc::kDisk, Blame::kInternal,
              fmt::format("{} {}: {}", what, path, std::strerror(code)), code != ENOENT);
}

// Bytes that are there but not looked at yet, at the front of a buffer that grows to what is asked.
class Window {
 public:
  Bytes view() const { return Bytes(buffer_).subspan(begin_, end_ - begin_); }
  size_t size() const { return end_ - begin_; }
  void Drop(size_t count) { begin_ += count; }
  void Clear() { begin_ = end_ = 0; }
  // Room behind what is there, so that `least` bytes fit in all.
  std::span<std::byte> Room(size_t least) {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, size());
      end_ -= begin_;
      begin_ = 0;
    }
    if (buffer_.size() < least) buffer_.resize(least);
    return std::span(buffer_).subspan(end_);
  }
  void Grew(size_t count) { end_ += count; }

 private:
  Buffer buffer_;
  size_t begin_ = 0, end_ = 0;
};

class FileSource : public Source {
 public:
  FileSource(std::string path, int fd, uint64_t offset, uint64_t size)
      : path_(std::move(path)), fd_(fd), offset_(offset), size_(size) {}
  ~FileSource() override { close(fd_); }

  Result<Bytes> Peek(size_t least) override {
    while (window_.size() < least && offset_ < size_) {
      // A head is read in small pieces; whoever goes on reads large ones.
      size_t room = std::max(least, first_ ? kSmallWindow : kWindow);
      first_ = false;
      std::span<std::byte> into = window_.Room(room);
      into = into.first(std::min<uint64_t>(into.size(), size_ - offset_));
      ssize_t got = pread(fd_, into.data(), into.size(), static_cast<off_t>(offset_));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return DiskError(path_, "cannot read");
      if (got == 0) size_ = offset_;  // somebody made it shorter
      window_.Grew(static_cast<size_t>(got));
      offset_ += static_cast<uint64_t>(got);
    }
    return window_.view();
  }

  Result<uint64_t> Skip(uint64_t count) override {
    uint64_t near = std::min<uint64_t>(count, window_.size());
    window_.Drop(near);
    if (near == count) return count;
    uint64_t far = std::min<uint64_t>(count - near, size_ - offset_);
    offset_ += far;
    return near + far;
  }

 private:
  std::string path_;
  int fd_;
  uint64_t offset_, size_;  // of the next byte to read, and of the end
  Window window_;
  bool first_ = true;
};

class InflatingSource : public Source {
 public:
  explicit InflatingSource(std::unique_ptr<Source> deflated, uint64_t at_most = kMostInflated)
      : deflated_(std::move(deflated)), at_most_(at_most) {
    if (inflateInit2(&stream_, kRawDeflate) != Z_OK) log::Fatal("zlib does not start");
  }
  ~InflatingSource() override { inflateEnd(&stream_); }
  InflatingSource(const InflatingSource&) = delete;
  InflatingSource& operator=(const InflatingSource&) = delete;

  Result<Bytes> Peek(size_t least) override {
    while (window_.size() < least && !ended_) {
      if (auto more = InflateMore(least); !more) return std::unexpected(more.error());
    }
    return window_.view();
  }

  Result<uint64_t> Skip(uint64_t count) override {
    uint64_t done = 0;
    while (true) {
      uint64_t near = std::min<uint64_t>(count - done, window_.size());
      window_.Drop(near);
      done += near;
      if (done == count) return done;
      auto more = Peek(1);
      if (!more) return std::unexpected(more.error());
      if (more->empty()) return done;
    }
  }

 private:
  Result<> InflateMore(size_t least) {
    auto in = deflated_->Peek(1);
    if (!in) return std::unexpected(in.error());
    std::span<std::byte> out = window_.Room(std::max(least, kWindow));
    size_t offered = std::min<size_t>(in->size(), kWindow);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in->data()));
    stream_.avail_in = static_cast<uInt>(offered);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(out.size(), kWindow));
    uInt room = stream_.avail_out;
    int said = inflate(&stream_, Z_NO_FLUSH);
    size_t taken = offered - stream_.avail_in, made = room - stream_.avail_out;
    window_.Grew(made);
    total_ += made;
    if (said == Z_MEM_ERROR) log::Fatal("zlib has no memory");
    if (said != Z_OK && said != Z_STREAM_END && said != Z_BUF_ERROR) {
      return Fail(Errc::kCorrupt, Blame::kDownstream, "the deflated data set cannot be inflated");
    }
    if (total_ > at_most_) {
      return Fail(Errc::kLimit, Blame::kDownstream,
                  fmt::format("the deflated data set is over {} bytes", at_most_));
    }
    // Nothing in and nothing out: the stream was cut, which is for the reader to notice.
    if (said == Z_STREAM_END || (taken == 0 && made == 0)) ended_ = true;
    auto passed = deflated_->Skip(taken);
    if (!passed) return std::unexpected(passed.error());
    return {};
  }

  std::unique_ptr<Source> deflated_;
  const uint64_t at_most_;  // bytes that come out
  z_stream stream_{};
  Window window_;
  uint64_t total_ = 0;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Source> Open(const Encoded& encoded) {
  std::unique_ptr<Source> source = std::make_unique<MemorySource>(encoded.bytes);
  if (!EncodingOf(encoded.transfer_syntax).deflated) return source;
  return std::make_unique<InflatingSource>(std::move(source));
}

Result<std::unique_ptr<Source>> OpenRaw(const Region& region) {
  if (region.bytes) return std::make_unique<SharedSource>(region.bytes);
  int fd = open(region.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return DiskError(region.path, "cannot open");
  struct stat facts{};
  if (fstat(fd, &facts) != 0) {
    auto error = DiskError(region.path, "cannot stat");
    close(fd);
    return error;
  }
  auto size = static_cast<uint64_t>(facts.st_size);
  return std::make_unique<FileSource>(region.path, fd, std::min(region.offset, size), size);
}

Result<std::unique_ptr<Source>> Open(const Region& region) {
  auto raw = OpenRaw(region);
  if (!raw || !EncodingOf(region.transfer_syntax).deflated) return raw;
  return std::make_unique<InflatingSource>(std::move(*raw));
}

Buffer Deflate(Bytes dataset) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRawDeflate, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    log::Fatal("zlib does not start");
  }
  Buffer out(deflateBound(&stream, dataset.size()) + 1);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(dataset.data()));
  stream.avail_in = static_cast<uInt>(dataset.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) log::Fatal("zlib exceeds its own bound");
  out.resize(stream.total_out + stream.total_out % 2);  // PS3.5 A.5: a single NUL if odd
  if (stream.total_out % 2) out.back() = std::byte{0};
  deflateEnd(&stream);
  return out;
}

Result<Buffer> Inflate(Bytes deflated, uint64_t at_most) {
  InflatingSource source(std::make_unique<MemorySource>(deflated), at_most);
  Buffer out;
  while (true) {
    auto piece = source.Peek(1);
    if (!piece) return std::unexpected(piece.error());
    if (piece->empty()) return out;
    out.insert(out.end(), piece->begin(), piece->end());
    if (auto on = source.Skip(piece->size()); !on) return std::unexpected(on.error());
  }
}

}  // namespace router::dataset
