#pragma once
#include <optional>
#include <string>
#include <vector>

#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/dataset/source.h"

namespace router::dataset {

// What a data set has in one place, for a person. Patient data: for whoever has the file, never for
// a log.
struct Shown {
  std::string text;   // UTF-8; several values are parted by backslashes
  bool exact = true;  // else what there is instead of a text: "36 bytes", "2 items"
};

// One element that is not in both of two data sets, or not the same.
struct Difference {
  std::string path;                    // "BeamSequence[1].TreatmentMachineName", "(3253,1000)"
  std::optional<Shown> before, after;  // absent: it is not there
};

// In the order of the elements; items of a sequence one by one if there are as many of them.
// Lengths of groups and Length to End (0008,0001) are left out. For a few people, not for the data
// path: the data sets are in memory, inflated. Errors: kCorrupt, blamed on the sender, where one is
// none.
Result<std::vector<Difference>> DifferencesBetween(const Encoded& before, const Encoded& after);

// All bytes of the data set in a file, as they stand. Errors: kDisk; kLimit beyond `at_most` bytes.
Result<Buffer> ReadAll(const Region& region, uint64_t at_most);

}  // namespace router::dataset
