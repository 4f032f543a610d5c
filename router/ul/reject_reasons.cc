#include "router/ul/reject_reasons.h"

#include <fmt/format.h>

namespace router::ul {
namespace {

std::string_view ResultName(uint8_t result) {
  switch (result) {
    case 1:
      return "permanent";
    case 2:
      return "transient";
    default:
      return "unknown result";
  }
}

std::string_view RejectSourceName(uint8_t source) {
  switch (source) {
    case 1:
      return "service user";
    case 2:
      return "service provider (ACSE)";
    case 3:
      return "service provider (presentation)";
    default:
      return "unknown source";
  }
}

// PS3.8 Table 9-21. Reasons that it reserves have no name.
std::string_view RejectReasonName(uint8_t source, uint8_t reason) {
  switch (source << 8 | reason) {
    case 1 << 8 | 1:
    case 2 << 8 | 1:
      return "no reason given";
    case 1 << 8 | 2:
      return "application context name not supported";
    case 1 << 8 | 3:
      return "calling AE title not recognized";
    case 1 << 8 | 7:
      return "called AE title not recognized";
    case 2 << 8 | 2:
      return "protocol version not supported";
    case 3 << 8 | 1:
      return "temporary congestion";
    case 3 << 8 | 2:
      return "local limit exceeded";
    default:
      return "unknown reason";
  }
}

// PS3.8 Table 9-26. The reason means nothing unless the provider is the source.
std::string_view AbortReasonName(uint8_t reason) {
  switch (reason) {
    case 0:
      return "reason not specified";
    case 1:
      return "unrecognized PDU";
    case 2:
      return "unexpected PDU";
    case 4:
      return "unrecognized PDU parameter";
    case 5:
      return "unexpected PDU parameter";
    case 6:
      return "invalid PDU parameter value";
    default:
      return "unknown reason";
  }
}

}  // namespace

std::string Describe(const AssociateRj& rj) {
  return fmt::format("{}, {}: {} ({}/{}/{})", ResultName(rj.result), RejectSourceName(rj.source),
                     RejectReasonName(rj.source, rj.reason), rj.result, rj.source, rj.reason);
}

std::string Describe(const Abort& abort) {
  if (abort.source == 0) return "service user";
  if (abort.source != 2) return fmt::format("unknown source ({}/{})", abort.source, abort.reason);
  return fmt::format("service provider: {} ({}/{})", AbortReasonName(abort.reason), abort.source,
                     abort.reason);
}

}  // namespace router::ul
