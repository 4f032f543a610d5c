#pragma once
#include <string_view>

#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/base/uid.h"
#include "router/dataset/encoding.h"

namespace router::dataset {

// The data set with the value of one top-level element of text (AE, UI, LO, CS …) replaced; all
// other bytes stay as they are, except the length of the element's group (gggg,0000) where one
// is given. The value is padded to even length with NUL for UI, else with a space. An element
// that is not there is not inserted: the bytes come back unchanged. Any of the four uncompressed
// transfer syntaxes, and encapsulated ones. Errors: kCorrupt, blamed on the sender, where the
// bytes up to the element are no data set; kLimit where the value is longer than its VR can say.
Result<Buffer> ReplaceElement(Bytes dataset, const Uid& transfer_syntax, Tag tag,
                              std::string_view value);

}  // namespace router::dataset
