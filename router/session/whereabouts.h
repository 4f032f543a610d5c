#pragma once
#include "router/base/bytes.h"
#include "router/hold/whereabouts.h"

namespace router::session {

// What the first bytes of an instance's data set tell of where it belongs, in a few microseconds;
// what they do not tell is empty.
hold::Whereabouts WhereaboutsIn(Bytes first, const Uid& transfer_syntax, const Uid& sop_class);

}  // namespace router::session
