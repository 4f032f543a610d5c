#pragma once
#include <chrono>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "router/base/result.h"
#include "router/store/database.h"
#include "router/store/gauges.h"
#include "router/store/row.h"

namespace router::store {

// What one transaction adds to the gauges, applied once it is committed.
struct GaugeChanges {
  Gauges added;  // differences; `oldest_held` and `commits` unused
  std::map<std::pair<std::string, Kind>, std::optional<WallTime>> oldest;

  void ApplyTo(Gauges& gauges) const;
};

// One transaction while it is being made: the rows' way in and out, with everything that must
// change along with a row (history, use of its file, what is wanted, the gauges). What the calls of
// the ledger mean is in steps.h. On the ledger's thread.
class Transaction {
 public:
  Transaction(Database& database, WallTime now) : database_(database), now_(now) {}

  Database& database() { return database_; }
  WallTime now() const { return now_; }

  // kNotFound, saying what is the matter, unless the row is in one of these states.
  Result<Row> Require(RowId id, std::initializer_list<State> allowed);

  // A new row: id and place in its series are set.
  void Insert(Row& row);
  // Writes what changed. A change of state or reason goes into the history; an end gives up file
  // and requirements; entering and leaving `waiting` moves what is wanted.
  void Update(const Row& before, const Row& after, std::string_view by = kSelf);
  // A row is handed out or given back; until it begins this is no step in its life.
  void HandOver(const Row& before, const Row& after);
  // Claimed, and now on its way.
  void Begin(const Row& before, const Row& after);
  // Counts afresh what a row misses.
  void Recount(Row& row);

  // One more row waits for this UID, or this row does no longer, which has a requirement of it.
  // `soon`: it is probably there; so it is where anything is remembered of it.
  void Want(const std::string& application, const Requirement& requirement, WallTime next_check,
            bool soon = false);
  void Unwant(RowId row, const Uid& uid);

  bool FileInUse(const std::string& name);
  // Once the last row of the file has ended it is kept for so long, if any was delivered.
  void RetainFile(const std::string& name, std::chrono::milliseconds retain_for);
  // A delivered or discarded row no longer uses it. With the last: kept where it is retained or
  // promised, else buried.
  void GiveUpFile(const SpoolFile& file, bool delivered);
  // Whatever becomes of its rows it stays until then. False: there is no such file.
  bool PromiseFile(const std::string& name, WallTime until);
  // What is kept is buried.
  void BuryKept(const std::string& name, uint64_t size);
  // One more or one less request for storage commitment in this state.
  void CountCommitment(const std::string& application, std::string_view state, int sign) {
    gauges_.added.commitments[{application, std::string(state)}] += sign;
  }
  // Takes the instant at which UIDs that a row begins to want again are asked about; absent (the
  // default): now, as of any others.
  void AskFrom(std::optional<WallTime> at) { ask_from_ = at; }

  // The last thing before COMMIT.
  void Close();

  const GaugeChanges& gauge_changes() const { return gauges_; }
  const std::set<std::string>& ready_applications() const { return ready_; }
  const std::vector<std::string>& tombstones() const { return tombstones_; }

 private:
  static constexpr std::string_view kSelf = "sluice";
  static constexpr int64_t kNoInstanceNumber = int64_t{1} << 31;

  void JoinSeries(Row& row, int64_t& place);
  std::optional<WallTime> ReadySince(const Row& before, const Row& after) const;
  void Write(const Row& before, const Row& after, WallTime since);
  void Count(const Row& row, int sign);
  void AddHistory(RowId row, std::optional<State> from, const Row& after, std::string_view by);
  void WantAll(const Row& row);
  void UnwantAll(RowId row);
  void UseFile(const SpoolFile& file);
  int64_t SpareOf(const std::string& name);
  void Bury(const std::string& name, uint64_t size);

  Database& database_;
  const WallTime now_;
  std::optional<WallTime> ask_from_;
  GaugeChanges gauges_;
  std::set<std::string> ready_;
  std::vector<std::string> tombstones_;
};

}  // namespace router::store
