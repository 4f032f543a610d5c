#include "router/ul/state_machine.h"

#include <array>
#include <string>

#include "router/ul/reject_reasons.h"

namespace router::ul {
namespace {

// One row of PS3.8 Tables 9-6 to 9-9.
struct Row {
  State next = State::kSta1;
  Effects effects;
};

using Send = Effects::Send;
using Issue = Effects::Issue;
using Artim = Effects::Artim;
using enum State;

constexpr size_t kActions = static_cast<size_t>(Action::AA8) + 1;

// In the order of Action. AE-6 is here as it goes for an acceptable request, AR-8 as it goes for
// the requestor.
constexpr std::array<Row, kActions> kRows = {{
    {},  // blank
    // Table 9-6: association establishment.
    {kSta4, {}},
    {kSta5, {.send = Send::kAssociateRq}},
    {kSta6, {.issue = Issue::kAssociateAccepted}},
    {kSta1, {.issue = Issue::kAssociateRejected, .close_transport = true}},
    {kSta2, {.artim = Artim::kStart}},
    {kSta3, {.issue = Issue::kAssociateIndication, .artim = Artim::kStop}},
    {kSta6, {.send = Send::kAssociateAc}},
    {kSta13, {.send = Send::kAssociateRj, .artim = Artim::kStart}},
    // Table 9-7: data transfer.
    {kSta6, {.send = Send::kData}},
    {kSta6, {.issue = Issue::kDataIndication}},
    // Table 9-8: release.
    {kSta7, {.send = Send::kReleaseRq}},
    {kSta8, {.issue = Issue::kReleaseIndication}},
    {kSta1, {.issue = Issue::kReleaseConfirmation, .close_transport = true}},
    {kSta13, {.send = Send::kReleaseRp, .artim = Artim::kStart}},
    {kSta1, {.artim = Artim::kStop}},
    {kSta7, {.issue = Issue::kDataIndication}},
    {kSta8, {.send = Send::kData}},
    {kSta9, {.issue = Issue::kReleaseIndication}},
    {kSta11, {.send = Send::kReleaseRp}},
    {kSta12, {.issue = Issue::kReleaseConfirmation}},
    // Table 9-9: abort.
    {kSta13, {.send = Send::kAbort, .artim = Artim::kStart}},
    {kSta1, {.artim = Artim::kStop, .close_transport = true}},
    {kSta1, {.issue = Issue::kAbortIndication, .close_transport = true}},
    {kSta1, {.issue = Issue::kProviderAbortIndication}},
    {kSta1, {.artim = Artim::kStop}},
    {kSta13, {}},
    {kSta13, {.send = Send::kAbort}},
    {kSta13,
     {.send = Send::kAbort, .issue = Issue::kProviderAbortIndication, .artim = Artim::kStart}},
}};

constexpr Effects kRejectedByProvider = {.send = Send::kAssociateRj, .artim = Artim::kStart};

}  // namespace

Effects EffectsOf(Action action, bool acceptable) {
  if (action == Action::AE6 && !acceptable) return kRejectedByProvider;
  return kRows[static_cast<size_t>(action)].effects;
}

State NextState(Action action, Role role, bool acceptable) {
  if (action == Action::AE6 && !acceptable) return kSta13;
  if (action == Action::AR8 && role == Role::kAcceptor) return kSta10;
  return kRows[static_cast<size_t>(action)].next;
}

Abort AbortFor(Action action, Event event) {
  if (action == Action::AA1) return UserAbort();
  return ProviderAbort(event == Event::kInvalidPdu ? AbortReason::kUnrecognizedPdu
                                                   : AbortReason::kUnexpectedPdu);
}

Result<Action> StateMachine::On(Event event) { return Step(event, true); }

Result<Action> StateMachine::OnUnacceptableAssociateRq() {
  return Step(Event::kAssociateRqPdu, false);
}

Result<Action> StateMachine::Step(Event event, bool acceptable) {
  Action action = Lookup(state_, event);
  if (action == Action::_)
    return Fail(Errc::kUnexpectedPdu, Blame::kInternal,
                std::string(NameOf(event)) + " cannot happen in " + std::string(NameOf(state_)));
  state_ = NextState(action, role_, acceptable);
  return action;
}

Event EventOf(const Pdu& pdu) {
  switch (TypeOf(pdu)) {
    case PduType::kAssociateRq:
      return Event::kAssociateRqPdu;
    case PduType::kAssociateAc:
      return Event::kAssociateAcPdu;
    case PduType::kAssociateRj:
      return Event::kAssociateRjPdu;
    case PduType::kDataTf:
      return Event::kDataPdu;
    case PduType::kReleaseRq:
      return Event::kReleaseRqPdu;
    case PduType::kReleaseRp:
      return Event::kReleaseRpPdu;
    case PduType::kAbort:
      return Event::kAbortPdu;
  }
  return Event::kInvalidPdu;
}

std::string_view NameOf(State state) {
  constexpr std::array<std::string_view, 13> kNames = {"Sta1",  "Sta2",  "Sta3", "Sta4", "Sta5",
                                                       "Sta6",  "Sta7",  "Sta8", "Sta9", "Sta10",
                                                       "Sta11", "Sta12", "Sta13"};
  return kNames[static_cast<size_t>(state) - 1];
}

std::string_view NameOf(Event event) {
  constexpr std::array<std::string_view, 19> kNames = {"A-ASSOCIATE request",
                                                       "transport connected",
                                                       "A-ASSOCIATE-AC received",
                                                       "A-ASSOCIATE-RJ received",
                                                       "transport accepted",
                                                       "A-ASSOCIATE-RQ received",
                                                       "A-ASSOCIATE response (accept)",
                                                       "A-ASSOCIATE response (reject)",
                                                       "P-DATA request",
                                                       "P-DATA-TF received",
                                                       "A-RELEASE request",
                                                       "A-RELEASE-RQ received",
                                                       "A-RELEASE-RP received",
                                                       "A-RELEASE response",
                                                       "A-ABORT request",
                                                       "A-ABORT received",
                                                       "transport closed",
                                                       "ARTIM expired",
                                                       "invalid PDU received"};
  return kNames[static_cast<size_t>(event) - 1];
}

std::string_view NameOf(Action action) {
  constexpr std::array<std::string_view, kActions> kNames = {
      "none",  "AE-1", "AE-2", "AE-3", "AE-4", "AE-5", "AE-6", "AE-7", "AE-8", "DT-1",
      "DT-2",  "AR-1", "AR-2", "AR-3", "AR-4", "AR-5", "AR-6", "AR-7", "AR-8", "AR-9",
      "AR-10", "AA-1", "AA-2", "AA-3", "AA-4", "AA-5", "AA-6", "AA-7", "AA-8"};
  return kNames[static_cast<size_t>(action)];
}

}  // namespace router::ul
