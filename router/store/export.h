#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "router/base/result.h"
#include "router/store/disk.h"
#include "router/store/ledger_reader.h"
#include "router/store/send_script.h"
#include "router/store/spool.h"

// Leaving: what was acknowledged and is not known to be upstream, taken out of a store as files
// that anybody can send. The store is read and never changed.
//
//   <to>/manifest.csv                     every instance, in order; there when all is done
//   <to>/<application>/000001-plan.dcm    Part 10, byte for byte; numbered in the order of
//   injection <to>/<application>/….quarantined.dcm  what was put aside
//   <to>/<application>/….dcm.damaged      what is not what was received: for an expert
//   <to>/send-<application>.sh            sends them by storescu
//
// No name has patient data in it.
namespace router::store {

struct ExportCounts {
  int64_t instances = 0;    // acknowledged and not known to be upstream: the sum of the next three
  int64_t written = 0;      // whole, and proved to be by their SHA-256
  int64_t damaged = 0;      // their files are not what was received, or are cut short
  int64_t lost = 0;         // without a file
  int64_t quarantined = 0;  // of the written
  int64_t maybe_there = 0;  // of all: were sent, and the answer was lost

  void Add(const ExportCounts& other);
};

struct ExportReport {
  ExportCounts all;
  struct Of {
    ExportCounts counts;
    std::string folder, script;  // names in <to>
  };
  std::map<std::string, Of> applications;
};

struct ExportOptions {
  std::string to;                       // absolute; see PrepareTarget
  std::map<std::string, SendTo> known;  // by application; others: what the ledger knows
  // After each instance; false ends the export with kInterrupted. May be empty.
  std::function<bool(const ExportCounts& so_far)> progress = {};
};

// Makes the folder, or finds it empty. Errors: kBadConfig where it is not empty, lies in the store,
// or is no absolute path; kDisk. Blocks.
Result<> PrepareTarget(const std::string& to, const StorePaths& store, Disk& disk);

// Writes all open rows of the ledger. A file that cannot be read or is not what it was is counted
// and does not end the export; what cannot be written does. Rows that end meanwhile are left out.
// Blocks. Errors: kDisk (retryable: the disk is full), kCorrupt, kInterrupted.
Result<ExportReport> Export(LedgerReader& ledger, const StorePaths& store, ExportOptions options,
                            Disk& disk);

}  // namespace router::store
