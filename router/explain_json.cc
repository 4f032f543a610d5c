#include <nlohmann/json.hpp>

#include "router/config/values.h"
#include "router/explain.h"
#include "router/explain_words.h"

// The keys are those of docs/rules.md.
namespace router {
namespace {

using Json = nlohmann::ordered_json;

std::string_view NameOf(ExplainedRule::Match match) {
  constexpr std::array<std::string_view, 4> kNames = {"yes", "no", "open", "not_read"};
  return kNames[static_cast<size_t>(match)];
}

std::string_view NameOf(ExplainedCaller::As as) {
  constexpr std::array<std::string_view, 4> kNames = {"client", "own_echo", "sub_operations",
                                                      "rejected"};
  return kNames[static_cast<size_t>(as)];
}

Json QuestionJson(const Explanation& explanation) {
  const ExplainQuestion& question = explanation.question;
  return {{"command", dimse::ServiceOf(question.command)},
          {"calling", question.calling.view()},
          {"called", question.called.view()},
          {"from", explanation.caller.from},
          {"from_assumed", explanation.caller.from_assumed},
          {"listener", explanation.caller.listener},
          {"destination", question.destination},
          {"level", question.level}};
}

Json CallerJson(const ExplainedCaller& caller) {
  Json json = {{"as", NameOf(caller.as)}};
  if (caller.as == ExplainedCaller::As::kRejected) {
    json["answer"] = caller.answer;
    json["why"] = caller.why;
  }
  if (caller.client)
    json["client"] = {{"ae_title", caller.client->name()}, {"place", caller.client->place.text}};
  if (const config::Application* to = caller.application) {
    json["application"] = {{"name", to->name},
                           {"place", to->place.text},
                           {"address", to->address ? to->address->str() : ""},
                           {"profile", NameOf(to->profile)},
                           {"mode", NameOf(to->mode)}};
    if (!caller.routed_by.empty()) json["routed_by"] = caller.routed_by;
  }
  if (caller.as != ExplainedCaller::As::kClient) return json;
  json["upstream"] = {{"calling", caller.calling}, {"called", caller.called}};
  if (!caller.calling_by.empty()) json["upstream"]["calling_by"] = caller.calling_by;
  if (!caller.called_by.empty()) json["upstream"]["called_by"] = caller.called_by;
  return json;
}

Json RuleJson(const ExplainedRule& rule) {
  Json lost = Json::array();
  for (const ExplainedRule::Lost& one : rule.lost)
    lost.push_back({{"topic", one.topic}, {"rule", one.rule}, {"place", one.place}});
  return {{"rule", rule.rule}, {"place", rule.place},     {"matches", NameOf(rule.match)},
          {"why", rule.why},   {"decides", rule.decides}, {"lost", std::move(lost)}};
}

Json ShownJson(const std::optional<dataset::Shown>& shown) {
  return shown ? Json(shown->text) : Json(nullptr);
}

Json HoldJson(const ExplainedHold& hold) {
  Json references = Json::array(), machines = Json::array();
  for (const store::Requirement& one : hold.references)
    references.push_back({{"uid", one.uid.view()},
                          {"kind", NameOf(one.kind)},
                          {"level", LevelName(one.level)},
                          {"required", one.strength == store::Strength::kRequired},
                          {"why", one.site}});
  for (const auto& [name, known] : hold.machines)
    machines.push_back({{"name", name}, {"known", known}});
  const bool sends = hold.then == config::AfterDeadline::kSend;
  Json json = {
      {"references", std::move(references)},    {"machines", std::move(machines)},
      {"asks_first", hold.asks_first},          {"warn_after", config::Write(hold.warn_after)},
      {"at_most", config::Write(hold.at_most)}, {"then", sends ? "send" : "quarantine"}};
  if (!hold.acknowledge) return json;
  const bool refuses = hold.acknowledge->then == config::Acknowledge::Then::kRefuse;
  json["acknowledge"] = {{"wait", config::Write(hold.acknowledge->wait)},
                         {"then", refuses ? "refuse" : "durable"}};
  return json;
}

Json EndJson(const ExplainedEnd& end) {
  Json json = {{"outcome", NameOf(end.outcome)}, {"said", Sentence(end)}};
  if (end.outcome == Outcome::kRefused) {
    json["status"] = Hex(end.status);
    json["comment"] = end.comment;
  }
  json["application"] = end.application;
  json["address"] = end.address;
  json["calling"] = end.calling;
  json["called"] = end.called;
  if (!end.destinations.empty()) json["destinations"] = end.destinations;
  json["notes"] = end.notes;
  Json edits = Json::array();
  for (const dataset::Difference& one : end.edits)
    edits.push_back(
        {{"element", one.path}, {"old", ShownJson(one.before)}, {"new", ShownJson(one.after)}});
  json["edits"] = std::move(edits);
  json["edits_of_rules"] = end.edits_of_rules;
  if (!end.window.empty()) json["window"] = end.window;
  if (!end.priority.empty()) json["priority"] = end.priority;
  if (end.hold) json["hold"] = HoldJson(*end.hold);
  return json;
}

Json MessageJson(const ExplainedMessage& message) {
  Json json = {{"file", message.file},
               {"sop_class_uid", message.sop_class.view()},
               {"sop_instance_uid", message.sop_instance.view()}};
  if (message.kind) json["kind"] = NameOf(*message.kind);
  json["rules"] = Json::array();
  for (const ExplainedRule& rule : message.rules) json["rules"].push_back(RuleJson(rule));
  json["end"] = EndJson(message.end);
  if (message.would) json["would"] = EndJson(*message.would);
  json["copies"] = Json::array();
  for (const ExplainedEnd& copy : message.copies) json["copies"].push_back(EndJson(copy));
  json["limits"] = message.limits;
  return json;
}

}  // namespace

std::string AsJson(const Explanation& explanation) {
  Json json = {{"request", QuestionJson(explanation)}, {"caller", CallerJson(explanation.caller)}};
  json["messages"] = Json::array();
  for (const ExplainedMessage& message : explanation.messages)
    json["messages"].push_back(MessageJson(message));
  json["order"] = Json::array();
  for (size_t index : explanation.release_order)
    json["order"].push_back(explanation.messages[index].sop_instance.view());
  json["skipped"] = Json::array();
  for (const auto& [file, why] : explanation.skipped)
    json["skipped"].push_back({{"file", file}, {"why", why}});
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace router
