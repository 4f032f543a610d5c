#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace router {

// A view of bytes that somebody else owns; whoever hands one out says for how long it is good.
using Bytes = std::span<const std::byte>;
using Buffer = std::vector<std::byte>;

inline Bytes AsBytes(std::string_view text) { return std::as_bytes(std::span(text)); }
inline std::string_view AsText(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// PS3.8 numbers are big endian, data elements of a command set little endian (PS3.7 6.3.1).
// The caller has checked that the bytes are there.
inline uint16_t LoadBe16(const std::byte* at) {
  return static_cast<uint16_t>(std::to_integer<uint16_t>(at[0]) << 8 |
                               std::to_integer<uint16_t>(at[1]));
}
inline uint32_t LoadBe32(const std::byte* at) {
  return static_cast<uint32_t>(LoadBe16(at)) << 16 | LoadBe16(at + 2);
}
inline uint16_t LoadLe16(const std::byte* at) {
  return static_cast<uint16_t>(std::to_integer<uint16_t>(at[1]) << 8 |
                               std::to_integer<uint16_t>(at[0]));
}
inline uint32_t LoadLe32(const std::byte* at) {
  return static_cast<uint32_t>(LoadLe16(at + 2)) << 16 | LoadLe16(at);
}
inline void StoreBe16(std::byte* at, uint16_t value) {
  at[0] = static_cast<std::byte>(value >> 8);
  at[1] = static_cast<std::byte>(value & 0xFF);
}
inline void StoreBe32(std::byte* at, uint32_t value) {
  StoreBe16(at, static_cast<uint16_t>(value >> 16));
  StoreBe16(at + 2, static_cast<uint16_t>(value & 0xFFFF));
}
inline void StoreLe16(std::byte* at, uint16_t value) {
  at[0] = static_cast<std::byte>(value & 0xFF);
  at[1] = static_cast<std::byte>(value >> 8);
}
inline void StoreLe32(std::byte* at, uint32_t value) {
  StoreLe16(at, static_cast<uint16_t>(value & 0xFFFF));
  StoreLe16(at + 2, static_cast<uint16_t>(value >> 16));
}

}  // namespace router
