#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace router {

// Who must act on an error. Decides the answer we give: a downstream fault is refused or aborted,
// an upstream fault is retried or held, ours is logged loud.
enum class Blame : uint8_t { kDownstream, kUpstream, kInternal };

enum class Errc : uint8_t {
  kMalformedPdu,    // PS3.8 9.3: the bytes are no PDU; abort, do not resynchronise
  kPduTooLarge,     // a length field exceeds what was agreed or what memory allows
  kUnexpectedPdu,   // a PDU or primitive that PS3.8 Table 9-10 does not allow now
  kMalformedDimse,  // PS3.7: the command set or its fragments make no message
  kRejected,        // A-ASSOCIATE-RJ
  kAborted,         // A-ABORT received
  kReleased,        // the peer released where a message was expected
  kTimeout,         // a deadline of the leg
  kStalled,         // the peer read nothing for the write-stall time of the leg
  kConnect,         // no TCP connection
  kClosed,          // the connection ended
  kInterrupted,     // we ended it: drain, or the other leg of the pair is gone
  kRefused,         // the peer answered a DIMSE request with a failure status
  kDisk,
  kCorrupt,
  kBadConfig,
  kLimit,  // a budget of ours: slots, bytes, instances
  kNotFound,
};

struct Error {
  Errc code;
  Blame blame = Blame::kInternal;
  bool retryable = false;  // may the same bytes succeed later, unchanged?
  std::string detail;      // for people; never parsed, never patient data
};

// Every fallible function returns Result. Exceptions stop at the edge of a third-party call.
// `Status` is not used here: it names DIMSE (0000,0900).
template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> Fail(Errc code, Blame blame, std::string detail,
                                   bool retryable = false) {
  return std::unexpected(Error{code, blame, retryable, std::move(detail)});
}

}  // namespace router
