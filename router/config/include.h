#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "router/base/result.h"
#include "router/config/tree.h"

namespace router::config {

// A file and what it includes, as one tree: each node still names the file that it stands in.
struct Included {
  Tree tree;
  std::vector<Fault> warnings;
  std::vector<std::string>
      files;  // the first is the one that includes the others; in reading order
};

// Adds to `tree`, which was read from `file`, what the patterns of its key `include` find, relative
// to the directory of `file`, in the order of the names. Of what stands in several files,
// `applications` has the names of all, `clients` and `rules` are lists one after the other;
// anything else, and any name, may stand in one file only. Never throws; blocks on the disk.
Included FollowIncludes(std::string_view file, Tree tree);

// The text of a file, at most one byte more than kLargestText. Errors: kDisk, why it cannot be
// read.
Result<std::string> ReadText(const std::string& path);

}  // namespace router::config
