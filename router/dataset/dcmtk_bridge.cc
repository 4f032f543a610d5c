#include "router/dataset/dcmtk_bridge.h"

#include <dcmtk/dcmdata/dcwcache.h>
#include <unistd.h>

#include <cerrno>

#include "router/dataset/sound.h"

namespace router::dataset {

offile_off_t Consumer::write(const void* bytes, offile_off_t size) {
  const auto* at = static_cast<const std::byte*>(bytes);
  if (into_ != nullptr) {
    into_->insert(into_->end(), at, at + size);
    return size;
  }
  offile_off_t done = 0;
  while (done < size && error_ == 0) {
    ssize_t wrote = ::write(fd_, at + done, static_cast<size_t>(size - done));
    if (wrote >= 0) {
      done += wrote;
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
  return done;
}

E_TransferSyntax XferOf(const Uid& transfer_syntax) {
  if (transfer_syntax.empty()) return EXS_LittleEndianImplicit;
  return DcmXfer(transfer_syntax.str().c_str()).getXfer();
}

Result<std::unique_ptr<DcmDataset>> ReadWithDcmtk(const Encoded& encoded) {
  E_TransferSyntax xfer = XferOf(encoded.transfer_syntax);
  if (xfer == EXS_Unknown) {
    return Fail(Errc::kCorrupt, Blame::kDownstream,
                "unknown transfer syntax " + encoded.transfer_syntax.str());
  }
  if (auto sound = CheckSound(encoded); !sound) return std::unexpected(sound.error());
  auto dataset = std::make_unique<DcmDataset>();
  if (encoded.bytes.empty()) return dataset;
  DcmInputBufferStream stream;
  stream.setBuffer(encoded.bytes.data(), static_cast<offile_off_t>(encoded.bytes.size()));
  stream.setEos();
  dataset->transferInit();
  OFCondition read = dataset->read(stream, xfer, EGL_noChange);
  dataset->transferEnd();
  if (read.bad()) {
    return Fail(Errc::kCorrupt, Blame::kDownstream,
                std::string("DCMTK cannot read the data set: ") + read.text());
  }
  return dataset;
}

OFCondition WriteWithDcmtk(DcmDataset& dataset, E_TransferSyntax xfer, Consumer* consumer) {
  ConsumerStream stream(consumer);
  DcmWriteCache cache;
  dataset.transferInit();
  OFCondition wrote = dataset.write(stream, xfer, EET_ExplicitLength, &cache, EGL_recalcGL);
  dataset.transferEnd();
  stream.flush();
  if (wrote.good()) wrote = stream.status();
  return wrote;
}

}  // namespace router::dataset
