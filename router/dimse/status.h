#pragma once
#include <cstdint>
#include <string_view>

#include "router/dimse/command.h"

namespace router::dimse {

// Values of (0000,0900) Status that Sluice sends or looks for. PS3.7 Annex C, PS3.4 B.2.3
// (C-STORE), C.4 (C-FIND, C-MOVE, C-GET).
namespace status {
inline constexpr uint16_t kSuccess = 0x0000;
inline constexpr uint16_t kPending = 0xFF00;
inline constexpr uint16_t kPendingOptionalKeys = 0xFF01;  // pending too: optional keys unsupported
inline constexpr uint16_t kCancelled = 0xFE00;

// Any service.
inline constexpr uint16_t kProcessingFailure = 0x0110;
inline constexpr uint16_t kDuplicateSopInstance = 0x0111;
inline constexpr uint16_t kNoSuchSopInstance = 0x0112;
inline constexpr uint16_t kInvalidArgument = 0x0115;
inline constexpr uint16_t kNoSuchSopClass = 0x0118;
inline constexpr uint16_t kClassInstanceConflict = 0x0119;
inline constexpr uint16_t kSopClassNotSupported = 0x0122;
inline constexpr uint16_t kNoSuchAction = 0x0123;
inline constexpr uint16_t kNotAuthorized = 0x0124;
inline constexpr uint16_t kDuplicateInvocation = 0x0210;
inline constexpr uint16_t kUnrecognizedOperation = 0x0211;
inline constexpr uint16_t kMistypedArgument = 0x0212;
inline constexpr uint16_t kResourceLimitation = 0x0213;

// Failure Reason (0008,1197) of storage commitment, beside 0110H, 0112H and 0119H (PS3.3 C.14).
inline constexpr uint16_t kDuplicateTransaction = 0x0131;

// C-STORE.
inline constexpr uint16_t kOutOfResources = 0xA700;
inline constexpr uint16_t kDataSetMismatch = 0xA900;  // does not match its SOP class
inline constexpr uint16_t kCannotUnderstand = 0xC000;
inline constexpr uint16_t kCoercion = 0xB000;
inline constexpr uint16_t kElementsDiscarded = 0xB006;
inline constexpr uint16_t kDataSetMismatchWarning = 0xB007;

// C-MOVE, C-GET.
inline constexpr uint16_t kUnableToCountMatches = 0xA701;
inline constexpr uint16_t kUnableToPerformSuboperations = 0xA702;
inline constexpr uint16_t kMoveDestinationUnknown = 0xA801;
inline constexpr uint16_t kIdentifierMismatch = 0xA900;
inline constexpr uint16_t kSuboperationsFailed = 0xB000;  // complete, one or more failed or warned
inline constexpr uint16_t kUnableToProcess = 0xC000;
}  // namespace status

enum class StatusClass : uint8_t { kSuccess, kPending, kWarning, kFailure, kCancel };

// Pending exists for C-FIND, C-MOVE and C-GET only, cancel for those; elsewhere such values are
// failures. Unknown values are failures.
StatusClass ClassOf(Command command, uint16_t status);

std::string_view NameOf(StatusClass status_class);  // "success"; the label of metrics

// What the standard calls a value for this service, for log lines; the name of its class if it has
// none.
std::string_view StatusName(Command command, uint16_t status);

}  // namespace router::dimse
