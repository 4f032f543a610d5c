#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/ul/pdu.h"

// Negotiation of an association between two others, as pure functions of PDUs (PS3.7 Annex D).
namespace router::ul {

// Ours on every leg: it also is how an association that came from Sluice itself is recognised.
inline constexpr std::string_view kImplementationClassUid =
    "2.25.266510790330701575364807644054357632785";
inline constexpr std::string_view kImplementationVersion = "SLUICE_0_1";

// Why an A-ASSOCIATE-RQ cannot be accepted whoever sent it, and the rejection to send.
struct Objection {
  AssociateRj answer;
  std::string why;
};
// Protocol version 1 (1/2/2), the DICOM application context (1/1/2); at least one presentation
// context, IDs odd and unique (1/2/1).
std::optional<Objection> ObjectionTo(const AssociateRq& rq);

// Does this request come from a Sluice (its implementation class)?
bool IsFromSluice(const AssociateRq& rq);

struct MirrorTerms {
  AeTitle calling, called;  // to use upstream
  uint32_t max_length = 0;  // what we announce upstream, bytes
  // Contexts for which this is false are left out; absent: all are offered.
  std::function<bool(const ProposedContext&)> permits;
};

// The request to send upstream for a client's: same context IDs, roles, extended negotiation, user
// identity and unknown items; implementation, titles and maximum length are ours. A window is
// offered as 1/1 if the client offered one. If no context was permitted, `contexts` is empty and
// there is nothing to ask upstream.
AssociateRq MirrorRequest(const AssociateRq& client, const MirrorTerms& terms);

// The answer to the client after upstream's: its contexts in its order, with the transfer syntaxes
// that stand in it, those of rejected ones too. Then what it leaves open, so that every context that
// the client proposed is answered (not permitted: user rejection; not answered by upstream or with a
// transfer syntax that was not proposed: no reason), and nothing appears that its request had not (window, roles, extended
// negotiation, identity). Titles and reserved bytes are the client's own. `max_length`: announced
// to the client, bytes.
AssociateAc MirrorAccept(const AssociateRq& client, const AssociateAc& upstream,
                         const MirrorTerms& terms, uint32_t max_length);

// How we answer one proposed context.
struct ContextAnswer {
  ContextResult result = ContextResult::kNoReason;
  Uid transfer_syntax;  // with kAcceptance, one of those proposed

  static ContextAnswer Accept(Uid transfer_syntax) {
    return {ContextResult::kAcceptance, std::move(transfer_syntax)};
  }
  static ContextAnswer Reject(ContextResult why) { return {why, {}}; }
};

struct TerminateTerms {
  uint32_t max_length = 0;  // announced to the client, bytes
  std::function<ContextAnswer(const ProposedContext&)> choose;
  // The roles to grant; what was not proposed is never granted. Absent: default roles, no item.
  std::function<RoleSelection(const RoleSelection&)> roles;
  // The answer to an extended negotiation item; nullopt or absent: no item (nothing extended).
  std::function<std::optional<Buffer>(const ExtendedNegotiation&)> extended;
  // Sent only to a client that asked for a positive response.
  std::optional<Buffer> identity_response;
};

// The answer to a client whose association ends here.
AssociateAc TerminateAccept(const AssociateRq& client, const TerminateTerms& terms);

// A request of our own.
AssociateRq OriginateRequest(const AeTitle& calling, const AeTitle& called, uint32_t max_length,
                             std::vector<ProposedContext> contexts);

// A presentation context on which messages may be sent.
struct AcceptedContext {
  ContextId id = 0;
  Uid abstract_syntax, transfer_syntax;
  bool requestor_is_scu = true, requestor_is_scp = false;  // PS3.7 D.3.3.4: the roles agreed
};

// What was agreed, in the order of the request. A context that the AC accepts with a transfer
// syntax that was not proposed does not count as accepted.
std::vector<AcceptedContext> Agreed(const AssociateRq& rq, const AssociateAc& ac);

// The longest PDU we may send to the sender of `user`: its limit, capped; `cap` if it has none.
uint32_t SendLimit(const UserInformation& user, uint32_t cap);

}  // namespace router::ul
