#pragma once
#include <string_view>

#include "router/base/result.h"
#include "router/ul/pdu.h"
#include "router/ul/state_table.h"

namespace router::ul {

// The upper-layer role on one association: who sent A-ASSOCIATE-RQ.
enum class Role : uint8_t { kRequestor, kAcceptor };

// What the upper layer does in one action, apart from the change of state (PS3.8 Tables 9-6 to
// 9-9). Where a table says "if", both branches are told apart by the fields named `…_if_…`.
struct Effects {
  enum class Send : uint8_t {
    kNothing,
    kAssociateRq,
    kAssociateAc,
    kAssociateRj,
    kData,
    kReleaseRq,
    kReleaseRp,
    kAbort,
  };
  enum class Issue : uint8_t {
    kNothing,
    kAssociateIndication,
    kAssociateAccepted,  // A-ASSOCIATE confirmation (accept)
    kAssociateRejected,  // A-ASSOCIATE confirmation (reject)
    kDataIndication,
    kReleaseIndication,
    kReleaseConfirmation,
    kAbortIndication,          // A-ABORT, or A-P-ABORT if the PDU names the provider as its source
    kProviderAbortIndication,  // A-P-ABORT
  };
  enum class Artim : uint8_t { kLeave, kStart, kStop };  // kStart also restarts one that runs

  Send send = Send::kNothing;
  Issue issue = Issue::kNothing;
  Artim artim = Artim::kLeave;
  bool close_transport = false;

  bool operator==(const Effects&) const = default;
};

// `acceptable` matters to AE-6 only: may the provider accept this A-ASSOCIATE-RQ (protocol
// version, application context)?
Effects EffectsOf(Action action, bool acceptable = true);

// The state after `action`. The role matters to AR-8 (a release collision), `acceptable` to AE-6.
State NextState(Action action, Role role, bool acceptable = true);

// The A-ABORT that AA-1 (source: service user), AA-7 or AA-8 (service provider, with the reason
// that `event` gives) sends. Meaningless for other actions.
Abort AbortFor(Action action, Event event);

// What has happened when this PDU was received.
Event EventOf(const Pdu& pdu);

// The standard's spelling, for log lines: "Sta6", "A-RELEASE-RQ received", "AR-2".
std::string_view NameOf(State state);
std::string_view NameOf(Event event);
std::string_view NameOf(Action action);

// The state of one association, moved by the table and by nothing else: the validator of what the
// coroutines of router/association do. They report each event before they act on it; a blank cell
// shows that they (not the peer) lost their way.
//
// Owned by its association, on that association's loop. Never blocks, knows no time and no socket.
class StateMachine {
 public:
  explicit StateMachine(Role role) : role_(role) {}

  State state() const { return state_; }
  Role role() const { return role_; }

  // Performs the transition and says which action it demands. Errc::kUnexpectedPdu, Blame
  // kInternal, for a blank cell; the state is then as before.
  Result<Action> On(Event event);

  // Evt6 with an A-ASSOCIATE-RQ that the provider itself rejects (AE-6, second branch): Sta13.
  Result<Action> OnUnacceptableAssociateRq();

 private:
  Result<Action> Step(Event event, bool acceptable);

  Role role_;
  State state_ = State::kSta1;
};

}  // namespace router::ul
