#pragma once
#include "router/base/kind.h"
#include "router/base/uid.h"

namespace router::hold {

// What an instance is that was stored at the application, and where it belongs; what is empty is
// not known. For requirements that ask for more than one instance: a series, the images of a frame
// of reference, a structure set of a study.
struct Whereabouts {
  Kind kind = Kind::kOther;
  Uid series, study, frame_of_reference;
};

}  // namespace router::hold
