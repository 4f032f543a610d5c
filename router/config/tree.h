#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "router/base/positioned.h"

namespace router::config {

// One thing to say about a file, with its place (1-based), so that many can be put in file order.
struct Fault {
  int line = 0, column = 0;
  std::string message;
  bool replaces = false;  // a value was left out here: what its reader misses need not be said
  std::string file = {};
};

// The YAML text as positioned values, and what is wrong with it as text: syntax, duplicate keys,
// anchors, aliases, tags, a second document, keys that are no scalars. After a syntax error the
// tree holds what came before it. A null value stands at the place of its key.
struct Tree {
  Positioned root;
  std::vector<Fault> faults;
  bool readable = true;  // false: a syntax error, so that the tree is not to be judged
};

inline constexpr size_t kLargestText = 4 << 20;  // bytes; a longer text is no configuration

// The only user of yaml-cpp. Never throws.
Tree ParseTree(std::string_view file, std::string_view text);

}  // namespace router::config
