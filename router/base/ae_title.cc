#include "router/base/ae_title.h"

#include <algorithm>

#include "router/base/text.h"

namespace router {
namespace {

bool IsTitleCharacter(char c) { return c >= 0x20 && c < 0x7F && c != '\\'; }

}  // namespace

Result<AeTitle> AeTitle::Parse(std::string_view text) {
  std::string_view trimmed = TrimSpaces(text);
  auto wrong = [&](std::string why) {
    return Fail(Errc::kBadConfig, Blame::kInternal,
                "\"" + std::string(text) + "\" is no AE title: " + why);
  };
  if (trimmed.empty()) return wrong("it must have a character that is not a space");
  if (trimmed.size() > kLength)
    return wrong("it has " + std::to_string(trimmed.size()) + " characters, 16 are allowed");
  if (!std::ranges::all_of(trimmed, IsTitleCharacter))
    return wrong("only ISO 646 characters without backslash and control characters are allowed");
  return FromWire(trimmed);
}

AeTitle AeTitle::FromWire(std::string_view text) {
  std::string_view trimmed = TrimSpaces(text.substr(0, std::min(text.size(), kLength)));
  AeTitle title;
  title.size_ = static_cast<uint8_t>(trimmed.size());
  std::ranges::copy(trimmed, title.text_.begin());
  return title;
}

bool AeTitle::IsValid() const { return !empty() && std::ranges::all_of(view(), IsTitleCharacter); }

std::array<char, AeTitle::kLength> AeTitle::Padded() const {
  std::array<char, kLength> padded;
  padded.fill(' ');
  std::ranges::copy(view(), padded.begin());
  return padded;
}

}  // namespace router
