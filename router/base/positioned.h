#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace router {

// One node of the configuration with the place it was written at, so that whoever gives it
// meaning can say where it went wrong. Scalars keep their text: what "0104" and "NO" mean is for
// the reader of the key to say.
struct Positioned {
  enum class Form : uint8_t { kNull, kScalar, kList, kMap };

  std::string file;
  int line = 0, column = 0;  // 1-based
  Form form = Form::kNull;
  std::string scalar;
  std::vector<Positioned> keys;    // of a map, in file order, unique; scalars; empty for a list
  std::vector<Positioned> values;  // of a map (as many as keys) or of a list

  std::string At(std::string_view message) const {
    return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " +
           std::string(message);
  }
};

}  // namespace router
