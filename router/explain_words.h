#pragma once
#include <string>
#include <vector>

#include "router/explain.h"
#include "rules/decisions.h"
#include "rules/rule_set.h"

// For explain*.cc alone: decisions as people say them.
namespace router {

std::string Hex(uint16_t status);  // "A900H"
std::string Quoted(std::string_view text);

// The rules of the file, each with what it did, in order.
std::vector<ExplainedRule> InWords(const rules::RuleSet& rules, const rules::Trace& trace,
                                   const rules::Decisions& decisions);
std::vector<std::string> LimitsInWords(const rules::RuleSet& rules,
                                       const rules::Decisions& decisions);
// What is still open, and why; empty: nothing.
std::string OpenInWords(const rules::Decisions& decisions);
std::string InWords(const rules::Window& window);
std::string_view NameOf(rules::Priority priority);
std::string_view LevelName(store::Level level);

// "rule \"no films\" (sluice.yaml:41)"
std::string RuleInWords(const std::string& rule, const std::string& place);

// The end of a message as one sentence without its beginning: "relayed to VMSDBD 10.1.0.4:51402".
std::string Sentence(const ExplainedEnd& end);

}  // namespace router
