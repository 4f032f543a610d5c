#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "router/trial.h"

namespace router {
namespace {

using Json = nlohmann::ordered_json;

std::string_view NameOf(TrialResult::Outcome outcome) {
  switch (outcome) {
    case TrialResult::Outcome::kPassed:
      return "ok";
    case TrialResult::Outcome::kFailed:
      return "failed";
    case TrialResult::Outcome::kNotOffered:
      return "not offered";
    case TrialResult::Outcome::kUnclear:
      return "unclear";
  }
  return "";
}

// "tcp ok", "find not offered"; what trust is when it fails says its answer by itself.
std::string InWords(const TrialResult& result) {
  if (result.outcome == TrialResult::Outcome::kPassed)
    return std::string(NameOf(result.step)) + " ok";
  if (result.step == TrialStep::kTrust) return result.said;
  return std::string(NameOf(result.step)) + " " + result.said;
}

}  // namespace

std::string_view NameOf(TrialStep step) {
  switch (step) {
    case TrialStep::kTcp:
      return "tcp";
    case TrialStep::kTrust:
      return "trust";
    case TrialStep::kEcho:
      return "echo";
    case TrialStep::kFind:
      return "find";
    case TrialStep::kMove:
      return "move";
  }
  return "";
}

bool Trial::Passed() const {
  return std::ranges::none_of(results, [](const TrialResult& result) {
    return result.outcome == TrialResult::Outcome::kFailed;
  });
}

std::string AsLine(const Trial& trial) {
  std::string line = trial.application + " " + trial.address.str();
  if (!trial.only_title) line += " as " + trial.calling.str();
  std::string advice;
  for (const TrialResult& result : trial.results) {
    line += (&result == &trial.results.front() ? " " : ", ") + InWords(result);
    if (!result.advice.empty()) advice += (advice.empty() ? "" : "; ") + result.advice;
  }
  return advice.empty() ? line : line + " -> " + advice;
}

std::string AsJson(const std::vector<Trial>& trials) {
  Json all = Json::array();
  for (const Trial& trial : trials) {
    Json steps = Json::array();
    for (const TrialResult& result : trial.results)
      steps.push_back({{"step", NameOf(result.step)},
                       {"outcome", NameOf(result.outcome)},
                       {"said", result.said},
                       {"advice", result.advice}});
    all.push_back({{"application", trial.application},
                   {"address", trial.address.str()},
                   {"calling", trial.calling.str()},
                   {"called", trial.called.str()},
                   {"our_address", trial.our_address},
                   {"our_port", trial.our_port},
                   {"passed", trial.Passed()},
                   {"steps", std::move(steps)}});
  }
  return Json{{"applications", std::move(all)}}.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace router
