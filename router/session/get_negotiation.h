#pragma once
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "router/ul/negotiation.h"

// The negotiation of an association whose C-GETs are bridged, as pure functions of PDUs: the client
// is granted C-GET, and upstream is asked for C-MOVE under the same presentation context IDs.
namespace router::session {

// The C-MOVE class of the same information model; empty if this is no C-GET class.
Uid MoveClassOf(const Uid& get_class);

// Has the proposal a permitted C-GET context, and a storage class of which the client would be the
// SCP (PS3.7 D.3.3.4)? Without one nothing could be sent to it.
bool WantsGet(const ul::AssociateRq& client, const ul::MirrorTerms& terms);

// `get: auto`: what to ask an application, to know whether a C-GET has to be done by a C-MOVE
// there: the contexts of C-MOVE by which it would be done, and the client's own of C-GET.
std::vector<ul::ProposedContext> QuestionOfGet(const ul::AssociateRq& client,
                                               const ul::MirrorTerms& terms);
// Its answer: every C-GET is rejected and a C-MOVE is accepted. `accepts`: nothing where that is
// not known; then the answer may be nothing, too.
std::optional<bool> NeedsBridge(
    const std::vector<ul::ProposedContext>& question,
    const std::function<std::optional<bool>(const ul::ProposedContext&)>& accepts);

// The request to send upstream for a client's: C-MOVE in place of C-GET, with the extended
// negotiation of C-GET (relational retrieval, PS3.4 C.5.3); no storage class of which the client
// would be the SCP alone; Study Root C-MOVE too, for a client that proposes Patient Root alone; the
// rest as MirrorRequest has it.
ul::AssociateRq BridgeRequest(const ul::AssociateRq& client, const ul::MirrorTerms& terms);

// In which syntaxes upstream is known to offer instances of a class, in its order (Capabilities).
using OfferedSyntaxes = std::map<Uid, std::vector<Uid>>;

// The answer to the client after upstream's. `asked`: what BridgeRequest made of its request.
//
// C-GET is accepted where upstream accepts the C-MOVE of the same model, or that of Study Root for
// Patient Root. Of the syntaxes of a storage class of which the client is the SCP one is chosen:
// what upstream accepts, if the client would be SCU too; else the first that upstream offers, as
// far as that is known; else Explicit or Implicit VR Little Endian, whichever the client names
// first, since every uncompressed syntax can be converted into those; else the first.
ul::AssociateAc BridgeAccept(const ul::AssociateRq& client, const ul::AssociateRq& asked,
                             const ul::AssociateAc& upstream, const ul::MirrorTerms& terms,
                             uint32_t max_length, const OfferedSyntaxes& offered);

}  // namespace router::session
