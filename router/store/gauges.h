#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "router/base/clock.h"
#include "router/base/kind.h"

namespace router::store {

// What the ledger counts while it works, so that a scrape needs no SQL. A value: as of one commit.
struct Gauges {
  struct Queue {
    int64_t instances = 0;
    int64_t bytes = 0;
    bool operator==(const Queue&) const = default;
  };

  // (application, kind, reason): rows in `waiting`; the reason is the kind that is waited for, or
  // "not_yet". Entries that fall to zero stay, so that a gauge falls to zero too.
  std::map<std::tuple<std::string, Kind, std::string>, int64_t> held;
  // (application, kind): accepted_at of the oldest row in `waiting`; no entry: none.
  std::map<std::pair<std::string, Kind>, WallTime> oldest_held;
  // application: rows in ready, sending and verifying.
  std::map<std::string, Queue> queue;
  // (application, cause): rows in quarantine.
  std::map<std::pair<std::string, std::string>, int64_t> quarantined;
  // (application, "open" or "decided"): requests for storage commitment that are owed a report.
  std::map<std::pair<std::string, std::string>, int64_t> commitments;
  int64_t spool_bytes = 0;  // of files that rows use
  int64_t kept_bytes = 0;   // of these, delivered and kept
  int64_t spare_bytes = 0;  // of these, promised to nobody: what Ledger::MakeRoom can remove
  int64_t spool_files = 0;
  uint64_t commits = 0;  // that wrote something, since start
};

}  // namespace router::store
