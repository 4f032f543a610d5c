#include "router/dimse/sop_classes.h"
#include "router/net/future.h"
#include "router/session/client_session.h"

namespace router::session {

// Holding is possible where the application demands an order and the client proposes what can have
// requirements, and where originals are kept; storage commitment may be ours to answer. Everything
// else is mirrored, so that nothing between the peers changes.
bool ClientSession::HasToTerminate() const {
  for (const ul::ProposedContext& context : rq_.contexts)
    if (ServesCommitment(context.abstract_syntax)) return true;
  const bool all = application_.Retains() || MaySpoolByRule();
  if (!runtime_.gate && !all) return false;
  for (const ul::ProposedContext& context : rq_.contexts)
    if (dimse::MayBeStorage(context.abstract_syntax.view()) &&
        (all || dimse::MayHaveRequirements(context.abstract_syntax.view())) &&
        ContextPermitted(client_config_, context.abstract_syntax))
      return true;
  return false;
}

// May a rule send an instance elsewhere, too or later, or want to see more of it than is looked at
// on its way?
bool ClientSession::MaySpoolByRule() const {
  using enum rules::Topic;
  if (application_.mode == config::Mode::kObserve) return false;
  return ruling_.MayDecideByMessage(kTo) || ruling_.MayDecide(kQueue) ||
         ruling_.MayDecide(kCopyTo) || ruling_.MayDecide(kEdit) ||
         ruling_.MayNeedDataSet(dimse::Command::kCStoreRq);
}

Task<bool> ClientSession::Negotiate() {
  bridged_ = co_await BridgesGet();
  if (bridged_) co_return co_await NegotiateBridged();
  terminated_ = HasToTerminate();
  if (terminated_) co_return co_await NegotiateTerminated();
  co_return co_await NegotiateMirrored();
}

ul::MirrorTerms ClientSession::Terms() const {
  ul::MirrorTerms terms;
  const uint32_t cap = config_->limits.max_pdu;
  terms.calling = calling_as_;
  terms.called = called_as_;
  const uint32_t theirs = rq_.user.max_length.value_or(0);
  // Terminated legs have limits of their own; mirrored ones are offered the other side's.
  terms.max_length = terminated_ || theirs == 0 ? cap : std::min(theirs, cap);
  terms.permits = [this](const ul::ProposedContext& context) {
    return ContextPermitted(client_config_, context.abstract_syntax) &&
           !ServesCommitment(context.abstract_syntax);
  };
  return terms;
}

// Upstream first; its answer is the client's.
Task<bool> ClientSession::NegotiateMirrored() {
  const ul::MirrorTerms terms = Terms();
  ul::AssociateRq proposal = ul::MirrorRequest(rq_, terms);
  const uint32_t cap = config_->limits.max_pdu;
  if (proposal.contexts.empty()) {
    ul::TerminateTerms none{cap,
                            [](const ul::ProposedContext&) {
                              return ul::ContextAnswer::Reject(ul::ContextResult::kUserRejection);
                            },
                            {},
                            {},
                            {}};
    log::Warning("no presentation context is permitted to this client; add operations to its may:",
                 {{"calling", rq_.calling.title().view()}, {"client", client_config_.name()}});
    co_return co_await AcceptClient(ul::TerminateAccept(rq_, none));
  }
  ul::AssociateRj rejected{0, 0, 0};
  auto opened = co_await OpenUpstream(std::move(proposal), &rejected);
  if (!opened) co_return co_await RejectFor(opened.error(), rejected);
  const uint32_t theirs = upstream_->answer().user.max_length.value_or(0);
  const uint32_t offered = theirs == 0 ? cap : std::min(theirs, cap);
  co_return co_await AcceptClient(ul::MirrorAccept(rq_, upstream_->answer(), terms, offered));
}

// From what is known; upstream is asked at once where something is not, or where more is
// negotiated than contexts.
Task<bool> ClientSession::NegotiateTerminated() {
  const ul::MirrorTerms terms = Terms();
  ul::AssociateRq proposal = ul::MirrorRequest(rq_, terms);
  const bool plain = proposal.user.roles.empty() && proposal.user.extended.empty() &&
                     proposal.user.common_extended.empty() && !proposal.user.identity;
  using Answers = std::map<ul::ContextId, ul::ContextAnswer>;
  std::vector<ul::ProposedContext> permitted;
  for (const ul::ProposedContext& context : rq_.contexts)
    if (terms.permits(context)) permitted.push_back(context);
  const config::Duration lifetime = application_.capabilities_for;
  ApplicationRuntime* runtime = &runtime_;
  auto look_up = [runtime, permitted, lifetime]() -> Task<Answers> {
    return [](ApplicationRuntime* of, std::vector<ul::ProposedContext> contexts,
              config::Duration believed) -> Task<Answers> {
      Answers answers;
      for (const ul::ProposedContext& context : contexts)
        if (auto answer = of->capabilities.Answer(context, of->home->Now(), believed))
          answers.emplace(context.id, *answer);
      co_return answers;
    }(runtime, permitted, lifetime);
  };
  Answers known = co_await net::RunOn<Answers>(*runtime_.home, std::move(look_up));
  const uint32_t cap = config_->limits.max_pdu;
  if (!permitted.empty() && (!plain || known.size() < permitted.size())) {
    ul::AssociateRj rejected{0, 0, 0};
    auto opened = co_await OpenUpstream(std::move(proposal), &rejected);
    if (opened)
      co_return co_await AcceptClient(ul::MirrorAccept(rq_, upstream_->answer(), terms, cap));
    // Unreachable: what is known must do, if it is anything.
    if (!plain || known.empty() || opened.error().code == Errc::kRejected)
      co_return co_await RejectFor(opened.error(), rejected);
  }
  ul::TerminateTerms answers{
      cap,
      [&](const ul::ProposedContext& context) {
        if (!terms.permits(context))
          return ul::ContextAnswer::Reject(ul::ContextResult::kUserRejection);
        auto found = known.find(context.id);
        return found != known.end() ? found->second
                                    : ul::ContextAnswer::Reject(ul::ContextResult::kNoReason);
      },
      {},
      {},
      {}};
  co_return co_await AcceptClient(ul::TerminateAccept(rq_, answers));
}

Task<bool> ClientSession::AcceptClient(ul::AssociateAc ac) {
  if (terminated_) AnswerCommitment(ac);
  contexts_ = ul::Agreed(rq_, ac);
  rq_.contexts.clear();
  rq_.contexts.shrink_to_fit();
  client_->SetReceiveLimit(ac.user.max_length.value_or(0));
  client_->SetSendLimit(rq_.user.max_length.value_or(0), config_->limits.max_pdu);
  auto accepted = co_await client_->Accept(std::move(ac));
  // Not before: what upstream asks at once must find the client's association established.
  if (upstream_) StartPump();
  if (accepted) {
    if (get_line_) client_->loop().Spawn(get_line_->Run());
    presence_ =
        metrics::Presence(services_.metrics.Get<metrics::Id::kAssociations>("downstream", "open"));
    co_return true;
  }
  Result<> how = std::unexpected(accepted.error());
  co_await Finish(how);
  co_return false;
}

// What the client is told when there is no association to the application.
Task<bool> ClientSession::RejectFor(Error error, ul::AssociateRj rejected) {
  ul::AssociateRj answer = ul::TemporaryCongestion();
  if (error.code == Errc::kLimit) {
    answer = ul::LocalLimitExceeded();
  } else if (error.code == Errc::kRejected && ul::IsAboutTitles(rejected)) {
    log::Error("upstream does not know our AE title: have it trusted at this machine's address",
               {{"application", application_.name},
                {"calling", calling_as_.view()},
                {"called", called_as_.view()},
                {"answer", ul::Describe(rejected)}});
  } else if (error.code == Errc::kRejected) {
    answer = rejected;
  }
  log::Warning("association rejected", {{"calling", rq_.calling.title().view()},
                                        {"called", rq_.called.title().view()},
                                        {"from", client_->peer_address()},
                                        {"application", application_.name},
                                        {"why", error.detail},
                                        {"answer", ul::Describe(answer)}});
  services_.metrics
      .Get<metrics::Id::kRejectedAssociations>(error.code == Errc::kLimit ? "limit" : "upstream")
      .Add();
  services_.metrics
      .Get<metrics::Id::kAssociationsTotal>("downstream", application_.name, "rejected")
      .Add();
  co_await client_->Reject(answer);
  co_return false;
}

}  // namespace router::session
