#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "router/admin/json.h"

// The API's answers as people read them in a terminal.
namespace router::admin {

// Columns as wide as their widest entry (counted in UTF-8 characters), two spaces between, none at
// the ends of lines.
std::string Aligned(const std::vector<std::vector<std::string>>& rows);

// "40s", "12m", "3h 20m", "2d 4h".
std::string AgeText(std::chrono::seconds age);

// `held` of GET /api/v1/held: one line an instance, and below it for what it waits or why it is
// quarantined.
std::string HeldTable(const Json& held, WallTime now);

// What clients are owed, in a line; empty if that is nothing.
std::string CommitmentLine(const Json& commitments);
std::string DestinationTable(const Json& destinations);

// `observed` of GET /api/v1/observe: for each application what would have been done, and how often.
std::string ObservedTable(const Json& observed);

}  // namespace router::admin
