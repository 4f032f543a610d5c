#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/base/ae_title.h"
#include "router/base/log.h"
#include "router/base/positioned.h"
#include "router/config/address.h"

// The configuration as plain values. Loaded once (load.h), then never changed: it is handed around
// as std::shared_ptr<const Config>, a session keeps the one it began with, and every pointer that a
// function here returns is good for as long as that shared_ptr is. Any thread.
//
// The rules stand in it as rules/ made them, unread here.
//
// Every default is resolved at load (profile, call_as, move_as, …): readers read plain values and
// never ask whether a key was written. docs/configuration.md says what each key means to a person.
namespace rules {
class RuleSet;
}

namespace router::config {

using Duration = std::chrono::milliseconds;
using ByteCount = uint64_t;

enum class Profile : uint8_t { kNone, kAria };
enum class Mode : uint8_t { kObserve, kEnforce };
enum class UnknownMachine : uint8_t { kQuarantine, kRefuse, kMap };
enum class AfterDeadline : uint8_t { kQuarantine, kSend };
enum class Moves : uint8_t { kForward, kCarry };
enum class Confirm : uint8_t { kStatus, kQuery };
enum class MoveOriginator : uint8_t { kLearn, kYes, kNo };
enum class UnknownDestinations : uint8_t { kPass, kRefuse };
enum class ClientGone : uint8_t { kStop, kFinish };
enum class Get : uint8_t { kAuto, kRelay, kBridge };
enum class OnConflict : uint8_t { kKeep, kReplace };
enum class PatientCheck : uint8_t { kWarn, kQuarantine };
enum class Strength : uint8_t { kRequired, kNoted };
// Who serves storage commitment (PS3.4 J): the application, but for what we hold (off), or we: by
// what our spool keeps (retained) or by what the application says exists there (existence).
enum class StorageCommitment : uint8_t { kOff, kRetained, kExistence };
enum class MatchImages : uint8_t { kInstance, kSeries, kFrameOfReference };
enum class MatchStructureSets : uint8_t { kInstance, kStudy };
enum class NoImages : uint8_t { kRelease, kQuarantine };

// What a client may do. C-ECHO is always allowed to a listed client. kCommit: storage commitment
// (PS3.4 J); kNormalized: every other N-service.
enum class Operation : uint8_t { kEcho, kStore, kFind, kMove, kGet, kCommit, kNormalized };
inline constexpr size_t kOperations = 7;

// Where something was written: "sluice.yaml:41". It says nothing of what was written: any two are
// equal.
struct Place {
  std::string text;  // empty: in no file
  bool operator==(const Place&) const { return true; }
};

// DIMSE statuses written as "A700", "0xA700" or "A7xx".
struct StatusPattern {
  uint16_t value = 0, mask = 0xFFFF;
  bool Matches(uint16_t status) const { return (status & mask) == value; }
  bool operator==(const StatusPattern&) const = default;
};

// How long an instance may wait for what it refers to (design: hold).
struct Hold {
  Duration warn_after = std::chrono::minutes(30);
  Duration at_most = std::chrono::hours(7 * 24);
  AfterDeadline then = AfterDeadline::kQuarantine;
  bool operator==(const Hold&) const = default;
};

// References for which a site may decide (the rest is in rules/profiles): their strength, what
// satisfies them, and what becomes of a structure set that names no images at all.
struct Requirements {
  Strength structure_set_images = Strength::kRequired;
  Strength plan_structure_set = Strength::kRequired;
  Strength dose_plan = Strength::kRequired;
  Strength dose_structure_set = Strength::kRequired;
  Strength record_plan = Strength::kRequired;
  Strength registration_images = Strength::kRequired;
  MatchImages match_images = MatchImages::kInstance;
  MatchStructureSets match_structure_sets = MatchStructureSets::kInstance;
  NoImages no_images = NoImages::kRelease;
  bool operator==(const Requirements&) const = default;
};

// Storage commitment that we serve: an instance of which it is not known within `at_most` whether
// it exists there is named as failed; a report that the client does not acknowledge within
// `report_for` is given up. At most `most_owed` requests of one client are open at a time. A client
// that asks for more on its association is told there once that was idle for `idle_for`. With
// kRetained the original is kept for `retain_for` after its delivery, or after it was committed.
struct Commitment {
  Duration at_most = std::chrono::hours(24);
  Duration report_for = std::chrono::hours(24);
  Duration idle_for = std::chrono::seconds(1);
  Duration retain_for = std::chrono::hours(7 * 24);
  uint32_t most_owed = 1000;
  bool operator==(const Commitment&) const = default;
};

// Delivery again after a failure: exponential from `first` to `most`, with full jitter; after
// `give_up_after` the instance is quarantined.
struct Retry {
  Duration first = std::chrono::seconds(5);
  Duration most = std::chrono::minutes(5);
  Duration give_up_after = std::chrono::hours(7 * 24);
  bool operator==(const Retry&) const = default;
};

// After `failures` connections in a row that failed, nothing is sent until a C-ECHO succeeds.
struct Breaker {
  uint32_t failures = 3;
  Duration probe_every = std::chrono::seconds(30);
  bool operator==(const Breaker&) const = default;
};

// Questions (C-FIND) about what exists at the application. A "no" is asked again after `first`,
// then at doubling intervals up to `most`; a "yes" is believed for `lifetime`.
struct Existence {
  Duration first = std::chrono::seconds(5);
  Duration most = std::chrono::minutes(5);
  Duration lifetime = std::chrono::hours(24);
  uint32_t per_second = 10;
  bool operator==(const Existence&) const = default;
};

// Statuses of a C-STORE response beyond what the standard settles (success, warning): `not_yet`
// goes back to waiting, `again` is retried; every other failure is for good.
struct Statuses {
  std::vector<StatusPattern> not_yet;
  std::vector<StatusPattern> again = {{0xA700, 0xFF00}, {0x0110, 0xFFFF}};
  bool operator==(const Statuses&) const = default;
};

// Deadlines on a leg to an application.
struct Timeouts {
  Duration connect = std::chrono::seconds(10);      // TCP
  Duration association = std::chrono::seconds(30);  // A-ASSOCIATE-AC after RQ
  Duration release = std::chrono::seconds(10);      // A-RELEASE-RP after RQ
  Duration response = std::chrono::seconds(120);    // a DIMSE response, C-MOVE and C-GET excepted
  Duration move_response = std::chrono::seconds(600);  // between two responses of a C-MOVE or C-GET
  Duration idle = std::chrono::seconds(60);            // a leg that nothing uses is released
  Duration write_stall = std::chrono::seconds(60);     // a peer that does not read is given up
  bool operator==(const Timeouts&) const = default;
};

// A DICOM application that clients call through us, that C-MOVEs go to, or that calls us.
struct Application {
  std::string name;                  // the key in `applications`; the label in metrics
  AeTitle ae_title;                  // its real title; default: the name
  std::vector<AeTitle> also_called;  // further titles under which clients may call it
  std::optional<Endpoint> address;   // absent: it only ever calls us
  std::vector<Cidr> from;            // whence it calls us; default: address, if that is no name

  Profile profile = Profile::kNone;
  Mode mode = Mode::kEnforce;

  std::vector<std::string> machines;  // treatment machines that it knows; empty: no check
  UnknownMachine unknown_machine = UnknownMachine::kQuarantine;
  std::map<std::string, std::string> machine_names;  // kMap: what plans say, and what it is here
  bool clinical_edit = false;                        // who writes kMap has to say that he means it
  PatientCheck patient_check = PatientCheck::kWarn;
  OnConflict on_conflict = OnConflict::kKeep;
  Hold hold;
  Requirements requirements;
  Confirm confirm = Confirm::kStatus;  // aria: query
  Existence existence;
  Duration decide_within = std::chrono::seconds(2);
  Duration verify_for = std::chrono::seconds(60);
  Duration quiet_for = std::chrono::minutes(10);

  uint32_t max_associations = 8;                      // ours to it, at once; 1 or more
  Duration wait_for = std::chrono::seconds(10);       // for one of them, then RJ 2/3/2
  Duration capabilities_for = std::chrono::hours(1);  // how long learned contexts are believed
  // The calling AE title that we use towards it. Empty: the client's own. aria: our ae_title.
  // A client's call_as goes first: see Config::CallingTitle.
  AeTitle call_as;

  Moves moves = Moves::kForward;  // as a C-MOVE destination; default: carry if it has an address
  std::vector<AeTitle> move_to;   // as a C-MOVE destination it stands for these; empty: for itself
  std::vector<AeTitle> move_as;   // our titles that it stores sub-operations to; never empty
  MoveOriginator move_originator = MoveOriginator::kLearn;
  UnknownDestinations unknown_destinations = UnknownDestinations::kPass;
  ClientGone client_gone = ClientGone::kStop;
  Get get = Get::kAuto;  // aria: bridge
  Duration answer_within = std::chrono::seconds(45);
  Duration settle = std::chrono::seconds(5);
  Duration late = std::chrono::seconds(60);
  Duration pending_interval = std::chrono::seconds(10);
  uint32_t max_moves = 0;       // that we carry from it at once; 0: no limit
  uint32_t complete_moves = 0;  // how often what a move left out is asked for again; 0: never

  StorageCommitment storage_commitment = StorageCommitment::kOff;
  Commitment commitment;

  Retry retry;
  Breaker breaker;
  Statuses statuses;
  Timeouts timeouts;

  Place place;

  bool HasTitle(const AeTitle& title) const;      // ae_title, name or also_called
  bool CallsFrom(const IpAddress& caller) const;  // by `from`
  // Does Sluice answer its clients' requests for storage commitment? Never where it only observes.
  bool CommitsHere() const {
    return storage_commitment != StorageCommitment::kOff && mode == Mode::kEnforce;
  }
  // Does the spool keep the original of whatever is stored there?
  bool Retains() const {
    return storage_commitment == StorageCommitment::kRetained && mode == Mode::kEnforce;
  }
  bool operator==(const Application&) const = default;
};

// How a C-STORE is answered whose instance must wait for others.
struct Acknowledge {
  enum class Then : uint8_t { kDurable, kRefuse };  // 0000H after fsync; A700H
  Duration wait{0};  // how long upstream's own answer is waited for first
  Then then = Then::kDurable;
  bool operator==(const Acknowledge&) const = default;
};

// Who may call, from where, and what it may do. AE titles are globs (fnmatch(3), case counts).
struct Client {
  std::vector<std::string> ae_titles;                                              // at least one
  std::vector<Cidr> from;                                                          // at least one
  std::array<bool, kOperations> may = {true, true, true, true, true, true, true};  // by Operation
  AeTitle call_as;                  // our title upstream on its behalf; empty: the application's
  uint16_t receives_on = 0;         // it takes C-MOVEs at this port of where it calls from; 0: no
  std::optional<Endpoint> address;  // or always here
  Acknowledge acknowledge;

  Place place;

  const std::string& name() const { return ae_titles.front(); }  // the label in metrics
  bool HasTitle(const AeTitle& title) const;
  bool CallsFrom(const IpAddress& caller) const;
  bool May(Operation operation) const { return may[static_cast<size_t>(operation)]; }
  bool Receives() const { return receives_on != 0 || address.has_value(); }
  bool operator==(const Client&) const = default;
};

// The name of a C-MOVE destination, found: an application, or a client together with the place
// where it receives. Exactly one of the pointers is set.
struct Destination {
  const Application* application = nullptr;
  const Client* client = nullptr;
  AeTitle ae_title;                 // the title to call there
  std::optional<Endpoint> address;  // absent: only upstream can reach it
};

struct Store {
  std::string directory;              // absolute; the ledger and spool/ lie in it
  ByteCount free_floor = 1ull << 30;  // less free than this: nothing more is held (A700)
  bool operator==(const Store&) const = default;
};

struct Admin {
  std::optional<Endpoint> listen;  // absent: no API and no page
  std::string token;               // empty: nothing can be changed through the API
  std::string token_file;          // where `token` was read from, if it was
  bool operator==(const Admin&) const = default;
};

struct Log {
  log::Level level = log::Level::kInfo;
  log::Form form = log::Form::kText;
  bool operator==(const Log&) const = default;
};

// Budgets of the whole process, and deadlines on legs from clients.
struct Limits {
  uint32_t max_pdu = 128 * 1024;            // bytes; what we offer, and the cap of what is mirrored
  ByteCount buffers = 256ull << 20;         // all data in flight; beyond it reads wait
  uint32_t associations = 1000;             // of clients, at once; beyond it RJ 2/3/2
  uint32_t associations_per_address = 200;  // from one address
  Duration artim = std::chrono::seconds(30);        // PS3.8 9.1.5
  Duration client_idle = std::chrono::minutes(10);  // between two messages of a client
  Duration write_stall = std::chrono::seconds(60);  // a client that does not read is given up
  Duration drain = std::chrono::seconds(60);        // at stop: how long operations may take to end
  bool operator==(const Limits&) const = default;
};

// The whole file. Owned by whoever holds the shared_ptr; immutable.
struct Config {
  std::string file;              // the name it was loaded from
  AeTitle ae_title;              // our own
  std::vector<Endpoint> listen;  // at least one; an empty host: every interface
  Store store;
  uint32_t loops = 0;                     // event loops; 0: as many as cores
  std::vector<Application> applications;  // in file order
  std::vector<Client> clients;            // in file order
  Admin admin;
  std::optional<Endpoint> metrics;  // a listener of its own for /metrics
  Log log;
  Limits limits;
  std::shared_ptr<const rules::RuleSet> rules;  // null: there are none

  // By name, as in the file and in metrics.
  const Application* FindApplication(std::string_view name) const;
  // By what a client calls: ae_title, name or also_called.
  const Application* FindApplicationByCalledTitle(const AeTitle& called) const;
  // Who brings sub-operations: an application that calls from there under one of its titles.
  const Application* FindApplicationByAddressAndCalling(const IpAddress& address,
                                                        const AeTitle& calling) const;
  // The first client whose titles and addresses both match, or null.
  const Client* FindClient(const AeTitle& calling, const IpAddress& address) const;
  // The first client that has the title and receives, or null; one that calls from `caller` goes
  // before others.
  const Client* FindClientByTitle(const AeTitle& title, const IpAddress& caller) const;
  // What a Move Destination names, asked by somebody at `caller`: an application, then a client
  // that receives. None: only upstream may know it. A client with receives_on is where it called
  // from if it asks itself, or at its one configured address; else it has no address.
  std::optional<Destination> FindDestination(const AeTitle& title, const IpAddress& caller) const;

  // Every title under which somebody may call us as ourselves: ae_title, each move_as, each
  // call_as. Sorted, unique.
  std::vector<AeTitle> OurTitles() const;
  bool IsOurTitle(const AeTitle& title) const;
  // The calling AE title of the leg to `application` on behalf of `client` (null: of nobody, as
  // for delivery and queries of our own), who called itself `calling`.
  AeTitle CallingTitle(const Application& application, const Client* client,
                       const AeTitle& calling) const;

  bool operator==(const Config&) const = default;
};

// Words of the enumerations as the file, the API and the log spell them.
std::string_view NameOf(Operation operation);
std::string_view NameOf(Mode mode);
std::string_view NameOf(Profile profile);
std::string_view NameOf(Moves moves);
std::string_view NameOf(StorageCommitment commitment);

}  // namespace router::config
