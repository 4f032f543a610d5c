#pragma once
#include <compare>
#include <string>
#include <string_view>

namespace router {

// A unique identifier (PS3.5 9): at most 64 digits and dots. What real files carry is not always
// one ("UNKNOWN", "0"), and it is not ours to mend: a Uid holds what was received, without the
// padding (trailing NUL and space) that the standard says not to compare.
class Uid {
 public:
  Uid() = default;
  explicit Uid(std::string_view text);

  bool IsValid() const;  // PS3.5 9.1: the form that the standard demands
  bool empty() const { return text_.empty(); }
  const std::string& str() const { return text_; }
  std::string_view view() const { return text_; }

  bool operator==(const Uid&) const = default;
  auto operator<=>(const Uid&) const = default;

 private:
  std::string text_;
};

}  // namespace router

template <>
struct std::hash<router::Uid> {
  size_t operator()(const router::Uid& uid) const { return std::hash<std::string>()(uid.str()); }
};
