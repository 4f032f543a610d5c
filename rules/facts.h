#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "router/base/kind.h"

namespace rules {

enum class Profile : uint8_t { kNone, kAria };
enum class Mode : uint8_t { kObserve, kEnforce };

// What the configuration knows of a Move Destination (0000,0600).
enum class DestinationFact : uint8_t {
  kNone,       // the command has none
  kUnknown,    // no application and no client has this title
  kReachable,  // configured, with an address
  kNamed,      // configured without an address, or with `moves: forward`
};

// What a decision may know before the data set: values as received, owned, no I/O behind them.
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
