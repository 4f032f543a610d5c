#include "router/explain_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "router/base/text.h"
#include "router/config/values.h"

namespace router {
namespace {

using config::Write;

std::string Titles(const std::vector<AeTitle>& titles) {
  std::string text;
  for (const AeTitle& title : titles) text += (text.empty() ? "" : ", ") + title.str();
  return text;
}

std::string TimeOfDay(uint16_t minute) {
  return fmt::format("{:02}:{:02}", minute / 60, minute % 60);
}

std::string HoldWords(const rules::HoldTerms& hold) {
  if (hold.off) return "hold: off";
  std::string text;
  auto add = [&](std::string_view key, std::string_view value) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", key, value);
  };
  auto strength = [&](std::string_view key,
                      const std::optional<rules::HoldTerms::Strength>& value) {
    if (value) add(key, *value == rules::HoldTerms::Strength::kRequired ? "required" : "noted");
  };
  if (hold.warn_after) add("warn_after", Write(*hold.warn_after));
  if (hold.at_most) add("at_most", Write(*hold.at_most));
  if (hold.then) add("then", *hold.then == rules::HoldTerms::Then::kSend ? "send" : "quarantine");
  strength("structure_set_images", hold.structure_set_images);
  strength("plan_structure_set", hold.plan_structure_set);
  strength("dose_plan", hold.dose_plan);
  strength("dose_structure_set", hold.dose_structure_set);
  strength("record_plan", hold.record_plan);
  strength("registration_images", hold.registration_images);
  constexpr std::array<std::string_view, 3> kImages = {"instance", "series", "frame_of_reference"};
  constexpr std::array<std::string_view, 2> kSets = {"instance", "study"};
  if (hold.match_images) add("match_images", kImages[static_cast<size_t>(*hold.match_images)]);
  if (hold.match_structure_sets)
    add("match_structure_sets", kSets[static_cast<size_t>(*hold.match_structure_sets)]);
  return "hold: " + (text.empty() ? "as the application does" : text);
}

std::string OutcomeWords(const rules::Outcome& outcome) {
  const auto* refuse = std::get_if<rules::Refuse>(&outcome);
  if (!refuse) return "drop";
  return "refuse: " + Hex(refuse->status) + (refuse->comment.empty() ? "" : " ") +
         (refuse->comment.empty() ? "" : Quoted(refuse->comment));
}

std::string LimitWords(const rules::Limit& limit) {
  return fmt::format("at most {} in {}{}", limit.count, Write(limit.per),
                     limit.each_client ? " from each client" : "");
}

std::string AcknowledgeWords(const rules::Acknowledge& acknowledge) {
  const char* then = acknowledge.then == rules::Acknowledge::Then::kRefuse ? "refuse" : "durable";
  if (acknowledge.wait.count() == 0) return std::string("acknowledge: ") + then;
  return fmt::format("acknowledge: wait {}, then {}", Write(acknowledge.wait), then);
}

std::string QueueWords(const rules::QueueTerms& queue) {
  return queue.window ? "queue: " + InWords(*queue.window) : "queue";
}

// What each rule decides.
class Decided {
 public:
  explicit Decided(size_t rules) : by_rule_(rules) {}

  void Take(const rules::Decisions& decided) {
    One(decided.to, [](const std::string& to) { return "to: " + to; });
    One(decided.calling, [](const AeTitle& title) { return "calling: " + title.str(); });
    One(decided.called, [](const AeTitle& title) { return "called: " + title.str(); });
    One(decided.move_to,
        [](const std::vector<AeTitle>& titles) { return "move_to: " + Titles(titles); });
    for (const auto& copy : decided.copy_to)
      One(copy, [](const std::vector<std::string>& names) {
        return fmt::format("copy_to: {}", fmt::join(names, ", "));
      });
    One(decided.hold, HoldWords);
    One(decided.queue, QueueWords);
    One(decided.outcome, OutcomeWords);
    for (const auto& edit : decided.edits)
      One(edit, [](const ElementEdit& one) { return one.text; });
    One(decided.retrieve_ae_title,
        [](const AeTitle& title) { return "retrieve_ae_title: " + title.str(); });
    for (const auto& limit : decided.limits)
      One(limit, [](const rules::Limit& one) { return "limit: " + LimitWords(one); });
    One(decided.priority,
        [](rules::Priority priority) { return "priority: " + std::string(NameOf(priority)); });
    One(decided.acknowledge, AcknowledgeWords);
    for (const auto& line : decided.logs)
      One(line, [](const rules::LogLine& one) { return "log: " + Quoted(one.text); });
  }

  std::vector<std::string> Of(rules::RuleIndex rule) { return std::move(by_rule_[rule]); }

 private:
  template <class T, class Say>
  void One(const rules::Decided<T>& decided, Say say) {
    if (decided) by_rule_[decided.by].push_back(say(*decided));
  }
  std::vector<std::vector<std::string>> by_rule_;
};

}  // namespace

std::string Hex(uint16_t status) { return fmt::format("{:04X}H", status); }
std::string Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string_view NameOf(rules::Priority priority) {
  constexpr std::array<std::string_view, 3> kNames = {"low", "medium", "high"};
  return kNames[static_cast<size_t>(priority)];
}

std::string_view LevelName(store::Level level) {
  constexpr std::array<std::string_view, 4> kNames = {"instance", "series", "frame_of_reference",
                                                      "study"};
  return kNames[static_cast<size_t>(level)];
}

std::string_view NameOf(Outcome outcome) {
  constexpr std::array<std::string_view, 11> kNames = {
      "relayed", "held",      "queued",  "quarantined", "refused", "dropped",
      "carried", "forwarded", "bridged", "answered",    "open"};
  return kNames[static_cast<size_t>(outcome)];
}

std::string InWords(const rules::Window& window) {
  constexpr std::array<std::string_view, 7> kDays = {"mon", "tue", "wed", "thu",
                                                     "fri", "sat", "sun"};
  std::string text = window.from == window.to
                         ? "the whole day"
                         : TimeOfDay(window.from) + " to " + TimeOfDay(window.to);
  if (window.weekdays == 0x7F) return text;
  std::string days;
  for (size_t day = 0; day < kDays.size(); ++day)
    if (window.weekdays >> day & 1) days += (days.empty() ? "" : ", ") + std::string(kDays[day]);
  return text + ", " + days;
}

std::string RuleInWords(const std::string& rule, const std::string& place) {
  return "rule " + Quoted(rule) + " (" + place + ")";
}

std::vector<ExplainedRule> InWords(const rules::RuleSet& rules, const rules::Trace& trace,
                                   const rules::Decisions& decisions) {
  Decided decided(rules.size());
  decided.Take(decisions);
  std::vector<ExplainedRule> all;
  for (const rules::Verdict& verdict : trace) {
    using Match = rules::Verdict::Match;
    ExplainedRule one;
    one.rule = rules.NameOf(verdict.rule);
    one.place = rules.PlaceOf(verdict.rule);
    one.match = verdict.not_read               ? ExplainedRule::Match::kNotRead
                : verdict.match == Match::kYes ? ExplainedRule::Match::kYes
                : verdict.match == Match::kNo  ? ExplainedRule::Match::kNo
                                               : ExplainedRule::Match::kOpen;
    if (!verdict.not_read) one.why = verdict.why;
    const bool uncertain =
        std::ranges::find(decisions.undecided, verdict.rule) != decisions.undecided.end();
    if (one.match == ExplainedRule::Match::kYes && uncertain)
      one.why = "a rule above that may still match says last";
    one.decides = decided.Of(verdict.rule);
    for (const rules::Verdict::Lost& lost : verdict.lost)
      one.lost.push_back(
          {std::string(rules::NameOf(lost.topic)), rules.NameOf(lost.to), rules.PlaceOf(lost.to)});
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<std::string> LimitsInWords(const rules::RuleSet& rules,
                                       const rules::Decisions& decisions) {
  std::vector<std::string> all;
  for (const auto& limit : decisions.limits)
    all.push_back(LimitWords(*limit) + ", by " +
                  RuleInWords(rules.NameOf(limit.by), rules.PlaceOf(limit.by)) +
                  "; more wait for their turn");
  return all;
}

std::string OpenInWords(const rules::Decisions& decisions) {
  std::string text;
  for (size_t i = 0; i < rules::kTopics; ++i)
    if (const auto topic = static_cast<rules::Topic>(i); decisions.IsOpen(topic))
      text += (text.empty() ? "" : ", ") + std::string(rules::NameOf(topic));
  return text;
}

std::string Sentence(const ExplainedEnd& end) {
  const std::string to = end.application + (end.address.empty() ? "" : " " + end.address);
  switch (end.outcome) {
    case Outcome::kRelayed:
      return "relayed to " + to;
    case Outcome::kHeld:
      return "held for " + to + " until what it requires exists there";
    case Outcome::kQueued:
      return "queued for " + to + (end.window.empty() ? "" : ", " + end.window);
    case Outcome::kQuarantined:
      return "quarantined: it goes to " + end.application + " only if a person says so";
    case Outcome::kRefused:
      return "refused with " + Hex(end.status) +
             (end.comment.empty() ? "" : " " + Quoted(end.comment));
    case Outcome::kDropped:
      return "dropped: its sender is told success, and it goes nowhere";
    case Outcome::kCarried:
      return fmt::format("carried to {}", fmt::join(end.destinations, ", "));
    case Outcome::kForwarded:
      return fmt::format("forwarded: {} sends to {} itself", end.application,
                         fmt::join(end.destinations, ", "));
    case Outcome::kBridged:
      return "bridged: asked of " + to + " by C-MOVE, and given to the client as it comes";
    case Outcome::kAnswered:
      return "answered by Sluice itself";
    case Outcome::kOpen:
      return "not settled: it depends on the instance";
  }
  return "";
}

}  // namespace router
