#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What the schema says of itself: the same calls that read a file, run over nothing, tell of each
// key what it may hold. The page of documentation and the schema for editors are made of that.
namespace router::config {

// The type of a scalar. A text of the file may look like a number or a truth value to YAML, which
// nobody asks here: `any_scalar` says that it may be written so.
struct ScalarType {
  std::string name = {}, plural = {};   // as the page calls it: "duration", "durations"
  std::string pattern = {};             // ECMA 262, of the text; empty: any
  std::vector<std::string> words = {};  // in place of a pattern, if it is one of these
  bool any_scalar = false;
  bool number = false;                // digits
  std::string least = {}, most = {};  // both allowed; empty: no limits that have to be told
};

struct KeyShape {
  enum class Form : uint8_t {
    kOther,      // read by somebody else
    kScalar,     //
    kOneOrList,  // one scalar or a list of them
    kSomeOrOne,  // the same, not empty
    kMap,
    kNames,  // a map from names to maps
    kMaps,   // a list of maps
    kPairs,  // a map from scalars to scalars
  };
  std::string key = {};  // as KnownKeys
  Form form = Form::kOther;
  ScalarType type = {};                    // kScalar, each of a list, the values of kPairs
  std::vector<ScalarType> short_for = {};  // one scalar that may stand for a map, if any
  std::vector<std::string> defaults = {};  // as a person would write them; empty: none
  bool needed = false;
};

}  // namespace router::config
