#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "router/config/config.h"
#include "router/dataset/difference.h"
#include "router/dimse/command.h"
#include "router/hold/terms.h"
#include "router/store/row.h"

// `sluice explain`: what the running Sluice would make of a request, and why. It asks the very code
// that decides there (session::Admit, RouteFor, Ruling, hold::HarvestFrom, …), without a network
// and without a store: what only these can tell is said to be asked when the request comes.
// docs/rules.md describes both forms of the answer. Main thread; reads files.
namespace router {

struct ExplainQuestion {
  AeTitle calling, called;
  std::string from;      // numeric; empty: one from which this title may call
  std::string listener;  // of the configuration, or its port alone; empty: the first
  dimse::Command command = dimse::Command::kCStoreRq;
  std::string destination;         // Move Destination (0000,0600), or empty
  std::string level;               // Query/Retrieve Level (0008,0052), or empty
  std::vector<std::string> paths;  // files and folders
};

// Why a rule did what it did. `rule` and `place` name it: "no films", "sluice.yaml:41".
struct ExplainedRule {
  std::string rule, place;
  enum class Match : uint8_t { kYes, kNo, kOpen, kNotRead } match = Match::kNo;
  std::string why;                   // of kNo and kOpen: which condition
  std::vector<std::string> decides;  // in words
  struct Lost {
    std::string topic, rule, place;  // to whom
  };
  std::vector<Lost> lost;
};

// What holds the instance back, or would.
struct ExplainedHold {
  std::vector<store::Requirement> references;          // required and noted
  std::vector<std::pair<std::string, bool>> machines;  // and whether the application knows it
  config::Duration warn_after{}, at_most{};
  config::AfterDeadline then = config::AfterDeadline::kQuarantine;
  std::optional<config::Acknowledge> acknowledge;  // of a client; nobody waits for copies
  bool asks_first = true;                          // what exists there, before anything waits
};

enum class Outcome : uint8_t {
  kRelayed,      // to `application`, whose answer is the caller's
  kHeld,         // accepted, waits for others
  kQueued,       // accepted, sent later
  kQuarantined,  // accepted, put aside for a person
  kRefused,      // with `status`
  kDropped,      // told success, thrown away
  kCarried,      // a C-MOVE whose sub-operations come here
  kForwarded,    // a C-MOVE that upstream delivers
  kBridged,      // a C-GET that becomes a C-MOVE
  kAnswered,     // by Sluice itself
  kOpen,         // what is known does not settle it
};
std::string_view NameOf(Outcome outcome);

// What becomes of one message, or of one copy of it.
struct ExplainedEnd {
  Outcome outcome = Outcome::kOpen;
  uint16_t status = 0;                      // of kRefused
  std::string comment;                      // of kRefused: (0000,0902)
  std::string application;                  // where it goes; empty: nowhere
  std::string address;                      // of it
  std::string calling, called;              // there
  std::vector<std::string> destinations;    // of a C-MOVE: "RTPACS 10.1.0.20:104"
  std::vector<std::string> notes;           // what else is to be said, one sentence each
  std::vector<std::string> edits_of_rules;  // "set PatientComments"
  std::vector<dataset::Difference> edits;   // that were tried on the file
  std::string window;                       // of a queue
  std::string priority;                     // empty: nobody said
  std::optional<ExplainedHold> hold;
};

struct ExplainedMessage {
  std::string file;  // empty: without one
  Uid sop_class, sop_instance, series;
  std::optional<Kind> kind;
  std::optional<int32_t> instance_number;
  std::vector<ExplainedRule> rules;
  ExplainedEnd end;
  std::optional<ExplainedEnd> would;  // with `mode: observe`: what is not done
  std::vector<ExplainedEnd> copies;
  std::vector<std::string> limits;
};

// Who the caller is to us.
struct ExplainedCaller {
  enum class As : uint8_t { kClient, kOwnEcho, kSubOperations, kRejected } as = As::kRejected;
  std::string from, listener;
  bool from_assumed = false;
  std::string answer, why;  // of kRejected: on the wire, and in the log
  const config::Client* client = nullptr;
  const config::Application* application = nullptr;
  std::string routed_by;              // the rule that leads there, or empty
  std::string calling, called;        // upstream
  std::string calling_by, called_by;  // rules, or empty
};

struct Explanation {
  std::shared_ptr<const config::Config> config;  // what the pointers point into
  ExplainQuestion question;
  ExplainedCaller caller;
  struct Folder {
    std::string path;
    std::vector<size_t> messages;  // of the files below it
  };
  std::vector<ExplainedMessage> messages;
  std::vector<Folder> folders;
  std::vector<std::pair<std::string, std::string>> skipped;  // no DICOM: file and why
  std::vector<size_t> release_order;                         // of `messages`: if there are several

  bool IsOfFolder(size_t message) const;
};

// Errors: kNotFound and kDisk for a path that cannot be read, kCorrupt for one that is no Part 10
// file (within a folder it is skipped), kBadConfig for what cannot be asked.
Result<Explanation> Explain(std::shared_ptr<const config::Config> config, ExplainQuestion question,
                            WallTime now);

std::string AsText(const Explanation& explanation);
std::string AsJson(const Explanation& explanation);  // indented; one document

}  // namespace router
