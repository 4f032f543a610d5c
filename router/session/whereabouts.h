#pragma once
#include <optional>

#include "router/base/bytes.h"
#include "router/hold/whereabouts.h"

namespace router::session {

// What the first bytes of an instance's data set tell of where it belongs, in a few microseconds;
// what they do not tell is empty.
hold::Whereabouts WhereaboutsIn(Bytes first, const Uid& transfer_syntax, const Uid& sop_class);

// The same of a data set that passes in pieces, of which the first may be short. As a rule it tells
// it all, and nothing is copied; else up to 16 KiB are kept until they do. Of one message.
class WhereaboutsReader {
 public:
  // The next piece. An answer comes once: as soon as the head tells all, or at its end.
  std::optional<hold::Whereabouts> Add(Bytes piece, bool last, const Uid& transfer_syntax,
                                       const Uid& sop_class);

 private:
  Buffer kept_;
  size_t next_ = 0;  // bytes at which it is worth while to look again
  bool done_ = false;
};

}  // namespace router::session
