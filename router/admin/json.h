#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>

#include "router/admin/source.h"
#include "router/base/clock.h"

// How the API spells what it knows. Keys stand in the order of design §10.
namespace router::admin {

using Json = nlohmann::ordered_json;

// "2026-11-22T19:18:20Z"; UTC, whole seconds.
std::string TimeText(WallTime time);

// What becomes of an instance at the deadline, by application: Source::AtDeadline.
using AtDeadline = std::function<std::string(const std::string& application)>;

// One entry of `held --json`: exactly the keys of design §10, then `at_deadline`, and
// `missing_more` (how many further UIDs are missing) only where `missing` is not the whole list.
Json HeldJson(const store::HeldRow& held, const AtDeadline& at_deadline);
// The same and all that the ledger knows of the row.
Json RowJson(const store::HeldRow& held, std::span<const store::HistoryStep> history,
             const AtDeadline& at_deadline);

Json DestinationJson(const DestinationStatus& destination);
Json AssociationJson(const AssociationStatus& association);
Json MoveJson(const MoveStatus& move);
Json CommitmentsJson(const CommitmentsStatus& all);
Json LeaveJson(const LeaveStatus& leave);

Json StoreJson(const StoreStatus& store);
Json ObservedJson(const ObservedApplication& observed);

// All that is known of one instance.
struct InstanceFacts {
  std::vector<store::HeldRow> rows;
  std::vector<KnownAt> known;
  std::vector<RefusedAt> refused;
};
// What became of it, in one word and in one sentence: a row that is still open goes before what is
// believed of the applications, that before rows that were delivered, these before what was known
// once, and that before what was given up or refused.
Json InstanceJson(const Uid& uid, const InstanceFacts& facts, const AtDeadline& at_deadline);

// As text that is valid JSON whatever bytes it was made of.
std::string Dump(const Json& json);

}  // namespace router::admin
