#include "router/dimse/status.h"
#include "router/session/ruled_request.h"
#include "router/session/suboperations.h"

// What rules make of a sub-operation: a C-STORE to its destination, by the application that brings
// it. It is refused, dropped or edited on its way; where it goes is the move's to say.
namespace router::session {

// Those that may match on the way to this destination.
Ruling SuboperationSession::NewRuling(const MoveTarget& target) const {
  rules::Caller caller;
  caller.listener = upstream_->local_endpoint();
  caller.address = upstream_->peer_address();
  caller.calling = rq_.calling.title().str();
  caller.called = title_.str();
  caller.application = target.application;
  return Ruling(config_, std::move(caller));
}

// The same, for one instance after another.
Ruling& SuboperationSession::RulingFor(const MoveTarget& target) {
  auto found = rulings_.find(target.label);
  if (found != rulings_.end()) return found->second;
  return rulings_.emplace(target.label, NewRuling(target)).first->second;
}

bool SuboperationSession::IsObserved(const MoveTarget& target) const {
  const config::Application* to = config_->FindApplication(target.application);
  return to && to->mode == config::Mode::kObserve;
}

// An answer for upstream, or nothing: it goes on, as `ahead` has it. An error is upstream's end.
Task<Result<std::optional<SuboperationSession::Answer>>> SuboperationSession::ObeyRules(
    std::shared_ptr<OpenMove> move, Ruling* ruling, ul::ContextId context,
    dimse::CommandSet command, RuledRequest::Ahead* ahead) {
  const MoveTarget& target = move->request.target;
  RuledRequest request(
      services_, *upstream_, *ruling, limited_,
      {application_.ae_title, target.label, config_->FindApplication(target.application)},
      Silence(), RuledRequest::kMostOfSuboperation);
  Ruling::Beside beside{ContextOf(context)->transfer_syntax, move->request.destination,
                        move->request.called.str()};
  auto obeyed = co_await request.Look(command, std::move(beside), ahead);
  if (!obeyed) co_return std::unexpected(obeyed.error());
  if (ahead->complete) whole_at_ = upstream_->loop().Now();  // it waits from now on
  if (IsObserved(target)) {
    NoteObservedRules(services_, services_.Application(target.application), *ruling, command,
                      application_.ae_title);
    co_return std::nullopt;
  }
  obeyed = co_await request.Obey(ahead);
  if (!obeyed) co_return std::unexpected(obeyed.error());
  if (!request.outcome()) co_return std::nullopt;
  auto drained = co_await DrainAfter(ahead->complete);
  if (!drained) co_return std::unexpected(drained.error());
  const auto* refuse = std::get_if<rules::Refuse>(&*request.outcome());
  if (!refuse) co_return Answer{dimse::status::kSuccess, ""};
  co_return Answer{refuse->status, refuse->comment};
}

}  // namespace router::session
