#pragma once
#include <string>

namespace router::config {

// deploy/sluice.schema.json, whole: JSON Schema (draft-07, which the YAML extensions of editors
// take) for a configuration, or for a part that another one includes. It finds what a person
// mistypes; what only all keys together can show is left to `sluice check`, and nothing that this
// accepts is a fault there. Made of Shapes and the meanings.
std::string EditorSchema();

}  // namespace router::config
