#pragma once
#include <span>
#include <string>
#include <string_view>

namespace router {

// Without the spaces at both ends (and NULs, with which some peers pad).
std::string_view TrimSpaces(std::string_view text);

// A UID without trailing NUL and space (PS3.5 9.1), and without leading spaces.
std::string_view TrimUidPadding(std::string_view text);

// The number of insertions, removals, substitutions and swaps of neighbours that lead from `a` to
// `b`; a change of case counts a tenth (the sum is rounded up), so that "sluice" is nearer to
// "SLUICE" than to "JUICE".
size_t EditDistance(std::string_view a, std::string_view b);

// The entry of `among` that `text` was most likely meant to be, or empty if none is near enough
// (more than a third of its characters would have to change).
std::string NearestOf(std::string_view text, std::span<const std::string> among);

// Text of a peer made fit for a log line or an error comment: control and non-ASCII characters
// become '?', at most `limit` characters remain.
std::string Printable(std::string_view text, size_t limit = 64);

// As (0000,0902) Error Comment demands (LO): printable, no backslash, at most 64 characters.
std::string AsErrorComment(std::string_view text);

}  // namespace router
