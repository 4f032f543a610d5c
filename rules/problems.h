#pragma once
#include <string>
#include <vector>

#include "router/base/positioned.h"
#include "rules/rule_set.h"

namespace rules {

using router::Positioned;

// What is found wrong while rules are compiled.
class Problems {
 public:
  void Error(const Positioned& at, std::string message) { Add(at, std::move(message), false); }
  void Warn(const Positioned& at, std::string message) { Add(at, std::move(message), true); }
  bool HasErrors() const;
  std::vector<Problem> Take() { return std::move(found_); }  // in file order

 private:
  void Add(const Positioned& at, std::string message, bool warning);
  std::vector<Problem> found_;
};

}  // namespace rules
