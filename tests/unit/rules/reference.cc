#include "tests/unit/rules/reference.h"

#include <arpa/inet.h>
#include <fnmatch.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <regex>
#include <set>
#include <sstream>

namespace rules::testing {
namespace {

using router::Positioned;
using Maybe = std::optional<bool>;  // nothing: not known
using Form = Positioned::Form;

const Positioned* At(const Positioned& map, std::string_view key) {
  for (size_t i = 0; i < map.keys.size(); ++i)
    if (map.keys[i].scalar == key) return &map.values[i];
  return nullptr;
}

std::vector<std::string> Listed(const Positioned& node) {
  if (node.form != Form::kList) return {node.scalar};
  std::vector<std::string> all;
  for (const Positioned& value : node.values) all.push_back(value.scalar);
  return all;
}

bool Fits(const Positioned& patterns, const std::string& text) {
  for (const std::string& pattern : Listed(patterns))
    if (fnmatch(pattern.c_str(), text.c_str(), FNM_NOESCAPE) == 0) return true;
  return false;
}

bool InRange(const std::string& range, const std::string& address) {
  const size_t slash = range.find('/');
  in_addr network{}, host{};
  inet_pton(AF_INET, range.substr(0, slash).c_str(), &network);
  inet_pton(AF_INET, address.c_str(), &host);
  const int bits = slash == range.npos ? 32 : std::atoi(range.c_str() + slash + 1);
  const uint64_t mask = 0xFFFFFFFFull << (32 - bits) & 0xFFFFFFFFull;
  return (ntohl(network.s_addr) & mask) == (ntohl(host.s_addr) & mask);
}

const std::map<uint16_t, std::string> kNames = {
    {0x0001, "C-STORE"},  {0x0020, "C-FIND"},         {0x0021, "C-MOVE"},  {0x0010, "C-GET"},
    {0x0030, "C-ECHO"},   {0x0130, "N-ACTION"},       {0x0110, "N-GET"},   {0x0120, "N-SET"},
    {0x0140, "N-CREATE"}, {0x0100, "N-EVENT-REPORT"}, {0x0150, "N-DELETE"}};

std::string NameOf(uint16_t command) {
  auto found = kNames.find(command);
  return found == kNames.end() ? "" : found->second;
}
bool NoDataSet(const std::string& command) {
  return command.empty() || command == "C-ECHO" || command == "N-GET" || command == "N-DELETE";
}

const std::map<std::string, std::string> kApplications = {
    {"VMSDBD", "VMSDBD"}, {"VMSSDBD", "VMSDBD"}, {"RTPACS", "RTPACS"}, {"RESEARCH", "RESEARCH"}};
const std::map<std::string, std::vector<std::string>> kClasses = {
    {"ct_image", {"1.2.840.10008.5.1.4.1.1.2"}},
    {"images",
     {"1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.7"}},
    {"rt",
     {"1.2.840.10008.5.1.4.1.1.481.5", "1.2.840.10008.5.1.4.1.1.481.2",
      "1.2.840.10008.5.1.4.1.1.481.3"}},
    {"uncompressed", {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1"}},
    {"jpeg", {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.70"}}};

bool IsUid(const Positioned& node, const std::string& uid) {
  for (const std::string& word : Listed(node)) {
    auto group = kClasses.find(word);
    if (group == kClasses.end() ? fnmatch(word.c_str(), uid.c_str(), 0) == 0
                                : std::ranges::find(group->second, uid) != group->second.end())
      return true;
  }
  return false;
}

// ---- elements

bool ValueIs(const Positioned& test, const std::string& value) {  // one value against one test
  if (test.form != Form::kMap) return Fits(test, value);
  auto number = [](const std::string& text) { return std::strtod(text.c_str(), nullptr); };
  const bool numeric = !value.empty() && value.find_first_not_of("0123456789.") == value.npos;
  for (size_t i = 0; i < test.keys.size(); ++i) {
    const std::string &key = test.keys[i].scalar, &wanted = test.values[i].scalar;
    if (key == "glob" && !Fits(test.values[i], value)) return false;
    if (key == "is" && wanted != value) return false;
    if (key == "regex" && !std::regex_match(value, std::regex(wanted))) return false;
    if (key == "above" && !(numeric && number(value) > number(wanted))) return false;
    if (key == "below" && !(numeric && number(value) < number(wanted))) return false;
    if (key == "from" && !(numeric && number(value) >= number(wanted))) return false;
    if (key == "to" && !(numeric && number(value) <= number(wanted))) return false;
  }
  return true;
}

bool ElementIs(const Positioned& test, const std::vector<std::string>* values) {
  bool asks_value = test.form != Form::kMap;
  for (const Positioned& key : test.keys)
    asks_value |= key.scalar != "present" && key.scalar != "absent" && key.scalar != "not";
  if (const Positioned* present = At(test, "present"))
    if ((present->scalar == "true") != (values != nullptr)) return false;
  if (const Positioned* absent = At(test, "absent"))
    if ((absent->scalar == "true") != (values == nullptr)) return false;
  if (const Positioned* inner = At(test, "not"))
    if (ElementIs(*inner, values)) return false;
  if (!asks_value) return true;
  if (!values) return false;
  const std::vector<std::string> one_empty{""};
  for (const std::string& value : values->empty() ? one_empty : *values)
    if (ValueIs(test, value)) return true;
  return false;
}

Maybe Element(const std::string& path, const Positioned& test, const Known& known) {
  if (known.message.phase < Phase::kCommand) return std::nullopt;
  if (NoDataSet(NameOf(known.message.command_field))) return ElementIs(test, nullptr);
  if (known.message.phase < Phase::kHead) return std::nullopt;
  auto found = known.head.find(path);
  if (found != known.head.end()) return ElementIs(test, &found->second);
  if (known.message.phase < Phase::kEnd) return std::nullopt;
  found = known.rest.find(path);
  return ElementIs(test, found == known.rest.end() ? nullptr : &found->second);
}

// ---- conditions

Maybe And(Maybe a, Maybe b) {
  if (a == Maybe(false) || b == Maybe(false)) return false;
  if (!a || !b) return std::nullopt;
  return true;
}
Maybe Not(Maybe a) { return a ? Maybe(!*a) : std::nullopt; }

Maybe Matches(const Positioned& when, const Known& known);

bool AtTime(const Positioned& node, int minute) {
  for (const std::string& range : Listed(node)) {
    int from_h = 0, from_m = 0, to_h = 0, to_m = 0;
    std::sscanf(range.c_str(), "%d:%d-%d:%d", &from_h, &from_m, &to_h, &to_m);
    const int from = 60 * from_h + from_m, to = 60 * to_h + to_m;
    for (int m = from; m != to % (24 * 60) || (m == from && to == 24 * 60);
         m = (m + 1) % (24 * 60)) {
      if (m == minute) return true;
      if ((m + 1) % (24 * 60) == to % (24 * 60)) break;
    }
  }
  return false;
}

bool OnDay(const Positioned& node, int day) {
  const std::string names = "mon tue wed thu fri sat sun";
  for (const std::string& days : Listed(node)) {
    const int first = static_cast<int>(names.find(days.substr(0, 3))) / 4;
    const int last = static_cast<int>(names.find(days.substr(days.size() - 3))) / 4;
    for (int d = first;; d = (d + 1) % 7) {
      if (d == day) return true;
      if (d == last) break;
    }
  }
  return false;
}

double Bytes(const std::string& size) {
  return std::strtod(size.c_str(), nullptr) * (size.find("KiB") != size.npos   ? 1024
                                               : size.find("MiB") != size.npos ? 1048576
                                                                               : 1);
}

Maybe Condition(const std::string& key, const Positioned& value, const Known& known) {
  const Caller& caller = known.caller;
  const Message& message = known.message;
  if (key == "calling") return Fits(value, caller.calling);
  if (key == "called") return Fits(value, caller.called);
  if (key == "tls_subject") return Fits(value, caller.tls_subject);
  if (key == "listener") {
    for (const std::string& one : Listed(value))
      if (("/" + caller.listener).ends_with((one.find(':') == one.npos ? ":" : "/") + one))
        return true;
    return false;
  }
  if (key == "from") {
    for (const std::string& range : Listed(value))
      if (InRange(range, caller.address)) return true;
    return false;
  }
  if (key == "to") {
    for (const std::string& title : Listed(value))
      if (kApplications.at(title) == caller.application) return true;
    return false;
  }
  if (key == "time") return AtTime(value, message.now.minute);
  if (key == "weekday") return OnDay(value, message.now.weekday);
  if (key == "not") return Not(Matches(value, known));
  if (key == "any" || key == "all") {
    Maybe all = true, none = true;
    for (const Positioned& one : value.values) {
      const Maybe each = Matches(one, known);
      all = And(all, each);
      none = And(none, Not(each));
    }
    return key == "all" ? all : Not(none);
  }
  if (message.phase < Phase::kCommand) return std::nullopt;
  const std::string command = NameOf(message.command_field);
  if (key == "command") return std::ranges::count(Listed(value), command) > 0;
  if (key == "sop_class") return IsUid(value, std::string(message.sop_class));
  if (key == "transfer_syntax") return IsUid(value, std::string(message.transfer_syntax));
  if (key == "requested") return Fits(value, std::string(message.requested));
  if (key == "destination") return Fits(value, std::string(message.destination));
  if (key == "level") {
    if (command != "C-FIND" && command != "C-MOVE" && command != "C-GET") return false;
    return Element("QueryRetrieveLevel", value, known);
  }
  if (key == "size") {
    if (NoDataSet(command)) return false;
    if (message.phase < Phase::kEnd) return std::nullopt;
    if (!message.size) return false;
    const auto size = static_cast<double>(*message.size);
    const Positioned *above = At(value, "above"), *below = At(value, "below");
    return (!above || size > Bytes(above->scalar)) && (!below || size < Bytes(below->scalar));
  }
  Maybe all = true;  // dataset
  for (size_t i = 0; i < value.keys.size(); ++i)
    all = And(all, Element(value.keys[i].scalar, value.values[i], known));
  return all;
}

Maybe Matches(const Positioned& when, const Known& known) {
  Maybe all = true;
  for (size_t i = 0; i < when.keys.size(); ++i)
    all = And(all, Condition(when.keys[i].scalar, when.values[i], known));
  return all;
}

// ---- reading

bool Concerns(const std::string& topic, const Known& known) {
  if (known.message.phase < Phase::kCommand) return true;
  const std::string command = NameOf(known.message.command_field);
  if (topic == "hold" || topic == "queue" || topic == "copy_to" || topic == "priority" ||
      topic == "acknowledge")
    return command == "C-STORE";
  if (topic == "move_to") return command == "C-MOVE";
  if (topic == "retrieve_ae_title") return command == "C-FIND";
  return topic != "edit" || !NoDataSet(command);
}

// What one action claims: its topic, and for edits the path.
std::vector<std::pair<std::string, std::string>> ClaimsOf(const std::string& key,
                                                          const Positioned& value) {
  std::vector<std::pair<std::string, std::string>> claims;
  if (key == "refuse" || key == "drop") return {{"outcome", ""}};
  if (key == "set" || key == "copy") {
    for (const Positioned& path : value.keys) claims.emplace_back("edit", path.scalar);
  } else if (key == "remove") {
    for (const std::string& path : Listed(value)) claims.emplace_back("edit", path);
  } else if (key != "clinical_edit") {
    claims.emplace_back(key, "");
  }
  return claims;
}

using Outcome = std::map<std::string, std::vector<std::string>>;  // topic: who decides, in order

// Every rule known to match or not: what is decided.
Outcome Read(const Positioned& list, const std::vector<bool>& matches, const Known& known) {
  Outcome outcome;
  std::set<std::string> edited;
  for (size_t i = 0; i < list.values.size(); ++i) {
    if (!matches[i]) continue;
    const Positioned& rule = list.values[i];
    const std::string name = std::to_string(i);
    outcome["matched"].push_back(name);
    const Positioned& then = *At(rule, "then");
    for (size_t k = 0; k < then.keys.size(); ++k)
      for (const auto& [topic, path] : ClaimsOf(then.keys[k].scalar, then.values[k])) {
        if (!Concerns(topic, known)) continue;
        std::vector<std::string>& owners = outcome[topic];
        const bool all = topic == "copy_to" || topic == "limit" || topic == "log";
        if (topic == "edit" ? edited.insert(path).second : all || owners.empty())
          owners.push_back(path.empty() ? name : name + "/" + path);
      }
    const Positioned* last = At(rule, "last");
    if (last && last->scalar == "true") break;
  }
  return outcome;
}

}  // namespace

std::string ReferenceDecisions(const Positioned& list, const Known& known) {
  std::vector<Maybe> truths;
  std::vector<size_t> open;
  for (const Positioned& rule : list.values) {
    const Positioned* when = At(rule, "when");
    truths.push_back(when ? Matches(*when, known) : Maybe(true));
    if (!truths.back()) open.push_back(truths.size() - 1);
  }
  // Decided is what is the same however the open ones turn out.
  std::optional<Outcome> certain;
  std::set<std::string> differ;
  for (size_t mask = 0; mask < size_t{1} << open.size(); ++mask) {
    std::vector<bool> matches;
    for (const Maybe& truth : truths) matches.push_back(truth.value_or(false));
    for (size_t i = 0; i < open.size(); ++i) matches[open[i]] = mask >> i & 1;
    Outcome outcome = Read(list, matches, known);
    if (!certain) {
      certain = outcome;
      continue;
    }
    std::set<std::string> topics;
    for (const auto& [topic, owners] : *certain) topics.insert(topic);
    for (const auto& [topic, owners] : outcome) topics.insert(topic);
    for (const std::string& topic : topics) {
      auto &mine = (*certain)[topic], &theirs = outcome[topic];
      if (mine != theirs && topic != "matched") differ.insert(topic);
      std::erase_if(mine,
                    [&](const auto& owner) { return std::ranges::count(theirs, owner) == 0; });
    }
  }
  std::map<std::string, std::string> lines;
  for (const auto& [topic, owners] : *certain)
    for (const std::string& owner : owners) lines[topic] += " " + owner;
  for (const std::string& topic : differ) lines["open"] += " " + topic;
  std::string text;
  for (const auto& [topic, line] : lines) text += topic + ":" + line + "\n";
  return text;
}

std::string AsLines(const Decisions& decisions) {
  std::map<std::string, std::string> lines;
  auto one = [&](const char* topic, const auto& decided) {
    if (decided) lines[topic] += " " + std::to_string(decided.by);
  };
  one("to", decisions.to);
  one("calling", decisions.calling);
  one("called", decisions.called);
  one("retrieve_ae_title", decisions.retrieve_ae_title);
  one("move_to", decisions.move_to);
  one("hold", decisions.hold);
  one("queue", decisions.queue);
  one("outcome", decisions.outcome);
  one("priority", decisions.priority);
  one("acknowledge", decisions.acknowledge);
  for (const auto& copy : decisions.copy_to) one("copy_to", copy);
  for (const auto& limit : decisions.limits) one("limit", limit);
  for (const auto& log : decisions.logs) one("log", log);
  for (const auto& edit : decisions.edits)
    lines["edit"] += " " + std::to_string(edit.by) + "/" + edit->path.text;
  for (RuleIndex rule : decisions.matched) lines["matched"] += " " + std::to_string(rule);
  std::set<std::string> open;
  for (size_t topic = 0; topic < kTopics; ++topic)
    if (decisions.IsOpen(static_cast<Topic>(topic)))
      open.emplace(rules::NameOf(static_cast<Topic>(topic)));
  for (const std::string& topic : open) lines["open"] += " " + topic;
  std::string text;
  for (const auto& [topic, line] : lines) text += topic + ":" + line + "\n";
  return text;
}

}  // namespace rules::testing
