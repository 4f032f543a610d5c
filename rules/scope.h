#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "router/base/element.h"
#include "rules/asking.h"
#include "rules/problems.h"
#include "rules/world.h"

namespace rules {

// All that the readers of conditions and actions share while the rules of one file are compiled.
struct Scope {
  const World& world;
  const Dictionary& dictionary;
  Problems& problems;
  Tables& tables;
  std::vector<router::ElementPath>& paths;

  // The slot of a path; each path has one.
  size_t SlotOf(const router::ElementPath& path);
};

// The readers of scalars and lists say what is wrong and return nothing then. `what`: for messages,
// as a rule the key.
bool IsScalar(std::string_view what, const Positioned& node, Problems& problems);
bool IsMap(std::string_view what, const Positioned& node, Problems& problems);
// One scalar, or each of a list (not empty) of them.
std::vector<const Positioned*> ScalarsOf(std::string_view what, const Positioned& node,
                                         Problems& problems);
// "; did you mean "C-MOVE"?", or "; known: …" if nothing is near.
std::string Suggest(std::string_view text, const std::vector<std::string>& known);
std::string Quoted(std::string_view text);

// One map while it is read: what is asked for is known, the rest is reported at the end.
class Fields {
 public:
  Fields(std::string_view what, const Positioned& node, Problems& problems);
  ~Fields();
  Fields(const Fields&) = delete;

  const Positioned* Find(std::string_view key);
  // A scalar, read by `parse` (a Result). True if it was written and is good.
  template <class T, class Parse>
  bool Value(std::string_view key, T& target, Parse parse) {
    const Positioned* node = Find(key);
    if (!node || !IsScalar(key, *node, problems_)) return false;
    auto value = parse(node->scalar);
    if (!value) {
      problems_.Error(*node, std::string(key) + ": " + value.error().detail);
      return false;
    }
    target = std::move(*value);
    return true;
  }
  bool is_map() const { return is_map_; }
  bool Written(std::string_view key) const;
  bool AllKnown() const;  // after the last Find: no other key was written

 private:
  const Positioned& node_;
  Problems& problems_;
  bool is_map_;
  std::vector<std::string> known_;
};

}  // namespace rules
