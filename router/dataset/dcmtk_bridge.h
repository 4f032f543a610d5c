#pragma once
// For the sources of this folder alone: DCMTK's data sets from and to bytes.
#include <dcmtk/config/osconfig.h>
// DCMTK's configuration comes first.
#include <dcmtk/dcmdata/dcdatset.h>
#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dcostrma.h>
#include <dcmtk/dcmdata/dcxfer.h>

#include <memory>
#include <string>

#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/dataset/source.h"

namespace router::dataset {

// Takes whatever DCMTK writes: into memory, or to a file descriptor of somebody else's.
class Consumer : public DcmConsumer {
 public:
  explicit Consumer(Buffer* into) : into_(into) {}
  explicit Consumer(int fd) : fd_(fd) {}

  OFBool good() const override { return error_ == 0; }
  OFCondition status() const override { return error_ == 0 ? EC_Normal : EC_InvalidStream; }
  OFBool isFlushed() const override { return OFTrue; }
  offile_off_t avail() const override { return 1 << 30; }  // never a reason to wait
  offile_off_t write(const void* bytes, offile_off_t size) override;
  void flush() override {}

  int error() const { return error_; }  // errno of the first write that failed

 private:
  Buffer* into_ = nullptr;
  int fd_ = -1;
  int error_ = 0;
};

class ConsumerStream : public DcmOutputStream {
 public:
  explicit ConsumerStream(Consumer* consumer) : DcmOutputStream(consumer) {}
};

// EXS_Unknown if DCMTK does not know it.
E_TransferSyntax XferOf(const Uid& transfer_syntax);

// Checked before (sound.h), so that DCMTK sees only what is whole. Errors: kCorrupt, kLimit.
Result<std::unique_ptr<DcmDataset>> ReadWithDcmtk(const Encoded& encoded);

// With defined lengths of sequences and items, as DCMTK's own tools send.
OFCondition WriteWithDcmtk(DcmDataset& dataset, E_TransferSyntax xfer, Consumer* consumer);

}  // namespace router::dataset
