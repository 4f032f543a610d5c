#pragma once
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

// One entry of `held --json`: exactly the keys of design §10, and `missing_more` (how many further
// UIDs are missing) only where `missing` is not the whole list.
Json HeldJson(const store::HeldRow& held);
// The same and all that the ledger knows of the row.
Json RowJson(const store::HeldRow& held, std::span<const store::HistoryStep> history);

Json DestinationJson(const DestinationStatus& destination);
Json AssociationJson(const AssociationStatus& association);
Json MoveJson(const MoveStatus& move);
Json LeaveJson(const LeaveStatus& leave);

// What became of an instance, in one word and in one sentence: a row that is still open goes before
// what is known of the applications, and that before rows that have ended.
Json InstanceJson(const Uid& uid, std::span<const store::HeldRow> rows,
                  std::span<const KnownAt> known);

// As text that is valid JSON whatever bytes it was made of.
std::string Dump(const Json& json);

}  // namespace router::admin
