#pragma once
#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/dataset/source.h"

namespace router::dataset {

using Digest = std::array<std::byte, 32>;

std::string Hex(const Digest& digest);  // 64 lower-case digits

// SHA-256 (FIPS 180-4) of what is added, piece by piece. One owner, one thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void Add(Bytes bytes);
  Digest Finish();  // once

  static Digest Of(Bytes bytes);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Of the bytes of the data set as they lie in the file: two instances with this digest are the
// same byte for byte, in the same transfer syntax. Blocks on the disk. Errors: kDisk.
Result<Digest> DigestOfBytes(const Region& region);

// Of the content, whatever uncompressed transfer syntax it is in, however its lengths are written
// and its text is padded. The SHA-256 of this stream, all numbers little endian:
//
//   element   = tag (group, element: 2 bytes each) and one of
//                 'V' value length (8 bytes)
//                 'S' { 'I' element… 'i' } 's'
//                 'P' { 'F' fragment length (8 bytes) } 'p'     encapsulated pixel data
//   data set  = element…  in the order of the file
//
// - No VR. Values of a big-endian data set are turned by the unit of their VR (US SS OW AT: 2;
//   UL SL FL OF OL: 4; FD OD SV UV OV: 8; all others, UN too: 1).
// - Of an element that is text by the data dictionary (whatever VR stands there) NUL counts as a
//   space, and spaces at the end are left out: DCMTK writes padding anew. Private ones stay as
//   they are, because in implicit VR nobody knows whether they are text.
// - Group lengths (gggg,0000) and (FFFC,FFFC) Data Set Trailing Padding are left out, at any depth.
// - A sequence without items is an element of length 0.
// - An element of unknown VR (UN; or in implicit VR, private) of at most 1 MiB that consists of
//   items in Implicit VR Little Endian counts as a sequence. A larger one is a value, so that the
//   same object in explicit VR may differ: a false "other content", never a false "same".
// - Compressed pixel data is not decompressed: it differs from the uncompressed.
//
// Errors: kDisk; kCorrupt, blamed on the sender, where the bytes are no data set.
Result<Digest> CanonicalDigest(const Region& region);
Result<Digest> CanonicalDigest(const Encoded& encoded);

}  // namespace router::dataset
