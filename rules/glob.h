#pragma once
#include <string>
#include <string_view>

namespace rules {

// Does `text` match `pattern`, in which * stands for anything and ? for one character of UTF-8? The
// whole text must match; case counts. Linear but for patterns with several stars.
bool MatchesStars(std::string_view pattern, std::string_view text);

// A pattern as in names of files: *, ?, and with `sets` also [...] as fnmatch(3) has it (without
// escapes). What has none of these is a literal.
class Glob {
 public:
  Glob(std::string text, bool sets);
  static Glob Literal(std::string text);  // whatever characters it has

  bool Matches(std::string_view text) const;
  bool IsLiteral() const { return literal_; }
  const std::string& text() const { return text_; }
  // Certainly everything that `other` matches; false where that is not simple to tell.
  bool Covers(const Glob& other) const;
  // May a text match both? True where that is not simple to tell.
  bool Meets(const Glob& other) const {
    return literal_ ? other.Matches(text_) : !other.literal_ || Matches(other.text_);
  }
  bool operator==(const Glob& other) const = default;

 private:
  std::string text_;
  bool literal_, sets_;
};

}  // namespace rules
