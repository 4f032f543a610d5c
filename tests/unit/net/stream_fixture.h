#pragma once
#include <expected>
#include <memory>
#include <string>
#include <utility>

#include "router/net/stream.h"
#include "tests/unit/net/net_fixture.h"
#include "tests/unit/net/peer.h"

namespace router::net {

// What a read or a write came to, in a form that compares: the bytes, or the code of the error.
using Got = std::expected<std::string, Errc>;

constexpr Milliseconds kNever{3'600'000};  // longer than any test may take
inline const Error kDrained{Errc::kInterrupted, Blame::kInternal, false, "drained"};

inline std::unique_ptr<Stream> Open(Loop& loop, Pair& pair, Milliseconds write_stall = kNever) {
  return std::move(*Stream::Adopt(loop, pair.ours.Release(), write_stall));
}
inline Bytes AsBytes(std::string_view text) { return std::as_bytes(std::span(text)); }
inline std::string Text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Task<Got> Read(Stream& stream, Milliseconds timeout = kNever) {
  auto chunk = co_await stream.Read(timeout);
  if (!chunk) co_return std::unexpected(chunk.error().code);
  co_return Text(chunk->bytes());
}
inline Task<> ReadInto(Stream& stream, Milliseconds timeout, Got& out) {
  out = co_await Read(stream, timeout);
}
// Nothing but "sent" or the error.
inline Task<Got> Write(Stream& stream, std::string_view text) {
  Bytes segment = AsBytes(text);
  auto sent = co_await stream.Write(std::span(&segment, 1));
  if (!sent) co_return std::unexpected(sent.error().code);
  co_return "sent";
}
inline Task<> WriteInto(Stream& stream, std::string_view text, Got& out) {
  out = co_await Write(stream, text);
}

inline Got Failed(Errc code) { return std::unexpected(code); }

// More than the buffers of a Tight pair take, so that a write of it waits.
inline const std::string& TooMuch() {
  static const std::string text(8 << 20, 'x');
  return text;
}
inline Pair Tight() { return Connected(4096, 4096); }

template <class F>
Task<> NextTurnThen(F act) {
  co_await NextTurn{};
  act();
}

}  // namespace router::net
