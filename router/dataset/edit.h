#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/base/uid.h"
#include "router/dataset/encoding.h"
#include "router/dataset/source.h"

namespace router::dataset {

// The data set with the value of one top-level element of text (AE, UI, LO, CS …) replaced; all
// other bytes stay as they are, except the length of the element's group (gggg,0000) where one
// is given. The value is padded to even length with NUL for UI, else with a space. An element
// that is not there is not inserted: the bytes come back unchanged. Any of the four uncompressed
// transfer syntaxes, and encapsulated ones. Errors: kCorrupt, blamed on the sender, where the
// bytes up to the element are no data set; kLimit where the value is longer than its VR can say.
Result<Buffer> ReplaceElement(Bytes dataset, const Uid& transfer_syntax, Tag tag,
                              std::string_view value);

struct Renamed {
  Buffer header;  // of the file, up to its data set; only of a region
  Buffer data_set;
  size_t replaced = 0;
  bool has_integrity = false;  // (3287,1000) to (3287,1002): made for what was before
};

// The data set with each text at one of `paths` (sequences from the outside in and the element, in
// any item) that is a key of `names`, padding aside, replaced by its value. All other bytes stay as
// they are, except the lengths of what is around: items and sequences of defined length, and groups
// where (gggg,0000) is given. Looked at are values of one text and at most 1024 bytes: what else
// there may be is for the caller to find out. Errors: kCorrupt, blamed on the sender; kLimit, for
// good, where a length does not fit, or the data set is longer than `at_most`, inflated too; kDisk.
// Not for a loop.
constexpr uint64_t kMostEdited = uint64_t{256} << 20;
Result<Renamed> RenameTexts(Bytes data_set, const Uid& transfer_syntax,
                            std::span<const std::vector<Tag>> paths,
                            const std::map<std::string, std::string>& names,
                            uint64_t at_most = kMostEdited);
Result<Renamed> RenameTexts(const Region& region, std::span<const std::vector<Tag>> paths,
                            const std::map<std::string, std::string>& names);

}  // namespace router::dataset
