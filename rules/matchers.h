#pragma once
#include <span>
#include <string_view>

#include "rules/condition.h"
#include "rules/scope.h"

namespace rules {

// What can stand in `when`. Reads the value of its key; says what is wrong with it and returns null
// then.
struct Matcher {
  std::string_view key;
  ConditionPtr (*parse)(const Positioned& node, Scope& scope);
};

// The one list. Adding a matcher = a file in rules/matchers/, a line in matchers.cc, a test in
// tests/unit/rules, a row in docs/rules.md.
std::span<const Matcher> Matchers();

// Every one of its keys must match. The value of `when`, and of what `not`, `any`, `all` have.
class When : public Condition {
 public:
  struct Key {
    std::string name;
    std::string canonical;  // what was written, however it was laid out
    ConditionPtr condition;
    Positioned place;  // without what it holds
  };
  explicit When(std::vector<Key> keys);

  Answer Test(const Asking& asking) const override { return TestFrom(0, asking); }
  Truth Suppose(const Supposition& supposed) const override;
  bool Covers(const Condition& other) const override;
  bool Excludes(const Condition& other) const override;
  std::string Say(const Asking& asking, Truth truth) const override;
  void AddSopClasses(std::vector<std::string>& uids) const override;

  // What an association alone can tell comes first, then what is cheap.
  const std::vector<Key>& keys() const { return keys_; }
  size_t by_message() const { return by_message_; }  // the first of those a message must tell
  Answer TestFrom(size_t first, const Asking& asking) const;
  // The rest of it, from kCommand on, once the association and a mask of commands let it pass.
  Answer TestMessage(const Asking& asking) const {
    if (!asking.message->named) return TestFrom(by_message_, asking);
    for (const RowTest& row : rows_)
      if (!row.Passes(asking)) return AnswerOf(false);
    return TestFrom(after_rows_, asking);
  }
  const Key* Find(std::string_view name) const;

 private:
  std::vector<Key> keys_;
  std::vector<const Condition*> tests_;  // of keys_, beside each other in memory
  std::vector<RowTest> rows_;
  size_t by_message_ = 0, after_rows_ = 0;
};

// Null if anything in it is wrong.
std::unique_ptr<const When> ParseWhen(std::string_view what, const Positioned& node, Scope& scope);

}  // namespace rules
