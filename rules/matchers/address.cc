#include "rules/matchers/address.h"

#include <algorithm>

#include "rules/cidr.h"

namespace rules {
namespace {

class From : public Condition {
 public:
  explicit From(std::vector<Cidr> ranges)
      : Condition(Phase::kAssociation), ranges_(std::move(ranges)) {}

  Answer Test(const Asking& asking) const override {
    auto address = Address::Parse(asking.caller.address);
    return AnswerOf(address && std::ranges::any_of(ranges_, [&](const Cidr& range) {
                      return range.Contains(*address);
                    }));
  }
  bool Covers(const Condition& other) const override {
    const auto* same = dynamic_cast<const From*>(&other);
    return same && std::ranges::all_of(same->ranges_, [&](const Cidr& theirs) {
             return std::ranges::any_of(ranges_, [&](const Cidr& m) { return m.Covers(theirs); });
           });
  }
  bool Excludes(const Condition& other) const override {
    const auto* same = dynamic_cast<const From*>(&other);
    return same && std::ranges::none_of(ranges_, [&](const Cidr& mine) {
             return std::ranges::any_of(same->ranges_, [&](const Cidr& theirs) {
               return mine.Covers(theirs) || theirs.Covers(mine);
             });
           });
  }
  std::string Say(const Asking& asking, Truth truth) const override {
    std::string text = "the address is " + asking.caller.address;
    if (truth == Truth::kYes) return text;
    text += ", not in ";
    for (const Cidr& range : ranges_) text += (&range == &ranges_[0] ? "" : ", ") + range.text();
    return text;
  }

 private:
  std::vector<Cidr> ranges_;
};

}  // namespace

ConditionPtr ParseFrom(const Positioned& node, Scope& scope) {
  std::vector<Cidr> ranges;
  const auto scalars = ScalarsOf("from", node, scope.problems);
  for (const Positioned* scalar : scalars) {
    auto range = Cidr::Parse(scalar->scalar);
    if (range)
      ranges.push_back(std::move(*range));
    else
      scope.problems.Error(*scalar, "from: " + range.error().detail);
  }
  if (ranges.empty() || ranges.size() != scalars.size()) return nullptr;
  return std::make_unique<From>(std::move(ranges));
}

}  // namespace rules
