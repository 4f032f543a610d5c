#pragma once
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace rules::testing {

// Faulty rules and exactly what is said of them.
struct Faulty {
  std::string name, rules;
  std::vector<std::string> problems;  // without the file
};

inline void PrintTo(const Faulty& faulty, std::ostream* out) { *out << faulty.name; }

class FaultsTest : public ::testing::TestWithParam<Faulty> {};

inline std::string NameOfCase(const ::testing::TestParamInfo<Faulty>& info) {
  return info.param.name;
}

// One rule with this condition, from column 35 on.
inline std::string When(const std::string& when) {
  return "- {name: r, then: {log: x}, when: " + when + "}";
}
// One rule with this action, from column 19 on.
inline std::string Then(const std::string& then) { return "- {name: r, then: " + then + "}"; }
// The same about C-STOREs to an application that is not clinical, from column 58 on.
inline std::string Store(const std::string& then) {
  return "- {name: r, when: {command: C-STORE, to: RTPACS}, then: " + then + "}";
}

}  // namespace rules::testing
