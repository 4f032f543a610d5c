#pragma once
#include <re2/re2.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "router/base/element.h"
#include "rules/glob.h"
#include "rules/scale.h"
#include "rules/scope.h"

namespace rules {

// What a rule asks of one element: true if one of its values passes all tests of a value, if it is
// there or not as demanded, and if none of the negated tests is true. An element that is there
// without a value has one empty value.
class ElementTest {
 public:
  // Nothing, and a problem, if it is none. `vr`: of the element, empty if unknown.
  // `slot`: of its path.
  static std::optional<ElementTest> Parse(std::string_view path, size_t slot,
                                          const Positioned& node, std::string_view vr,
                                          Scope& scope);

  // `hits`: of the only value, what RegexSets found; null: each expression is asked.
  bool Passes(bool present, const std::vector<std::string>& values,
              const std::vector<int>* hits = nullptr) const;
  bool HasRegex() const;

 private:
  struct OneOf {  // a text or a pattern among several
    std::vector<Glob> globs;
  };
  struct Range {
    Scale scale;
    std::optional<long double> above, below, from, to;
    bool Has(std::string_view value) const;
  };
  friend class ElementTestReader;

  bool PassesOne(std::string_view value, const std::vector<int>* hits) const;

  std::vector<OneOf> texts_;
  std::shared_ptr<const re2::RE2> regex_;
  int number_ = 0;  // of it, in RegexSets
  std::optional<Range> range_;
  std::optional<bool> present_;
  std::vector<ElementTest> not_;
};

}  // namespace rules
