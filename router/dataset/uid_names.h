#pragma once
#include <string>
#include <vector>

namespace router::dataset {

// A storage SOP class of PS3.6 Annex A.
struct StorageClassName {
  std::string uid;
  std::string word;  // from its keyword: "CTImageStorage" → "ct_image", "for_presentation" kept
  bool is_image = false;    // by its keyword; RT Image is none
  bool is_retired = false;  // or a draft, or of another standard (DICOS, DICONDE)
};

// As DCMTK has them. Made at the first call; any thread.
const std::vector<StorageClassName>& StorageClassNames();

}  // namespace router::dataset
