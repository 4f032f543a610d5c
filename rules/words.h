#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/values.h"

namespace rules {

// A reader of one of a few words, each with its value, for Fields::Value.
template <class E>
auto WordOf(std::vector<std::pair<std::string_view, E>> words) {
  return [words = std::move(words)](std::string_view text) -> router::Result<E> {
    std::string known;
    for (const auto& [word, value] : words) {
      if (word == text) return value;
      known += (known.empty() ? "" : ", ") + std::string(word);
    }
    return Wrong(text, "is none of " + known);
  };
}

}  // namespace rules
