#pragma once
#include <string>

#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/base/uid.h"
#include "router/dataset/source.h"

namespace router::dataset {

// Re-encodes a Part 10 file into another of the four uncompressed transfer syntaxes, by DCMTK, and
// nothing else: no pixel data is compressed, decompressed or changed, and no element either, save
// that lengths of groups and sequences and the padding of text are written anew. The File Meta
// Information keeps what it says but for the transfer syntax. Takes memory as the object is large:
// run it on the cpu pool, under its byte budget. Any thread, several at once.
//
// Errors: kDisk; kCorrupt where the source cannot be read or its pixel data is compressed, or the
// target is none of the four: not retryable, names both transfer syntaxes.
Result<> Convert(const std::string& part10_file, const std::string& to_file,
                 const Uid& transfer_syntax);

// The same, the data set alone (without File Meta Information), into memory.
Result<Buffer> ConvertToBytes(const std::string& part10_file, const Uid& transfer_syntax);
Result<Buffer> ConvertToBytes(const Encoded& encoded, const Uid& transfer_syntax);

}  // namespace router::dataset
