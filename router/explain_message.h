#pragma once
#include <memory>
#include <optional>

#include "router/explain.h"
#include "router/explain_store.h"
#include "router/session/facts.h"
#include "router/session/ruling.h"

// For explain*.cc alone: the way of one message after another of one association
// (client_session.cc, client_rules.cc, suboperation_rules.cc), as far as it is decided and not
// done.
namespace router {

class MessageExplainer {
 public:
  // `ruling`: of the association. Both outlive the explainer.
  MessageExplainer(const Explanation& explanation, session::Ruling& ruling, WallTime now)
      : config_(explanation.config),
        question_(explanation.question),
        caller_(explanation.caller),
        ruling_(ruling),
        now_(now) {}

  // `instance`: of the data set; null: there is no file. Errors: kBadConfig for what cannot be
  // asked.
  Result<ExplainedMessage> Explain(const ExplainedInstance* instance);

 private:
  using Ends = std::pair<ExplainedEnd, std::optional<ExplainedEnd>>;

  dimse::CommandSet CommandOf(const ExplainedInstance* instance) const;
  Result<> Look(const ExplainedInstance* instance);
  void ExplainRules(session::Ruling& ruling, ExplainedMessage* message) const;

  // ---- of a client
  void EndOfClient(const dimse::CommandSet& command, const ExplainedInstance* instance,
                   ExplainedMessage* message);
  bool IsPermitted(const dimse::CommandSet& command, ExplainedEnd* end) const;
  void EndStore(const dimse::CommandSet& command, const ExplainedInstance* instance,
                const config::Application& application, bool as_enforced, ExplainedEnd* end,
                std::vector<ExplainedEnd>* copies);
  void EndMove(const dimse::CommandSet& command, bool as_enforced, ExplainedEnd* end);
  void EndQuery(const dimse::CommandSet& command, const ExplainedInstance* instance,
                ExplainedEnd* end);
  ExplainedEnd CopyTo(const std::string& name, const dimse::CommandSet& command,
                      const ExplainedInstance& instance);

  // ---- of an application that brings sub-operations
  Result<> EndSuboperation(const dimse::CommandSet& command, const ExplainedInstance* instance,
                           ExplainedMessage* message);

  // What rules say in place of the rest. True: it ends there.
  bool ObeyRules(const session::Ruling& ruling, const Result<>& looked, dimse::Command command,
                 ExplainedInstance* instance, ExplainedEnd* end) const;

  const std::shared_ptr<const config::Config> config_;
  const ExplainQuestion& question_;
  const ExplainedCaller& caller_;
  session::Ruling& ruling_;
  const WallTime now_;
  Result<> looked_;    // at the data set, for the rules
  Buffer identifier_;  // that was made up, with the level alone
};

}  // namespace router
