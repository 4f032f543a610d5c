#pragma once
#include "corpus.h"
// DCMTK's configuration comes first.
#include <dcmtk/dcmdata/dcistrmb.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "router/dataset/element_edit.h"

// Edits for tests, and what they left.
namespace router::dataset {

ElementEdit SetTo(std::string_view path, std::string_view value);
ElementEdit RemoveOf(std::string_view path);
ElementEdit CopyTo(std::string_view path, std::string_view from);
ElementEdit CharacterSetEdit(std::string_view value);
ElementEdit RemovePrivateEdit(std::vector<std::string> keep);

Result<EditedHead> EditBy(Bytes bytes, const Uid& syntax, std::vector<ElementEdit> edits);
Buffer Assembled(const EditedHead& edited, Bytes before);
// The bytes after the edits; an error is a failure of the test.
Buffer After(Bytes bytes, const Uid& syntax, std::vector<ElementEdit> edits);

// The bytes of each top-level element, header and all; inflated.
std::map<Tag, std::string> TopLevel(Bytes bytes, const Uid& syntax);
std::unique_ptr<DcmDataset> Parsed(Bytes bytes, const Uid& syntax);

}  // namespace router::dataset
