#pragma once
#include <string_view>

#include "metrics/registry.h"
#include "router/base/result.h"

namespace router::association {

// Counts a peer that broke the protocol, fell silent or stopped reading; other ends are no errors
// of protocol. `error.blame` says which side it was; ours is none of them.
inline void CountProtocolError(metrics::Registry& registry, const Error& error) {
  if (error.blame == Blame::kInternal) return;
  std::string_view reason;
  switch (error.code) {
    case Errc::kMalformedPdu:
      reason = "malformed_pdu";
      break;
    case Errc::kPduTooLarge:
      reason = "pdu_too_large";
      break;
    case Errc::kUnexpectedPdu:
      reason = "unexpected_pdu";
      break;
    case Errc::kMalformedDimse:
      reason = "malformed_dimse";
      break;
    case Errc::kTimeout:
      reason = "timeout";
      break;
    case Errc::kStalled:
      reason = "write_stall";
      break;
    default:
      return;
  }
  const bool upstream = error.blame == Blame::kUpstream;
  registry.Get<metrics::Id::kProtocolErrors>(upstream ? "upstream" : "downstream", reason).Add();
}

}  // namespace router::association
