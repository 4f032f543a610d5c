#pragma once
#include <optional>
#include <string_view>

#include "metrics/registry.h"
#include "router/base/result.h"

namespace router::session {

// Counts a client that broke the protocol or fell silent; other ends are no errors of protocol.
inline void CountProtocolError(metrics::Registry& registry, const Error& why) {
  std::string_view reason;
  switch (why.code) {
    case Errc::kMalformedPdu: reason = "malformed_pdu"; break;
    case Errc::kPduTooLarge: reason = "pdu_too_large"; break;
    case Errc::kUnexpectedPdu: reason = "unexpected_pdu"; break;
    case Errc::kMalformedDimse: reason = "malformed_dimse"; break;
    case Errc::kTimeout: reason = "timeout"; break;
    default: return;
  }
  registry.Get<metrics::Id::kProtocolErrors>("downstream", reason).Add();
}

}  // namespace router::session
