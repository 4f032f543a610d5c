#pragma once
#include <span>
#include <string_view>

namespace router::config {

// What a key means to a person, in the Markdown of docs/configuration.md; one for each key that the
// schema has, which is checked.
struct Meaning {
  std::string_view key;  // as KnownKeys
  std::string_view text;
  std::string_view by_default = {};  // where that is no value, or not the same everywhere
};

std::span<const Meaning> MeaningsOfTheFile();        // everything but
std::span<const Meaning> MeaningsOfAnApplication();  // applications.NAME and what is in it

// Null if there is none.
const Meaning* FindMeaning(std::string_view key);

}  // namespace router::config
