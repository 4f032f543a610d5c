#pragma once
#include "router/base/result.h"
#include "router/dataset/source.h"

namespace router::dataset {

// Walks all of it and keeps nothing: is this a whole data set in its transfer syntax, every length
// within what is around it, no more than 64 items deep? Whatever DCMTK is given has passed here:
// its parser has no bound of its own. Values of unknown VR that begin like items must be items.
// Errors: kDisk; kCorrupt, blamed on the sender; kLimit for such a value of more than 16 MiB.
Result<> CheckSound(const Region& region);
Result<> CheckSound(const Encoded& encoded);

}  // namespace router::dataset
