#include "router/session/facts.h"

#include <algorithm>

#include "router/dimse/sop_classes.h"
#include "router/dimse/status.h"

namespace router::session {

rules::Facts FactsOf(const config::Application& application, const dimse::CommandSet& command) {
  rules::Facts facts;
  facts.application = application.name;
  facts.profile =
      application.profile == config::Profile::kAria ? rules::Profile::kAria : rules::Profile::kNone;
  facts.mode =
      application.mode == config::Mode::kObserve ? rules::Mode::kObserve : rules::Mode::kEnforce;
  facts.command_field = static_cast<uint16_t>(command.command());
  facts.sop_class_uid = command.sop_class().str();
  facts.sop_instance_uid = command.sop_instance().str();
  if (command.command() == dimse::Command::kCStoreRq &&
      !(dimse::MayHaveRequirements(facts.sop_class_uid) &&
        dimse::KindOf(facts.sop_class_uid) == Kind::kOther))
    facts.kind = dimse::KindOf(facts.sop_class_uid);
  facts.refuse_unknown_destinations =
      application.unknown_destinations == config::UnknownDestinations::kRefuse;
  return facts;
}

Ruled RuledBy(const Ruling& ruling, WallTime now) {
  const rules::Decisions& decided = ruling.decisions();
  Ruled ruled;
  ruled.terms = TermsOf(decided, now);
  ruled.application = ruling.RoutedTo();
  if (ruled.application && decided.calling) ruled.calling_as = *decided.calling;
  if (decided.move_to) ruled.move_to = *decided.move_to;
  if (decided.retrieve_ae_title) ruled.retrieve_ae_title = *decided.retrieve_ae_title;
  for (const auto& list : decided.copy_to)
    for (const std::string& name : *list)
      if (std::ranges::find(ruled.copy_to, name) == ruled.copy_to.end())
        ruled.copy_to.push_back(name);
  ruled.spools = ruled.application || !ruled.copy_to.empty() || ruled.terms.queue;
  return ruled;
}

bool Spools(const config::Application& application, const rules::Step& step) {
  return application.Retains() || !std::holds_alternative<rules::Relay>(step);
}

rules::Refuse CannotObey(const Error& why, dimse::Command command) {
  const uint16_t status = why.code == Errc::kDisk ? dimse::status::kOutOfResources
                          : command == dimse::Command::kCStoreRq
                              ? dimse::status::kCannotUnderstand
                              : dimse::status::kIdentifierMismatch;
  return {status, "rules cannot be applied: " + why.detail};
}

}  // namespace router::session
