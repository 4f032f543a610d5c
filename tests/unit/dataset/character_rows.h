#pragma once
#include <string>
#include <vector>

#include "router/dataset/scanner.h"

namespace router::dataset {

// A text in a value of Specific Character Set (0008,0005), and in UTF-8.
struct CharacterRow {
  const char* terms;
  std::string bytes, utf8;
  Vr vr = VrOf('P', 'N');
};

// The examples of PS3.5 H.3, I.2, J.3, K.2 and a word for each other set of PS3.3 C.12.1.1.2.
const std::vector<CharacterRow>& CharacterRows();

}  // namespace router::dataset
