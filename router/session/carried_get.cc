#include "router/dimse/messages.h"
#include "router/session/carried_move.h"
#include "router/session/get_identifier.h"
#include "router/session/get_negotiation.h"
#include "router/session/move_target.h"

// What a move is that a client asked for as a C-GET.
namespace router::session {

// The identifier goes as it came, relational keys and all, where upstream has the client's own
// information model.
Task<bool> CarriedMove::Translate(ul::AcceptedContext upstream) {
  const ul::AcceptedContext* asked = session_.ContextOf(context_);
  if (upstream.abstract_syntax == MoveClassOf(asked->abstract_syntax)) co_return true;
  auto keys = dataset::Identifier::Decode(identifier_, asked->transfer_syntax);
  Result<std::vector<Uid>> studies = std::vector<Uid>();
  std::string patient;
  if (keys) patient = PatientAskedFor(*keys);
  if (!patient.empty()) {
    question_ = NewQuestion(session_.application_.wait_for);
    studies = co_await StudiesOf(question_, std::move(patient));
    question_ = nullptr;
  }
  if (!studies) {
    if (IsCalledOff()) SetFinal(dimse::status::kCancelled, "");
    // Without them upstream would be asked for a part, and the client told that it is all.
    SetFinal(dimse::status::kUnableToPerformSuboperations,
             "the studies of the patient are not known: " + studies.error().detail);
    co_return false;
  }
  Result<> translated;
  if (keys)
    translated = ToStudyRoot(*keys, *studies);
  else
    translated = std::unexpected(keys.error());
  Result<Buffer> encoded = Buffer();
  if (translated) encoded = keys->Encode(upstream.transfer_syntax);
  if (!translated || !encoded) {
    SetFinal(dimse::status::kIdentifierMismatch, "the identifier cannot be read");
    co_return false;
  }
  identifier_ = std::move(*encoded);
  identifier_syntax_ = upstream.transfer_syntax;
  asked_.scope = ScopeOf(identifier_, identifier_syntax_);
  co_return true;
}

// Without its client a C-GET has nowhere to go.
bool CarriedMove::StopsWithClient() const {
  return IsGet() || session_.application_.client_gone == config::ClientGone::kStop;
}

dimse::CommandSet CarriedMove::RequestFor(const Uid& move_class) const {
  return dimse::CMoveRq(message_id_, move_class, move_->title,
                        static_cast<dimse::Priority>(request_.priority()));
}

dimse::CommandSet CarriedMove::ResponseWith(const MoveFinal& final, bool has_list) const {
  if (!IsGet())
    return dimse::CMoveRsp(request_, final.status, final.counts, has_list, final.comment);
  // C-GET has no A801H (PS3.4 Table C.4-3): that we are no destination there is nothing of the
  // client's.
  const uint16_t status = final.status == dimse::status::kMoveDestinationUnknown
                              ? dimse::status::kUnableToPerformSuboperations
                              : final.status;
  return dimse::CGetRsp(request_, status, final.counts, has_list, final.comment);
}

}  // namespace router::session
