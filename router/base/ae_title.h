#pragma once
#include <array>
#include <compare>
#include <string>
#include <string_view>

#include "router/base/result.h"

namespace router {

// An application entity title (PS3.5 6.2 AE, PS3.8 9.3.2): 1 to 16 characters of ISO 646 without
// backslash and control characters; spaces at both ends do not count, case does. A value type:
// no allocation, compared without the padding.
class AeTitle {
 public:
  static constexpr size_t kLength = 16;  // bytes on the wire, padded with spaces

  AeTitle() = default;  // empty: "no title"

  // For titles that a person wrote: says what is wrong.
  static Result<AeTitle> Parse(std::string_view text);

  // For titles from the wire: takes what is there, without judging it, so that a wrong title can
  // be named in a log line. Bytes after the 16th are cut off; the ends are trimmed.
  static AeTitle FromWire(std::string_view text);

  bool IsValid() const;  // would Parse accept it?
  bool empty() const { return size_ == 0; }
  std::string_view view() const { return {text_.data(), size_}; }
  std::string str() const { return std::string(view()); }
  std::array<char, kLength> Padded() const;  // as it stands in a PDU

  bool operator==(const AeTitle& other) const { return view() == other.view(); }
  auto operator<=>(const AeTitle& other) const { return view() <=> other.view(); }

 private:
  std::array<char, kLength> text_{};
  uint8_t size_ = 0;
};

}  // namespace router

template <>
struct std::hash<router::AeTitle> {
  size_t operator()(const router::AeTitle& title) const {
    return std::hash<std::string_view>()(title.view());
  }
};
