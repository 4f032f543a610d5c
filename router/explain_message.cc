#include "router/explain_message.h"

#include "router/base/text.h"
#include "router/dataset/identifier.h"
#include "router/dimse/sop_classes.h"
#include "router/dimse/status.h"
#include "router/explain_words.h"
#include "router/session/admit.h"
#include "router/session/move_target.h"
#include "router/session/rule_edits.h"

namespace router {
namespace {

using dimse::Command;

constexpr dataset::Tag kQueryRetrieveLevel = 0x00080052;

// The SOP class of a request that nobody named one for.
std::string_view UsualClass(Command command) {
  switch (command) {
    case Command::kCEchoRq:
      return dimse::uid::kVerification;
    case Command::kCFindRq:
      return dimse::uid::kStudyRootFind;
    case Command::kCMoveRq:
      return dimse::uid::kStudyRootMove;
    case Command::kCGetRq:
      return dimse::uid::kStudyRootGet;
    case Command::kNActionRq:
      return dimse::uid::kStorageCommitment;
    default:
      return {};
  }
}

void Refuse(uint16_t status, std::string comment, ExplainedEnd* end) {
  end->outcome = Outcome::kRefused;
  end->status = status;
  end->comment = AsErrorComment(comment);
}

std::string InWords(const config::Destination& destination) {
  std::string text =
      destination.application ? destination.application->name : destination.client->name();
  return text + (destination.address ? " " + destination.address->str() : "");
}

}  // namespace

dimse::CommandSet MessageExplainer::CommandOf(const ExplainedInstance* instance) const {
  dimse::CommandSet command(question_.command, true);
  const bool is_store = question_.command == Command::kCStoreRq;
  Uid sop_class(UsualClass(question_.command));
  if (is_store && instance) sop_class = instance->instance.sop_class;
  if (!sop_class.empty()) command.SetAffectedSopClass(sop_class);
  if (is_store && instance) command.SetAffectedSopInstance(instance->instance.sop_instance);
  if (!question_.destination.empty() && !is_store)
    command.SetMoveDestination(AeTitle::FromWire(question_.destination));
  return command;
}

Result<ExplainedMessage> MessageExplainer::Explain(const ExplainedInstance* instance) {
  ExplainedMessage message;
  const dimse::CommandSet command = CommandOf(instance);
  if (instance) {
    message.file = instance->path;
    message.sop_class = instance->instance.sop_class;
    message.sop_instance = instance->instance.sop_instance;
    message.series = instance->instance.series;
    message.instance_number = instance->instance.instance_number;
    if (question_.command == Command::kCStoreRq) message.kind = instance->instance.kind;
  }
  if (caller_.as == ExplainedCaller::As::kSubOperations) {
    auto ended = EndSuboperation(command, instance, &message);
    if (!ended) return std::unexpected(ended.error());
    return message;
  }
  if (caller_.as == ExplainedCaller::As::kOwnEcho) {
    message.end.outcome = Outcome::kAnswered;
    if (question_.command != Command::kCEchoRq) {
      message.end.outcome = Outcome::kRefused;
      message.end.status = dimse::status::kSopClassNotSupported;
      message.end.notes.push_back(
          "whoever calls Sluice itself is offered C-ECHO, and nothing else");
    }
    return message;
  }
  EndOfClient(command, instance, &message);
  return message;
}

// As far as the daemon would look at it, and then at all of it, so that every rule is explained.
Result<> MessageExplainer::Look(const ExplainedInstance* instance) {
  dimse::CommandSet command = CommandOf(instance);
  const Uid syntax(instance ? instance->instance.transfer_syntax.view()
                            : dataset::kExplicitVrLittleEndian);
  std::string destination = question_.command == Command::kCMoveRq ? question_.destination : "";
  const bool settled =
      ruling_.OfCommand(command, {syntax, std::move(destination), ""}, now_).Settled();
  if (!config_->rules) return {};
  if (instance) {
    auto looked = ruling_.Look(instance->region, instance->size);
    return settled ? Result<>() : looked;
  }
  if (question_.level.empty() || ruling_.IsEmpty()) return {};
  auto made = dataset::Identifier::Of({{kQueryRetrieveLevel, question_.level}}).Encode(syntax);
  if (!made) return std::unexpected(made.error());
  identifier_ = std::move(*made);
  return ruling_.Look(identifier_, false);
}

void MessageExplainer::ExplainRules(session::Ruling& ruling, ExplainedMessage* message) const {
  if (!config_->rules) return;
  const rules::Trace trace = ruling.Explain();
  message->rules = router::InWords(*config_->rules, trace, ruling.decisions());
  message->limits = LimitsInWords(*config_->rules, ruling.decisions());
}

bool MessageExplainer::IsPermitted(const dimse::CommandSet& command, ExplainedEnd* end) const {
  const Uid sop_class = command.sop_class();
  if (session::MayUse(*caller_.client, command.command(), sop_class)) return true;
  Refuse(dimse::status::kNotAuthorized,
         std::string(dimse::ServiceOf(command.command())) + " is not permitted to this AE title",
         end);
  if (!sop_class.empty() && !session::ContextPermitted(*caller_.client, sop_class))
    end->notes.push_back("its presentation context is not accepted, so it cannot even be sent");
  return false;
}

bool MessageExplainer::ObeyRules(const session::Ruling& ruling, const Result<>& looked,
                                 Command command, ExplainedInstance* instance,
                                 ExplainedEnd* end) const {
  const rules::Decisions& decided = ruling.decisions();
  auto give_up = [&](const Error& why) {
    const rules::Refuse refuse = session::CannotObey(why, command);
    Refuse(refuse.status, refuse.comment, end);
    end->notes.push_back(refuse.comment);
    return true;
  };
  if (!looked) return give_up(looked.error());
  if (decided.outcome) {
    const auto* refuse = std::get_if<rules::Refuse>(&*decided.outcome);
    if (refuse)
      Refuse(refuse->status, refuse->comment, end);
    else
      end->outcome = Outcome::kDropped;
    end->notes.push_back("by " + ruling.Describe(decided.outcome.by));
    return true;
  }
  for (const auto& edit : decided.edits)
    end->edits_of_rules.push_back(edit->text + ", by " + ruling.Describe(edit.by));
  if (decided.edits.empty() || !instance) return false;
  auto differences = TryEdits(session::EditsOf(decided), instance);
  if (!differences) return give_up(differences.error());
  end->edits = std::move(*differences);
  return false;
}

void MessageExplainer::EndOfClient(const dimse::CommandSet& command,
                                   const ExplainedInstance* instance, ExplainedMessage* message) {
  const config::Application& application = *caller_.application;
  looked_ = Look(instance);
  ExplainRules(ruling_, message);
  GoTo(application, AeTitle::FromWire(caller_.calling), AeTitle::FromWire(caller_.called),
       &message->end);
  if (!IsPermitted(command, &message->end)) return;
  const bool observed = application.mode == config::Mode::kObserve;
  ExplainedEnd end = message->end;
  const std::string open = OpenInWords(ruling_.decisions());
  if (!open.empty()) end.notes.push_back("rules that are open above may still decide: " + open);
  switch (command.command()) {
    case Command::kCStoreRq:
      EndStore(command, instance, application, observed, &end, &message->copies);
      break;
    case Command::kCMoveRq:
      EndMove(command, observed, &end);
      break;
    default:
      EndQuery(command, instance, &end);
  }
  if (!observed) {
    message->end = std::move(end);
    return;
  }
  message->would = std::move(end);
  message->end.outcome = Outcome::kRelayed;
  if (command.command() == Command::kCMoveRq) EndMove(command, false, &message->end);
}

void MessageExplainer::EndStore(const dimse::CommandSet& command, const ExplainedInstance* instance,
                                const config::Application& application, bool as_enforced,
                                ExplainedEnd* end, std::vector<ExplainedEnd>* copies) {
  ExplainedInstance edited;
  if (instance) edited = *instance;
  const rules::Decisions& decided = ruling_.decisions();
  if (ObeyRules(ruling_, looked_, command.command(), instance ? &edited : nullptr, end)) return;
  const session::Ruled ruled = session::RuledBy(ruling_, now_);
  const config::Application& to = ruled.application ? *ruled.application : application;
  if (ruled.application)
    GoTo(to,
         ruled.calling_as.empty() ? config_->CallingTitle(to, caller_.client, question_.calling)
                                  : ruled.calling_as,
         to.ae_title, end);
  if (decided.priority) end->priority = NameOf(*decided.priority);
  if (decided.queue && decided.queue->window) end->window = router::InWords(*decided.queue->window);
  if (!instance) {
    end->outcome = Outcome::kOpen;
    return;
  }
  rules::Facts facts = session::FactsOf(application, command);
  if (as_enforced) facts.mode = rules::Mode::kEnforce;
  const rules::Plan plan = rules::Decide(facts);
  Settling how{to, ruled.terms, caller_.client->acknowledge};
  if (ruled.terms.hold.acknowledge) how.acknowledge = *ruled.terms.hold.acknowledge;
  how.goes_through_spool = ruled.spools || session::Spools(application, plan.step);
  how.as_enforced = as_enforced && !ruled.application;
  for (const std::string& name : ruled.copy_to) copies->push_back(CopyTo(name, command, edited));
  Settle(how, std::move(edited), end);
}

// A message of its own: rules for that application say what becomes of it.
ExplainedEnd MessageExplainer::CopyTo(const std::string& name, const dimse::CommandSet& command,
                                      const ExplainedInstance& instance) {
  ExplainedEnd end;
  const config::Application& to = *config_->FindApplication(name);
  GoTo(to, config_->CallingTitle(to, caller_.client, question_.calling), to.ae_title, &end);
  rules::Caller caller = ruling_.caller();
  caller.application = name;
  session::Ruling ruling(config_, std::move(caller));
  ruling.OfCommand(command, {instance.instance.transfer_syntax, "", ""}, now_);
  const Result<> looked =
      ruling.IsEmpty() ? Result<>() : ruling.Look(instance.region, instance.size);
  ExplainedInstance copy = instance;
  if (ObeyRules(ruling, looked, command.command(), &copy, &end)) {
    end.notes.push_back("so no copy is made");
    return end;
  }
  const session::StoreTerms terms = session::TermsOf(ruling.decisions(), now_);
  Settling how{to, terms, {}};
  how.is_copy = true;
  Settle(how, std::move(copy), &end);
  return end;
}

void MessageExplainer::EndMove(const dimse::CommandSet& command, bool as_enforced,
                               ExplainedEnd* end) {
  const config::Application& application = *caller_.application;
  const bool obeys = as_enforced || application.mode == config::Mode::kEnforce;
  if (obeys && ObeyRules(ruling_, looked_, command.command(), nullptr, end)) return;
  const session::Ruled ruled =
      obeys ? session::RuledBy(ruling_, now_) : session::Ruled();
  rules::Facts facts = session::FactsOf(application, command);
  if (as_enforced) facts.mode = rules::Mode::kEnforce;
  const AeTitle named = command.move_destination();
  const session::MovePlan plan =
      session::PlanMove(*config_, std::move(facts), named, ruled.move_to, caller_.from);
  const std::string nearest = session::NearestDestination(*config_, named);
  if (plan.destinations.empty() && !nearest.empty())
    end->notes.push_back("no application and no client that receives has the title " +
                         Quoted(named.view()) + "; the nearest is " + Quoted(nearest));
  if (!plan.refused.empty())
    return Refuse(dimse::status::kMoveDestinationUnknown, plan.refused, end);
  if (const auto* refuse = std::get_if<rules::Refuse>(&plan.plan.step))
    return Refuse(refuse->status, refuse->comment, end);
  if (std::holds_alternative<rules::ForwardMove>(plan.plan.step) || plan.destinations.empty()) {
    end->outcome = Outcome::kForwarded;
    end->destinations = {plan.destinations.empty() ? named.str()
                                                   : plan.destinations.front().ae_title.str()};
    return;
  }
  end->outcome = Outcome::kCarried;
  for (const config::Destination& one : plan.destinations) {
    if (!one.application || one.application->move_to.empty()) {
      end->destinations.push_back(InWords(one));
      continue;
    }
    for (const session::MoveTarget& target :
         session::TargetsOfMove(*config_, one, question_.called))
      end->destinations.push_back(target.label + " " + target.endpoint.host + ":" +
                                  std::to_string(target.endpoint.port));
  }
}

void MessageExplainer::EndQuery(const dimse::CommandSet& command, const ExplainedInstance* instance,
                                ExplainedEnd* end) {
  ExplainedInstance edited;
  if (instance) edited = *instance;
  if (ObeyRules(ruling_, looked_, command.command(), instance ? &edited : nullptr, end)) return;
  const config::Application& application = *caller_.application;
  const auto& retrieve = ruling_.decisions().retrieve_ae_title;
  if (retrieve)
    end->notes.push_back("its answers name " + retrieve->str() + " as Retrieve AE Title, by " +
                         ruling_.Describe(retrieve.by));
  end->outcome = Outcome::kRelayed;
  const bool is_commitment = command.sop_class().view() == dimse::uid::kStorageCommitment;
  if (is_commitment && application.CommitsHere()) {
    end->outcome = Outcome::kAnswered;
    end->notes.push_back("storage commitment is served here: storage_commitment: " +
                         std::string(NameOf(application.storage_commitment)));
    return;
  }
  const bool is_get = command.command() == Command::kCGetRq;
  if (!is_get || application.get == config::Get::kRelay ||
      application.mode == config::Mode::kObserve)
    return;
  if (application.get == config::Get::kBridge)
    end->outcome = Outcome::kBridged;
  else
    end->notes.push_back(
        "get: auto: if the application takes C-MOVE and no C-GET, it is bridged instead");
}

// Sub-operations of a C-MOVE that a client asked for: they go to its destination.
Result<> MessageExplainer::EndSuboperation(const dimse::CommandSet& command,
                                           const ExplainedInstance* instance,
                                           ExplainedMessage* message) {
  ExplainedEnd& end = message->end;
  if (command.command() == Command::kCEchoRq) {
    end.outcome = Outcome::kAnswered;
    return {};
  }
  if (command.command() != Command::kCStoreRq)
    return Fail(Errc::kBadConfig, Blame::kInternal,
                caller_.application->name + " brings sub-operations to " + question_.called.str() +
                    ": C-STORE and C-ECHO, and nothing else");
  const auto address = config::IpAddress::Parse(caller_.from);
  const AeTitle title = AeTitle::FromWire(question_.destination);
  const auto destination = config_->FindDestination(title, *address);
  if (!destination)
    return Fail(Errc::kBadConfig, Blame::kInternal,
                question_.destination.empty()
                    ? caller_.application->name + " brings sub-operations to " +
                          question_.called.str() + ": say by --destination of which C-MOVE"
                    : "--destination: no application and no client that receives has the title " +
                          question_.destination);
  const config::Application* to = destination->application;
  rules::Caller caller = ruling_.caller();
  caller.listener = caller_.listener;
  caller.address = caller_.from;
  caller.calling = question_.calling.str();
  caller.called = question_.called.str();
  caller.application = to ? to->name : "";
  session::Ruling ruling(config_, std::move(caller));
  const Uid syntax = instance ? instance->instance.transfer_syntax : Uid();
  ruling.OfCommand(command, {syntax, title.str(), caller_.application->ae_title.str()}, now_);
  Result<> looked;
  if (instance && !ruling.IsEmpty()) looked = ruling.Look(instance->region, instance->size);
  ExplainRules(ruling, message);
  end.application = to ? to->name : destination->client->name();
  end.address = destination->address ? destination->address->str() : "";
  end.called = destination->ae_title.str();
  if (!instance) return {};  // open
  const bool observed = to && to->mode == config::Mode::kObserve;
  ExplainedEnd said = end;
  ExplainedInstance edited = *instance;
  if (!ObeyRules(ruling, looked, command.command(), &edited, &said)) {
    said.outcome = Outcome::kRelayed;
    const session::StoreTerms terms = session::TermsOf(ruling.decisions(), now_);
    if (to) {
      Settling how{*to, terms, {}};
      how.as_enforced = observed;
      how.is_suboperation = true;
      Settle(how, std::move(edited), &said);
    }
  }
  if (observed) {
    end.outcome = Outcome::kRelayed;
    message->would = std::move(said);
  } else {
    end = std::move(said);
  }
  return {};
}

}  // namespace router
