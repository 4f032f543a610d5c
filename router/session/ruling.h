#pragma once
#include <memory>
#include <optional>
#include <string>

#include "router/base/bytes.h"
#include "router/base/clock.h"
#include "router/base/result.h"
#include "router/config/config.h"
#include "router/dimse/command_set.h"
#include "rules/rule_set.h"

namespace router::dataset {
class ElementReader;
struct Region;
}  // namespace router::dataset

namespace router::session {

rules::Moment MomentOf(WallTime now);  // local time

// What the rules of the configuration say of one association, and of its messages one after
// another. Without a rule that may ever match there it costs nothing. Owned by a session, on its
// loop; decisions are good until the next call.
class Ruling {
 public:
  Ruling();  // no rules
  Ruling(Ruling&&) noexcept;
  Ruling& operator=(Ruling&&) noexcept;
  ~Ruling();
  // Those of `config`, for an association as `caller` says.
  Ruling(std::shared_ptr<const config::Config> config, rules::Caller caller);

  bool IsEmpty() const { return !rules_ || candidates_.empty(); }
  bool MayDecide(rules::Topic topic) const { return !IsEmpty() && candidates_.MayDecide(topic); }
  bool MayDecideByMessage(rules::Topic topic) const {
    return !IsEmpty() && candidates_.MayDecideByMessage(topic);
  }
  bool MayNeedDataSet(dimse::Command command) const {
    return !IsEmpty() && candidates_.MayNeedDataSet(static_cast<uint16_t>(command));
  }
  const rules::Caller& caller() const { return caller_; }

  // Before any message.
  const rules::Decisions& OfAssociation(WallTime now);

  // What of a message is neither in its command nor in its data set.
  struct Beside {
    Uid transfer_syntax;
    std::string destination, requested;  // rules::Message says what they are
  };
  // Begins a message.
  const rules::Decisions& OfCommand(const dimse::CommandSet& command, Beside beside, WallTime now);
  // The same message, with the first bytes of its data set, as many as have come, or all of it
  // (`whole`). Errors: kCorrupt and kLimit, blamed on the sender.
  Result<> Look(Bytes data_set, bool whole);
  // The same, of a file with `size` bytes of data set. Blocks on the disk, on whatever thread.
  Result<> Look(const dataset::Region& file, uint64_t size);
  const rules::Decisions& decisions() const { return decisions_; }
  // Why they are so, over all rules: of the association or the message as the last call above saw
  // it, whose bytes and file are still there. Not for the data path.
  rules::Trace Explain();

  // Where the message is led by a rule that only a message can tell to match; null: nowhere else
  // than its association. What the association alone tells has led that there already.
  const config::Application* RoutedTo() const;

  const std::string& NameOf(rules::RuleIndex rule) const { return rules_->NameOf(rule); }
  // "rule \"no films\" (sluice.yaml:41)", for a log line or a reason.
  std::string Describe(rules::RuleIndex rule) const;

 private:
  rules::Message MessageAt(rules::Phase phase);
  rules::Message MessageOf() const;
  dataset::ElementReader& Reader();

  std::shared_ptr<const config::Config> config_;
  const rules::RuleSet* rules_ = nullptr;  // of config_
  rules::Caller caller_;
  rules::RuleSet::Candidates candidates_;
  rules::Decisions decisions_;
  // Of the message.
  rules::Phase phase_ = rules::Phase::kAssociation;
  std::optional<uint64_t> size_;
  rules::Moment now_;
  uint16_t command_field_ = 0;
  Uid sop_class_, sop_instance_;
  Beside beside_;
  bool looking_ = false;                            // at its data set
  std::unique_ptr<dataset::ElementReader> reader_;  // once a data set was looked at
};

}  // namespace router::session
