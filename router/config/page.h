#pragma once
#include <string>
#include <string_view>

namespace router::config {

// docs/configuration.md with its tables of keys as the schema and the meanings have them; whatever
// else stands on `page` stays as it is. A table of keys is one whose head is "| Key | Type |
// Default | Meaning |"; its keys are those of the map (or of each of the maps) that the heading
// above it names in backticks, or of the whole file.
std::string PageWithKeys(std::string_view page);

}  // namespace router::config
