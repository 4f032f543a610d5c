#include "router/base/text.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace router {

std::string_view TrimSpaces(std::string_view text) {
  constexpr std::string_view kPadding(" \0", 2);
  size_t first = text.find_first_not_of(kPadding);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kPadding) - first + 1);
}

std::string_view TrimUidPadding(std::string_view text) { return TrimSpaces(text); }

size_t EditDistance(std::string_view a, std::string_view b) {
  // Damerau-Levenshtein, restricted; ten points a step, one for a change of case.
  auto cost = [](char x, char y) -> size_t {
    if (x == y) return 0;
    return std::toupper(static_cast<unsigned char>(x)) ==
                   std::toupper(static_cast<unsigned char>(y))
               ? 1
               : 10;
  };
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = 10 * i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = 10 * j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min(
          {d[i - 1][j] + 10, d[i][j - 1] + 10, d[i - 1][j - 1] + cost(a[i - 1], b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 10);
    }
  }
  return (d[a.size()][b.size()] + 9) / 10;
}

std::string NearestOf(std::string_view text, std::span<const std::string> among) {
  std::string best;
  size_t least = std::max<size_t>(1, text.size() / 3) + 1;
  for (const std::string& candidate : among) {
    size_t distance = EditDistance(text, candidate);
    if (distance < least) least = distance, best = candidate;
  }
  return best;
}

std::string Printable(std::string_view text, size_t limit) {
  std::string out(text.substr(0, std::min(text.size(), limit)));
  for (char& c : out)
    if (c < 0x20 || c >= 0x7F) c = '?';
  return out;
}

std::string AsErrorComment(std::string_view text) {
  std::string out = Printable(text, 64);
  std::ranges::replace(out, '\\', '/');
  return out;
}

}  // namespace router
