#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace faulty {

struct Reference {
  std::string uid;
  std::string kind;
};

// What the archive knows of one stored instance. The file holds the data set as it arrived, byte
// for byte, from `offset` on.
struct Instance {
  std::string file;
  size_t offset = 0;
  std::string transfer_syntax;
  std::string uid;
  std::string sop_class;
  std::string kind;                               // the names of router::Kind
  std::map<uint32_t, std::string> attributes;     // top-level text by tag (group << 16 | element)
  std::vector<Reference> references;              // required ones, each once
  std::vector<std::string> machines;              // named by a plan
  int queries = 0;                                // C-FINDs that would have matched it
  std::chrono::steady_clock::time_point arrived;  // when it was stored
  bool settled = false;                           // committed whatever the switches say

  const std::string& Value(uint32_t tag) const;
};

// Reads a Part 10 file, or one without preamble. Nothing if it is no DICOM file.
std::optional<Instance> ReadInstance(const std::string& path);

// The encoded data set of a stored instance.
std::string ReadDataSet(const Instance& instance);
// The same in another transfer syntax; nothing if DCMTK cannot.
std::optional<std::string> ConvertDataSet(const Instance& instance, const std::string& syntax);

}  // namespace faulty
