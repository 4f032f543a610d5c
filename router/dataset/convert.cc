#include "router/dataset/convert.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "router/dataset/dcmtk_bridge.h"
#include "router/dataset/part10.h"
#include "router/dataset/sound.h"
// After dcmtk_bridge.h, which brings DCMTK's configuration.
#include <dcmtk/dcmdata/dcfilefo.h>

namespace router::dataset {
namespace {

std::unexpected<Error> Impossible(const Uid& from, const Uid& to, std::string_view why) {
  return Fail(Errc::kCorrupt, Blame::kDownstream,
              fmt::format("{} cannot become {}: {}", from.view(), to.view(), why));
}

Result<> WriteAs(DcmDataset& dataset, const Uid& from, const Uid& to, Consumer* consumer) {
  E_TransferSyntax xfer = XferOf(to);
  if (!IsUncompressed(to) || xfer == EXS_Unknown) {
    return Impossible(from, to, "the target is not one of the uncompressed");
  }
  // Without registered codecs DCMTK refuses here whatever has compressed pixel data.
  OFCondition chosen = dataset.chooseRepresentation(xfer, nullptr);
  if (chosen.bad() || !dataset.canWriteXfer(xfer)) {
    return Impossible(from, to, "the pixel data is compressed");
  }
  OFCondition wrote = WriteWithDcmtk(dataset, xfer, consumer);
  if (consumer->error() != 0) {
    return Fail(Errc::kDisk, Blame::kInternal,
                fmt::format("cannot write: {}", std::strerror(consumer->error())), true);
  }
  if (wrote.bad()) return Impossible(from, to, wrote.text());
  return {};
}

struct Loaded {
  FileMeta meta;
  std::unique_ptr<DcmFileFormat> file;  // large values stay on the disk until they are written
};

Result<Loaded> Load(const std::string& path) {
  auto header = ReadPart10Header(path);
  if (!header) return std::unexpected(header.error());
  if (auto sound = CheckSound(header->DatasetOf(path)); !sound) {
    return std::unexpected(sound.error());
  }
  auto file = std::make_unique<DcmFileFormat>();
  OFCondition read = file->loadFile(path.c_str());
  if (read.bad()) {
    return Fail(Errc::kCorrupt, Blame::kDownstream,
                fmt::format("DCMTK cannot read {}: {}", path, read.text()));
  }
  return Loaded{std::move(header->meta), std::move(file)};
}

// A file that is gone again unless it was kept.
class Draft {
 public:
  explicit Draft(std::string path)
      : path_(std::move(path)),
        fd_(open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640)) {}
  ~Draft() {
    if (fd_ < 0) return;
    struct stat facts{};
    bool ours = fstat(fd_, &facts) == 0 && S_ISREG(facts.st_mode);  // never a device
    close(fd_);
    if (ours) unlink(path_.c_str());
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  int fd() const { return fd_; }
  bool Keep() {
    int closed = close(fd_);
    fd_ = -1;
    return closed == 0;
  }

 private:
  std::string path_;
  int fd_;
};

std::unexpected<Error> CannotWrite(const std::string& path) {
  return Fail(Errc::kDisk, Blame::kInternal,
              fmt::format("cannot write {}: {}", path, std::strerror(errno)), true);
}

}  // namespace

Result<> Convert(const std::string& part10_file, const std::string& to_file,
                 const Uid& transfer_syntax) {
  auto loaded = Load(part10_file);
  if (!loaded) return std::unexpected(loaded.error());
  FileMeta meta = loaded->meta;
  meta.transfer_syntax = transfer_syntax;
  Draft draft(to_file);
  if (draft.fd() < 0) return CannotWrite(to_file);
  Consumer consumer(draft.fd());
  Buffer header = MakeFileMetaHeader(meta);
  consumer.write(header.data(), static_cast<offile_off_t>(header.size()));
  auto wrote = WriteAs(*loaded->file->getDataset(), loaded->meta.transfer_syntax, transfer_syntax,
                       &consumer);
  if (!wrote) return wrote;
  if (!draft.Keep()) return CannotWrite(to_file);
  return {};
}

Result<Buffer> ConvertToBytes(const std::string& part10_file, const Uid& transfer_syntax) {
  auto loaded = Load(part10_file);
  if (!loaded) return std::unexpected(loaded.error());
  Buffer out;
  Consumer consumer(&out);
  auto wrote = WriteAs(*loaded->file->getDataset(), loaded->meta.transfer_syntax, transfer_syntax,
                       &consumer);
  if (!wrote) return std::unexpected(wrote.error());
  return out;
}

Result<Buffer> ConvertToBytes(const Encoded& encoded, const Uid& transfer_syntax) {
  auto dataset = ReadWithDcmtk(encoded);
  if (!dataset) return std::unexpected(dataset.error());
  Buffer out;
  Consumer consumer(&out);
  auto wrote = WriteAs(**dataset, encoded.transfer_syntax, transfer_syntax, &consumer);
  if (!wrote) return std::unexpected(wrote.error());
  return out;
}

}  // namespace router::dataset
