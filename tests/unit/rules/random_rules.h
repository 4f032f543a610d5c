#pragma once
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/rules/reference.h"

namespace rules::testing {

// Random rules that mean something in SmallWorld, and what may be known of messages, from a seed.
class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}

  // One rule in each line. Some may be faulty together.
  std::vector<std::string> Rules(size_t most);
  // The views of the message are good while this object is.
  Known Facts();
  size_t Below(size_t end) { return std::uniform_int_distribution<size_t>(0, end - 1)(engine_); }

 private:
  bool Chance(size_t percent) { return Below(100) < percent; }
  std::string OneOf(std::initializer_list<const char*> words);
  std::string Some(std::initializer_list<const char*> words);  // one, or a list of some
  std::string When(int depth);
  std::string Condition(const std::string& key, int depth);
  std::string ElementTests();
  std::string Then();
  std::string_view Keep(std::string text) { return kept_.emplace_back(std::move(text)); }

  std::mt19937 engine_;
  std::deque<std::string> kept_;
};

}  // namespace rules::testing
