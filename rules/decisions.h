#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "router/base/ae_title.h"
#include "router/base/element.h"
#include "router/base/log.h"
#include "rules/facts.h"

// All a rule may ask for. The engine decides; router/session does.
namespace rules {

using Duration = std::chrono::milliseconds;
using RuleIndex = uint32_t;  // from the top of the file, 0-based

// What can be decided. Of two rules that decide the same the first wins; of those marked * all
// apply, in order.
enum class Topic : uint8_t {
  kTo,               // to
  kCalling,          // calling
  kCalled,           // called
  kMoveTo,           // move_to
  kCopyTo,           // copy_to *
  kHold,             // hold
  kQueue,            // queue
  kOutcome,          // refuse, drop
  kEdit,             // set, remove, copy, replace, character_set, remove_private *, each path once
  kRetrieveAeTitle,  // retrieve_ae_title
  kLimit,            // limit *
  kPriority,         // priority
  kAcknowledge,      // acknowledge
  kLog,              // log *
};
inline constexpr size_t kTopics = 14;
std::string_view NameOf(Topic topic);

// The earliest phase from which on a decision on the topic is of use, and the latest: after that
// it has been acted on.
//   kTo: at kAssociation; per message (kEnd) for C-STORE alone. kCalling, kCalled: kAssociation,
//   and with kTo per message. Everything else: before the message is answered.
Phase LatestFor(Topic topic);

// Bits by Topic: what can be decided of a message with this command. The rest is neither decided
// nor open for it: kHold, kQueue, kCopyTo, kPriority, kAcknowledge are about C-STORE alone, kMoveTo
// about C-MOVE, kRetrieveAeTitle about C-FIND, kEdit about what has a data set.
uint32_t TopicsOf(uint16_t command_field);

struct HoldTerms {   // hold: what is absent stays as the application has it
  bool off = false;  // hold: off
  std::optional<Duration> warn_after, at_most;
  enum class Then : uint8_t { kQuarantine, kSend };
  std::optional<Then> then;
  enum class Strength : uint8_t { kRequired, kNoted };
  std::optional<Strength> structure_set_images, plan_structure_set, dose_plan, dose_structure_set,
      record_plan, registration_images;
  enum class MatchImages : uint8_t { kInstance, kSeries, kFrameOfReference };
  std::optional<MatchImages> match_images;
  enum class MatchStructureSets : uint8_t { kInstance, kStudy };
  std::optional<MatchStructureSets> match_structure_sets;
  bool operator==(const HoldTerms&) const = default;
};

struct Window {               // local time; from == to: the whole day
  uint16_t from = 0, to = 0;  // minutes of the day; to < from: over midnight
  uint8_t weekdays = 0x7F;    // bit 0: Monday
  bool operator==(const Window&) const = default;
};

struct QueueTerms {              // queue: accepted when durable, sent later by the sender
  std::optional<Window> window;  // only then
  bool operator==(const QueueTerms&) const = default;
};

struct Refuse {
  uint16_t status;      // (0000,0900)
  std::string comment;  // (0000,0902): at most 64 characters, no backslash
  bool operator==(const Refuse&) const = default;
};
struct Drop {  // answered with success and thrown away
  bool operator==(const Drop&) const = default;
};
using Outcome = std::variant<Refuse, Drop>;

struct Limit {  // at most `count` messages in each `per`; more wait for their turn
  uint32_t count = 0;
  Duration per{0};
  bool each_client = false;  // by calling AE title; else all that match together
  bool operator==(const Limit&) const = default;
};

enum class Priority : uint8_t { kLow, kMedium, kHigh };

struct Acknowledge {
  enum class Then : uint8_t { kDurable, kRefuse };
  Duration wait{0};
  Then then = Then::kDurable;
  bool operator==(const Acknowledge&) const = default;
};

struct LogLine {
  router::log::Level level = router::log::Level::kInfo;
  std::string text;
};

// One topic that one rule wins. Pointers are into the RuleSet.
template <class T>
struct Decided {
  const T* value = nullptr;  // null: nobody decided, or not yet (Decisions::open)
  RuleIndex by = 0;
  explicit operator bool() const { return value != nullptr; }
  const T& operator*() const { return *value; }
  const T* operator->() const { return value; }
};

// Of the engine: what regular expressions found in the message at hand, kept with the decisions so
// that nothing is allocated for it.
struct RegexScratch {
  enum State : uint8_t { kNotAsked, kAsked, kFailed };
  std::vector<std::vector<int>> hits;  // by slot
  std::vector<State> known;
};

// What the rules say of one message, or of an association as such, as far as it is known. Kept by
// whoever asks and cleared by each call, so that nothing is allocated for a message.
struct Decisions {
  Decided<std::string> to;  // the key of an application
  Decided<router::AeTitle> calling, called, retrieve_ae_title;
  Decided<std::vector<router::AeTitle>> move_to;
  std::vector<Decided<std::vector<std::string>>> copy_to;  // keys of applications
  Decided<HoldTerms> hold;
  Decided<QueueTerms> queue;
  Decided<Outcome> outcome;
  std::vector<Decided<router::ElementEdit>> edits;  // in the order of the rules
  std::vector<Decided<Limit>> limits;
  Decided<Priority> priority;
  Decided<Acknowledge> acknowledge;
  std::vector<Decided<LogLine>> logs;

  std::vector<RuleIndex> matched;    // certainly
  std::vector<RuleIndex> undecided;  // may still match, or stand below a `last` that may
  uint32_t open = 0;                 // bits by Topic: a rule that may still match would decide it
  bool IsOpen(Topic topic) const { return open >> static_cast<unsigned>(topic) & 1; }
  bool Settled() const { return open == 0; }
  // While something is open: the phase that will tell. kHead: more bytes of the data set.
  Phase needs = Phase::kAssociation;

  RegexScratch scratch;
};

}  // namespace rules
