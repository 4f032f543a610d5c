#pragma once
#include <map>
#include <string>
#include <vector>

#include "router/base/positioned.h"
#include "rules/rule_set.h"

// What rules mean, said again in the simplest way: by the text of the YAML, without compiling
// anything, and by trying every outcome of what is not known. Slow; shares no code with rules/.
namespace rules::testing {

struct Known {
  Caller caller;
  Message message;  // its phase says how much of the rest is known
  // By path as written; what is absent from both has no such element.
  std::map<std::string, std::vector<std::string>> head;  // known from kHead on
  std::map<std::string, std::vector<std::string>> rest;  // known at kEnd
};

// The decisions as lines: "hold: 3", "copy_to: 1 4", "edit: 2/StationName", "matched: 0 1",
// "open: hold log".
std::string ReferenceDecisions(const router::Positioned& list, const Known& known);
// The same of what the engine said.
std::string AsLines(const Decisions& decisions);

}  // namespace rules::testing
