#pragma once
#include <cstdint>

// Types of the items and sub-items of A-ASSOCIATE-RQ and -AC. PS3.8 9.3.2, 9.3.3, D; PS3.7 D.3.3.
// Shared by the two halves of the codec; not for others.
namespace router::ul::item {

inline constexpr uint8_t kApplicationContext = 0x10;
inline constexpr uint8_t kProposedContext = 0x20;
inline constexpr uint8_t kAnsweredContext = 0x21;
inline constexpr uint8_t kAbstractSyntax = 0x30;
inline constexpr uint8_t kTransferSyntax = 0x40;
inline constexpr uint8_t kUserInformation = 0x50;
inline constexpr uint8_t kMaxLength = 0x51;
inline constexpr uint8_t kImplementationClass = 0x52;
inline constexpr uint8_t kAsyncWindow = 0x53;
inline constexpr uint8_t kRoleSelection = 0x54;
inline constexpr uint8_t kImplementationVersion = 0x55;
inline constexpr uint8_t kExtended = 0x56;
inline constexpr uint8_t kCommonExtended = 0x57;
inline constexpr uint8_t kIdentityRq = 0x58;
inline constexpr uint8_t kIdentityAc = 0x59;

}  // namespace router::ul::item
