#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "router/base/positioned.h"
#include "rules/decisions.h"
#include "rules/facts.h"
#include "rules/world.h"

namespace rules {

// One thing to say about the rules of a file.
struct Problem {
  std::string file;
  int line = 0, column = 0;  // 1-based
  std::string message;
  bool warning = false;  // else an error: the file is not to be used
};

struct Rule;    // rule.h
struct Tables;  // asking.h
class When;     // matchers.h

// Why a rule did not decide something, for `sluice explain`.
struct Verdict {
  enum class Match : uint8_t { kYes, kNo, kOpen };
  RuleIndex rule = 0;
  Match match = Match::kNo;
  std::string why;  // kNo: the condition that failed; kOpen: what is not known yet
  struct Lost {
    Topic topic;
    RuleIndex to;  // the rule that decided it before
  };
  std::vector<Lost> lost;
  bool not_read = false;  // a rule above it said `last: true`
};
using Trace = std::vector<Verdict>;  // one for each rule, in order

// The rules of one file, compiled. Immutable; any thread. What calls return points into it.
class RuleSet {
 public:
  struct Compiled;

  // `list`: the value of the key `rules`. Never throws.
  static Compiled Compile(const router::Positioned& list, const World& world,
                          const Dictionary& dictionary);
  ~RuleSet();

  size_t size() const;
  const std::string& NameOf(RuleIndex rule) const;  // unique; the label `rule` of metrics
  std::string PlaceOf(RuleIndex rule) const;        // "sluice.yaml:41"

  // Can only a message tell whether the rule matches? Else its association does (and the time).
  bool NeedsMessage(RuleIndex rule) const;

  // Every element that a rule may ask for: the slots of Elements::At.
  std::span<const router::ElementPath> paths() const;

  // The rules that may still match on an association, so that each of its messages asks no others.
  class Candidates {
   public:
    bool empty() const { return rules_.empty(); }
    // Bits by Topic: what these rules may decide at all, and what only a message can tell. To,
    // calling and called of a rule that waits for the time alone are those of the association's.
    uint32_t topics() const { return topics_; }
    uint32_t topics_by_message() const { return topics_by_message_; }
    bool MayDecide(Topic topic) const { return topics_ >> static_cast<unsigned>(topic) & 1; }
    bool MayDecideByMessage(Topic topic) const {
      return topics_by_message_ >> static_cast<unsigned>(topic) & 1;
    }
    // May a rule ask for the data set of a message with this command, SOP class known or not?
    bool MayNeedDataSet(uint16_t command_field) const;

   private:
    friend class RuleSet;
    // What excludes most rules, beside each other in memory.
    struct Entry {
      const When* when;  // null: it matches whatever the message
      RuleIndex rule;
      uint16_t commands;  // bits by command.h: of what it may still match
    };
    std::vector<Entry> rules_;
    uint32_t topics_ = 0, topics_by_message_ = 0;
    uint16_t with_data_set_ = 0;  // bits by command.h
  };
  Candidates CandidatesFor(const Caller& caller) const;

  // What `candidates` say of `message`. `elements`: null before kHead. Pure, and the same for the
  // same arguments: what was settled once stays so in later phases.
  void Decide(const Caller& caller, const Candidates& candidates, const Message& message,
              Elements* elements, Decisions& decisions) const;

  // The same over all rules, with reasons. Not for the data path.
  Trace Explain(const Caller& caller, const Message& message, Elements* elements,
                Decisions& decisions) const;

 private:
  RuleSet();
  std::vector<Rule> rules_;
  std::vector<router::ElementPath> paths_;
  std::unique_ptr<Tables> tables_;
};

struct RuleSet::Compiled {
  std::shared_ptr<const RuleSet> rules;  // null if there is an error
  std::vector<Problem> problems;         // in file order
};

}  // namespace rules
