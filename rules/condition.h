#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/asking.h"

namespace rules {

enum class Truth : uint8_t { kNo, kOpen, kYes };  // Kleene's three, in his order

constexpr Truth Not(Truth truth) { return static_cast<Truth>(2 - static_cast<uint8_t>(truth)); }
constexpr Truth TruthOf(bool yes) { return yes ? Truth::kYes : Truth::kNo; }

// What a condition says, and if that is "open", the phase that may tell.
struct Answer {
  Truth truth = Truth::kNo;
  Phase needs = Phase::kEnd;
};
constexpr Answer AnswerOf(bool yes) { return {TruthOf(yes), Phase::kEnd}; }
constexpr Answer OpenUntil(Phase phase) { return {Truth::kOpen, phase}; }

// Something of which a rule is checked before there is any message. Null: not supposed.
struct Supposition {
  const size_t* command = nullptr;  // index into kCommands, or behind them
  const std::string* sop_class = nullptr;
  const std::string* application = nullptr;
};

// A condition that is one bit of a row (text_table.h), so that it is tested without a call.
struct RowTest {
  TextTable Tables::* table = nullptr;
  TextTable::Row Asking::* row = nullptr;
  TextTable::SetId set = 0;
  bool Passes(const Asking& asking) const { return (asking.tables.*table).Has(asking.*row, set); }
};

// One test of what is known of a message. Immutable once compiled; any thread.
class Condition {
 public:
  explicit Condition(Phase known_at, bool timed = false) : known_at_(known_at), timed_(timed) {}
  virtual ~Condition() = default;
  Condition(const Condition&) = delete;

  // Monotone: what is not open stays as it is in later phases.
  virtual Answer Test(const Asking& asking) const = 0;
  // Can it be true (not kNo), must it be (kYes), if that alone is known?
  virtual Truth Suppose(const Supposition&) const { return Truth::kOpen; }
  // Does the command alone settle it, so that a mask of commands says all of it?
  virtual bool IsOfCommand() const { return false; }
  // Not null: from kCommand on it is this and nothing else.
  virtual const RowTest* AsRowTest() const { return nullptr; }
  // Certainly true whenever `other` is; of the same key.
  virtual bool Covers(const Condition&) const { return false; }
  // Certainly never true together with `other`; of the same key.
  virtual bool Excludes(const Condition&) const { return false; }
  // What it negates, or null.
  virtual const Condition* Negated() const { return nullptr; }
  // For people, why it is `truth`: "calling is DCMTK, not AUTOSEG*". Never a value of the data set.
  virtual std::string Say(const Asking& asking, Truth truth) const = 0;
  // Literal SOP Class UIDs that it names.
  virtual void AddSopClasses(std::vector<std::string>&) const {}

  Phase known_at() const { return known_at_; }  // from then on it is never open
  bool timed() const { return timed_; }         // changes while an association lasts

 private:
  Phase known_at_;
  bool timed_;
};
using ConditionPtr = std::unique_ptr<const Condition>;

}  // namespace rules
