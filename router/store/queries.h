#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "router/store/database.h"
#include "router/store/gauges.h"
#include "router/store/ledger.h"
#include "router/store/row.h"

// What the tables are asked, on whichever connection: the ledger thread's own or a reader's. A
// failure of the database sticks to it and is for the caller to look at; these then return less.
namespace router::store {

// The columns of `delivery` that make a Row, for a SELECT of one's own and TakeRow.
std::string SelectRows(std::string_view rest);
Row TakeRow(Rows& rows);
std::vector<Row> TakeRows(Rows rows);

std::optional<Row> FindRow(Database& database, RowId id);
std::vector<Requirement> MissingOf(Database& database, RowId id, int skip, int at_most);
std::vector<HeldRow> HeldRows(Database& database, const HeldFilter& filter);
std::vector<HeldRow> RowsOfUid(Database& database, const Uid& sop_instance);
std::vector<HistoryStep> HistoryOf(Database& database, RowId id);
std::optional<How> KnownHow(Database& database, const std::string& application, const Uid& uid,
                            WallTime now);
std::optional<Sighting> SightingOf(Database& database, const std::string& application,
                                   const Uid& uid);
// Was an instance of this UID ever stored there by us, or found there, as far as is remembered?
bool MayHaveBeenThere(Database& database, const Instance& instance, RowId but_for);
Standing StandingOfInstance(Database& database, const Instance& instance);
std::vector<WantedUid> CollectionsWanted(Database& database, const std::string& application,
                                         int limit);
std::vector<WantedUid> WantedUids(Database& database, const std::string& application,
                                  WallTime due_by, int limit);
std::vector<HeldRow> QuietRows(Database& database, const std::string& application,
                               WallTime quiet_since, int limit);
std::vector<Row> UnverifiedRows(Database& database, const std::string& application, int limit);
std::vector<Row> OverdueRows(Database& database, const std::string& application, WallTime now,
                             int limit);
NextDue DueOf(Database& database, const std::string& application);
int64_t OpenRowsOf(Database& database, const std::string& application);

std::map<std::string, int64_t> OpenRowsOfAll(Database& database);
std::vector<RowId> OpenRowsInOrder(Database& database, const std::string& application);

// Everything that gauges tell, counted from the tables: once, at start.
Gauges CountAll(Database& database);
std::optional<WallTime> OldestHeld(Database& database, const std::string& application, Kind kind);

// The label `reason` of a waiting row.
std::string HeldReason(Cause cause, std::optional<Kind> waits_for);

std::optional<State> StateNamed(std::string_view name);
std::optional<Cause> CauseNamed(std::string_view name);

}  // namespace router::store
