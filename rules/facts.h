#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "router/base/element.h"
#include "router/base/kind.h"

// What a rule may know, as values received; no I/O behind them. Known in phases: what an
// association brings, what a command brings, what the data set brings while and after it comes.
namespace rules {

enum class Profile : uint8_t { kNone, kAria };
enum class Mode : uint8_t { kObserve, kEnforce };

// Of an association, from its A-ASSOCIATE-RQ and its connection. Owned; fixed for its life.
struct Caller {
  std::string listener;         // where it was accepted: "10.1.0.40:51402"
  std::string tls_subject;      // of its certificate; empty without TLS
  std::string address;          // of the peer, numeric
  std::string calling, called;  // AE titles as received
  std::string application;      // the one already routed
};

// A moment in local time.
struct Moment {
  uint16_t minute = 0;  // of the day
  uint8_t weekday = 0;  // 0: Monday
};

enum class Phase : uint8_t {
  kAssociation,  // nothing of a message is known
  kCommand,      // the command set, the presentation context
  kHead,         // and as much of the data set as Elements has; what that lacks is open
  kEnd,          // and all of the data set
};

// Of one message. The views are good for one call.
struct Message {
  Phase phase = Phase::kAssociation;
  Moment now;
  // From kCommand on.
  uint16_t command_field = 0;  // PS3.7 E.1
  std::string_view sop_class, sop_instance, transfer_syntax;
  bool named = true;  // false: nobody has said yet what these three are (`sluice explain`)
  std::string_view destination;  // Move Destination (0000,0600): of a C-MOVE-RQ, and of the C-MOVE
                                 // to which a sub-operation belongs
  std::string_view requested;    // the AE title that was called by whom it all began with: of a
                                 // sub-operation the client of the C-MOVE, else the caller
  // At kEnd.
  std::optional<uint64_t> size;  // bytes of the data set
};

// The data set of a message. An element is decoded only if a rule asks, and once.
class Elements {
 public:
  // `slot`: into RuleSet::paths(). Good until the next call for this message.
  virtual const router::ElementValues& At(size_t slot) = 0;

 protected:
  ~Elements() = default;
};

// ---- for the behaviour with no rule at all (decide.h)

// What the configuration knows of a Move Destination (0000,0600).
enum class DestinationFact : uint8_t {
  kNone,       // the command has none
  kUnknown,    // no application and no client has this title
  kReachable,  // configured, with an address
  kNamed,      // configured without an address, or with `moves: forward`
};

struct Facts {
  std::string calling_ae_title, called_ae_title, peer_address;
  std::string application;  // the one already routed
  Profile profile = Profile::kNone;
  Mode mode = Mode::kEnforce;

  uint16_t command_field = 0;  // PS3.7 E.1
  std::string sop_class_uid, sop_instance_uid;
  // What the instance is, by SOP class or Modality (dimse::KindOf). Nothing: the class does not
  // tell, and the head of the data set was not read yet.
  std::optional<router::Kind> kind;

  std::string move_destination;
  DestinationFact destination = DestinationFact::kNone;
  bool refuse_unknown_destinations = false;
};

}  // namespace rules
