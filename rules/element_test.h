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
  static std::optional<ElementTest> Parse(std::string_view path, const Positioned& node,
                                          std::string_view vr, Scope& scope);

  bool Passes(bool present, const std::vector<std::string>& values) const;

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

  bool PassesOne(std::string_view value) const;

  std::vector<OneOf> texts_;
  std::shared_ptr<const re2::RE2> regex_;
  std::optional<Range> range_;
  std::optional<bool> present_;
  std::vector<ElementTest> not_;
};

}  // namespace rules
