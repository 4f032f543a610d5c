#include "tests/peers/faulty/switches.h"

#include <algorithm>

namespace faulty {
namespace {

using nlohmann::json;

// Counters ("times", "lose"): 0 never, n the next n times, -1 always.
json Defaults() {
  return json::parse(R"({
    "missing": "accept",
    "missing_status": 43264,
    "machines": null,
    "machine_status": 49152,
    "store_status": [],
    "commit": {"queries": 0, "ms": 0},
    "delay_ms": {"associate": 0, "echo": 0, "store": 0, "find": 0, "move": 0, "suboperation": 0,
                 "first": 0, "release": 0},
    "lose": {"echo": 0, "store": 0, "find": 0, "move": 0, "release": 0},
    "find": {"empty_first": 0, "empty_every": 0, "empty_percent": 0, "skip_every": 0,
             "status": 42752, "times": 0, "pending": 65280},
    "move": {"skip_uids": [], "skip_first": 0, "skip_every": 0, "skipped": "uncounted",
             "originator": "both", "associations": "one", "per_association": 1,
             "pending": "right", "status": 42754, "times": 0},
    "destinations": {},
    "max_associations": 0,
    "trusted": null,
    "called": null,
    "reject": {"result": 1, "source": 1, "reason": 1, "times": 0},
    "reset": {"after_bytes": 0, "after_pdus": 0, "times": 0},
    "outage": false,
    "relational": "tolerant",
    "commitment": false,
    "transfer_syntaxes": null,
    "sop_classes": null
  })");
}

// The switches that are one of a few words.
const json& Words() {
  static const json words = json::parse(R"({
    "missing": ["accept", "refuse", "orphan"],
    "relational": ["tolerant", "negotiated", "refused"],
    "skipped": ["uncounted", "failed"],
    "originator": ["both", "none", "title", "id"],
    "associations": ["one", "successive", "parallel"],
    "pending": ["right", "wrong", "absent", "none"]
  })");
  return words;
}

bool SameType(const json& known, const json& value) {
  if (known.is_null() || known.is_array()) return value.is_null() || value.is_array();
  if (known.is_number()) return value.is_number_integer();
  return known.type() == value.type();
}

std::optional<std::string> Merge(const json& defaults, const json& changes, json& into) {
  for (const auto& [key, value] : changes.items()) {
    if (!defaults.contains(key)) return "no switch is called " + key;
    const json& known = defaults[key];
    if (known.is_null() && value.is_null()) {
      into[key] = nullptr;
      continue;
    }
    if (!SameType(known, value)) return "the switch " + key + " has another type";
    if (known.is_object() && key != "destinations") {
      if (auto fault = Merge(known, value, into[key])) return fault;
      continue;
    }
    if (value.is_string() && Words().contains(key)) {
      const json& words = Words()[key];
      if (std::find(words.begin(), words.end(), value) == words.end()) {
        return "the switch " + key + " is one of " + words.dump();
      }
    }
    into[key] = value;
  }
  return std::nullopt;
}

json::json_pointer Pointer(std::string_view path) {
  std::string pointer = "/" + std::string(path);
  for (char& c : pointer) {
    if (c == '.') c = '/';
  }
  return json::json_pointer(pointer);
}

bool CountDown(json& counter) {
  int64_t left = counter.get<int64_t>();
  if (left > 0) counter = left - 1;
  return left != 0;
}

bool Fits(const json& rule, const char* key, const std::string& value) {
  return !rule.contains(key) || rule[key] == value;
}

}  // namespace

Switches::Switches() : all_(Defaults()) {}

std::optional<std::string> Switches::Set(const json& changes) {
  if (!changes.is_object()) return "switches are an object";
  std::lock_guard lock(mutex_);
  json next = all_;
  if (auto fault = Merge(Defaults(), changes, next)) return fault;
  for (json& rule : next["store_status"]) {
    if (!rule.is_object() || !rule.contains("status")) return "a store_status needs a status";
    if (!rule.contains("times")) rule["times"] = -1;
  }
  all_ = std::move(next);
  if (changes.contains("find")) BeginFinds();
  return std::nullopt;
}

void Switches::Clear() {
  std::lock_guard lock(mutex_);
  all_ = Defaults();
  BeginFinds();
}

void Switches::BeginFinds() {
  finds_ = matches_ = 0;
  chance_.seed();
}

json Switches::All() const {
  std::lock_guard lock(mutex_);
  return all_;
}

json Switches::Find(std::string_view path) const {
  std::lock_guard lock(mutex_);
  return all_.at(Pointer(path));
}

std::optional<std::vector<std::string>> Switches::GetList(std::string_view path) const {
  json found = Find(path);
  if (found.is_null()) return std::nullopt;
  return found.get<std::vector<std::string>>();
}

bool Switches::Take(std::string_view path) {
  std::lock_guard lock(mutex_);
  return CountDown(all_.at(Pointer(path)));
}

std::optional<StoreVerdict> Switches::TakeStoreStatus(const std::string& kind,
                                                      const std::string& sop_class,
                                                      const std::string& uid) {
  std::lock_guard lock(mutex_);
  for (json& rule : all_["store_status"]) {
    if (!Fits(rule, "kind", kind) || !Fits(rule, "sop_class", sop_class) ||
        !Fits(rule, "uid", uid) || !CountDown(rule["times"])) {
      continue;
    }
    return StoreVerdict{rule["status"].get<uint16_t>(), rule.value("keep", false)};
  }
  return std::nullopt;
}

bool Switches::TakeEmptyFind() {
  std::lock_guard lock(mutex_);
  ++finds_;
  uint64_t every = all_["find"]["empty_every"].get<uint64_t>();
  bool unlucky = chance_() % 100 < all_["find"]["empty_percent"].get<uint64_t>();
  return finds_ <= all_["find"]["empty_first"].get<uint64_t>() ||
         (every > 0 && finds_ % every == 0) || unlucky;
}

bool Switches::TakeSkippedMatch() {
  std::lock_guard lock(mutex_);
  uint64_t every = all_["find"]["skip_every"].get<uint64_t>();
  return every > 0 && ++matches_ % every == 0;
}

std::optional<uint16_t> Switches::TakeFinalStatus(std::string_view operation) {
  std::lock_guard lock(mutex_);
  json& own = all_[std::string(operation)];
  if (!CountDown(own["times"])) return std::nullopt;
  return own["status"].get<uint16_t>();
}

std::optional<Rejection> Switches::TakeRejection() {
  std::lock_guard lock(mutex_);
  json& own = all_["reject"];
  if (!CountDown(own["times"])) return std::nullopt;
  return Rejection{own["result"], own["source"], own["reason"]};
}

}  // namespace faulty
