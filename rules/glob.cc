#include "rules/glob.h"

#include <fnmatch.h>

namespace rules {
namespace {

// Bytes of the character of UTF-8 that begins at `at`; 1 of what is none.
size_t CharacterAt(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  return end - at;
}

}  // namespace

bool MatchesStars(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = pattern.npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++, resume = t;
    } else if (p < pattern.size() && pattern[p] == '?') {
      ++p, t += CharacterAt(text, t);
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p, ++t;
    } else if (star != pattern.npos) {
      p = star + 1, resume += CharacterAt(text, resume), t = resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Glob::Glob(std::string text, bool sets) : text_(std::move(text)) {
  sets_ = sets && text_.find('[') != text_.npos;
  literal_ = !sets_ && text_.find_first_of("*?") == text_.npos;
}

Glob Glob::Literal(std::string text) {
  Glob glob(std::move(text), false);
  glob.literal_ = true;
  return glob;
}

bool Glob::Matches(std::string_view text) const {
  if (literal_) return text == text_;
  if (!sets_) return MatchesStars(text_, text);
  return fnmatch(text_.c_str(), std::string(text).c_str(), FNM_NOESCAPE) == 0;
}

bool Glob::Covers(const Glob& other) const {
  if (*this == other || (text_ == "*" && !literal_)) return true;
  if (other.literal_) return Matches(other.text_);
  if (sets_) return false;
  // "AB*" covers "ABC*".
  std::string_view stem(text_);
  if (stem.find_first_of("*?") != stem.size() - 1 || stem.back() != '*') return false;
  stem.remove_suffix(1);
  std::string_view theirs(other.text_);
  return theirs.substr(0, theirs.find_first_of(other.sets_ ? "*?[" : "*?")).starts_with(stem);
}

}  // namespace rules
