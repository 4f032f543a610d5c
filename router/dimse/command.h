#pragma once
#include <cstdint>
#include <string_view>

namespace router::dimse {

// (0000,0100) Command Field, PS3.7 Annex E.1. A peer may send any other value: kept, IsKnown is
// false.
enum class Command : uint16_t {
  kCStoreRq = 0x0001,
  kCStoreRsp = 0x8001,
  kCGetRq = 0x0010,
  kCGetRsp = 0x8010,
  kCFindRq = 0x0020,
  kCFindRsp = 0x8020,
  kCMoveRq = 0x0021,
  kCMoveRsp = 0x8021,
  kCEchoRq = 0x0030,
  kCEchoRsp = 0x8030,
  kNEventReportRq = 0x0100,
  kNEventReportRsp = 0x8100,
  kNGetRq = 0x0110,
  kNGetRsp = 0x8110,
  kNSetRq = 0x0120,
  kNSetRsp = 0x8120,
  kNActionRq = 0x0130,
  kNActionRsp = 0x8130,
  kNCreateRq = 0x0140,
  kNCreateRsp = 0x8140,
  kNDeleteRq = 0x0150,
  kNDeleteRsp = 0x8150,
  kCCancelRq = 0x0FFF,
};

inline constexpr uint16_t kResponseBit = 0x8000;

constexpr bool IsResponse(Command command) {
  return (static_cast<uint16_t>(command) & kResponseBit) != 0;
}
constexpr bool IsRequest(Command command) { return !IsResponse(command); }
// The request that a response answers; a request is its own.
constexpr Command RequestOf(Command command) {
  return static_cast<Command>(static_cast<uint16_t>(command) & ~kResponseBit);
}
constexpr Command ResponseTo(Command request) {
  return static_cast<Command>(static_cast<uint16_t>(request) | kResponseBit);
}

bool IsKnown(Command command);

// "C-STORE-RQ"; "unknown" if PS3.7 has no such command.
std::string_view NameOf(Command command);
// "C-STORE" for request and response, "C-CANCEL"; the spelling of rules and of metric labels.
std::string_view ServiceOf(Command command);

}  // namespace router::dimse
