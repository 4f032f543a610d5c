#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "router/base/ae_title.h"
#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/base/uid.h"
#include "router/dataset/source.h"

namespace router::dataset {

// File Meta Information (PS3.10 7.1).
struct FileMeta {
  Uid sop_class, sop_instance;         // (0002,0002), (0002,0003)
  Uid transfer_syntax;                 // (0002,0010)
  Uid implementation_class;            // (0002,0012)
  std::string implementation_version;  // (0002,0013), at most 16 characters; may be empty
  AeTitle source;                      // (0002,0016); may be empty
};

// Preamble, "DICM" and group 0002. Followed by the bytes of a data set in `transfer_syntax` as
// they came from the wire it is a Part 10 file.
Buffer MakeFileMetaHeader(const FileMeta& meta);

struct Part10Header {
  FileMeta meta;
  uint64_t dataset_offset = 0;  // bytes from the beginning of the file
  uint64_t dataset_length = 0;  // bytes

  Region DatasetOf(std::string path) const {
    return {std::move(path), dataset_offset, meta.transfer_syntax};
  }
};

// Strict: preamble, prefix, group 0002 in Explicit VR Little Endian with a transfer syntax; a group
// length that is there must be right. Reads at most 1 MiB. Errors: kNotFound, kDisk; kCorrupt
// where this is no Part 10 file.
Result<Part10Header> ReadPart10Header(const std::string& path);
Result<Part10Header> ParsePart10Header(Bytes file_prefix, uint64_t file_size);

}  // namespace router::dataset
