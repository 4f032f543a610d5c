#pragma once
#include <string>
#include <string_view>

namespace router::admin {

// The page at /: one document without outside resources, which polls the API. It holds no data of
// its own, so whoever can connect may have it.
std::string_view Page();

// The Content-Security-Policy that lets it run its own script and style, by their digests, and
// nothing else.
const std::string& PagePolicy();

}  // namespace router::admin
