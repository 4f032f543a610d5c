#pragma once
#include "router/base/result.h"

namespace router::dataset {

// Called once at start, before other threads exist: loads the data dictionary (33 ms that no
// association should pay) and routes DCMTK's own messages into log::Warning, as the place in DCMTK
// and the tag they are about: their text may hold patient data and is dropped. Nothing of DCMTK
// writes to the console afterwards. Errors: kNotFound where DCMTK finds no dictionary.
Result<> Start();

}  // namespace router::dataset
