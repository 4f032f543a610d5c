#include <algorithm>

#include "router/dataset/identifier.h"
#include "router/dimse/messages.h"
#include "router/dimse/sop_classes.h"
#include "router/net/future.h"
#include "router/session/carried_move.h"
#include "router/session/client_session.h"
#include "router/session/get_negotiation.h"
#include "router/session/legs.h"
#include "router/session/move_target.h"

// C-GET where upstream has none: the client asks for it on its association, upstream is asked for a
// C-MOVE to us, and what upstream sends goes down the client's association.
namespace router::session {
namespace {

constexpr size_t kMaxIdentifier = 4 << 20;  // bytes; lists of UIDs grow

bool IsGet(const Uid& uid) {
  return dimse::QueryServiceOf(uid.view()) == dimse::QueryService::kGet;
}

}  // namespace

// ---- negotiation

// Is a C-GET of this client to be done by a C-MOVE? `get: auto`: if upstream rejects C-GET and
// takes that C-MOVE.
Task<bool> ClientSession::BridgesGet() {
  if (application_.get == config::Get::kRelay || application_.mode == config::Mode::kObserve)
    co_return false;
  const ul::MirrorTerms terms = Terms();
  if (!WantsGet(rq_, terms)) co_return false;
  if (application_.get == config::Get::kBridge) co_return true;
  std::vector<ul::ProposedContext> question = QuestionOfGet(rq_, terms);
  co_return co_await HasMoveAlone(std::move(question));
}

// By what is known of it; where that is not enough, by an association of its own, which proposes
// nothing else. If it cannot be reached the client is told so on the way of a relay.
Task<bool> ClientSession::HasMoveAlone(std::vector<ul::ProposedContext> question) {
  ApplicationRuntime* runtime = &runtime_;
  const config::Duration believed = application_.capabilities_for;
  auto look_up = [runtime, question, believed]() -> Task<std::optional<bool>> {
    return [](ApplicationRuntime* of, std::vector<ul::ProposedContext> contexts,
              config::Duration lifetime) -> Task<std::optional<bool>> {
      const SteadyTime now = of->home->Now();
      co_return NeedsBridge(contexts, [&](const ul::ProposedContext& context) {
        std::optional<bool> accepted;
        if (auto answer = of->capabilities.Answer(context, now, lifetime))
          accepted = answer->result == ul::ContextResult::kAcceptance;
        return accepted;
      });
    }(runtime, question, believed);
  };
  const auto known = co_await net::RunOn<std::optional<bool>>(*runtime_.home, std::move(look_up));
  if (known) co_return *known;
  auto slot = co_await TakeSlot(runtime_, delivery::Purpose::kRelay, application_.wait_for);
  if (!slot) co_return false;
  auto proposed = ul::OriginateRequest(calling_as_, called_as_, config_->limits.max_pdu, question);
  ul::AssociateRq offered = proposed;
  auto asked = co_await Association::Request(client_->loop(), EndpointOf(application_),
                                             std::move(proposed), TimersOf(application_));
  if (!asked) co_return false;
  const auto& agreed = (*asked)->agreed();
  const auto needs = NeedsBridge(question, [&](const ul::ProposedContext& context) {
    return std::optional(std::ranges::find(agreed, context.id, &ul::AcceptedContext::id) !=
                         agreed.end());
  });
  co_await Learn(runtime_, std::move(offered), (*asked)->answer());
  co_await (*asked)->Release();
  co_await (*asked)->End();
  co_return needs.value_or(false);
}

// Upstream is asked first: without its C-MOVE there is nothing to offer.
Task<bool> ClientSession::NegotiateBridged() {
  terminated_ = true;
  const ul::MirrorTerms terms = Terms();
  const ul::AssociateRq asked = BridgeRequest(rq_, terms);
  ul::AssociateRq proposal = asked;
  ul::AssociateRj rejected{0, 0, 0};
  auto opened = co_await OpenUpstream(std::move(proposal), &rejected);
  if (!opened) co_return co_await RejectFor(opened.error(), rejected);
  get_line_ = std::make_unique<GetLine>(*client_, application_.answer_within);
  ApplicationRuntime* runtime = &runtime_;
  auto look_up = [runtime]() -> Task<OfferedSyntaxes> {
    return [](ApplicationRuntime* of) -> Task<OfferedSyntaxes> {
      co_return of->capabilities.offered();
    }(runtime);
  };
  const OfferedSyntaxes offered =
      co_await net::RunOn<OfferedSyntaxes>(*runtime_.home, std::move(look_up));
  ul::AssociateAc answer =
      BridgeAccept(rq_, asked, upstream_->answer(), terms, config_->limits.max_pdu, offered);
  // AcceptClient answers those of storage commitment.
  std::erase_if(answer.user.roles,
                [this](const ul::RoleSelection& role) { return ServesCommitment(role.sop_class); });
  co_return co_await AcceptClient(std::move(answer));
}

// ---- serving

// What belongs to a C-GET is never relayed: upstream knows nothing of it.
bool ClientSession::EndsHere(const dimse::CommandSet& command, const ul::AcceptedContext* context) {
  get_line_->TakesAnswer(command);
  return command.command() == dimse::Command::kCStoreRsp || !context ||
         IsGet(context->abstract_syntax);
}

Task<Result<>> ClientSession::OnGet(Incoming first, dimse::CommandSet command) {
  auto identifier = co_await Collect(*client_, first.last, kMaxIdentifier, MessageSilence());
  if (!identifier) {
    if (identifier.error().code != Errc::kLimit) co_return std::unexpected(identifier.error());
    co_return co_await AnswerRequest(first.context, std::move(command),
                                     dimse::status::kIdentifierMismatch, identifier.error().detail);
  }
  const ul::AcceptedContext* context = ContextOf(first.context);
  if (!IsGet(context->abstract_syntax))
    co_return co_await AnswerRequest(first.context, std::move(command),
                                     dimse::status::kSopClassNotSupported, "this is no C-GET");
  MoveRequest move = MoveRequestOf(command);
  move.destination = rq_.calling.title().str();
  move.target.label = client_config_.name();
  move.scope = ScopeOf(*identifier, context->transfer_syntax);
  std::vector<ul::AcceptedContext> receiving;
  std::ranges::copy_if(contexts_, std::back_inserter(receiving),
                       &ul::AcceptedContext::requestor_is_scp);
  move.target.bridge =
      std::make_shared<GetBridge>(client_->loop(), get_line_.get(), std::move(receiving));
  Buffer bytes = std::move(*identifier);
  StartMove(first.context, std::move(command), std::move(bytes), std::move(move));
  co_return Result<>();
}

Task<Result<ClientSession::MoveLeg>> ClientSession::EnsureMoveLeg(ul::ContextId context) {
  const ul::AcceptedContext* asked = ContextOf(context);
  if (!asked || !IsGet(asked->abstract_syntax)) {
    auto relayed = co_await EnsureUpstream(context);
    if (!relayed) co_return std::unexpected(relayed.error());
    co_return MoveLeg{*relayed, asked ? *asked : ul::AcceptedContext{}};
  }
  auto leg = co_await EnsureLeg();
  if (!leg) co_return std::unexpected(leg.error());
  std::vector<Uid> classes = {MoveClassOf(asked->abstract_syntax)};
  if (asked->abstract_syntax.view() == dimse::uid::kPatientRootGet)
    classes.emplace_back(dimse::uid::kStudyRootMove);
  for (const Uid& move : classes)
    for (const ul::AcceptedContext& accepted : (*leg)->agreed())
      if (accepted.abstract_syntax == move) co_return MoveLeg{*leg, accepted};
  co_return Fail(Errc::kRefused, Blame::kUpstream, "upstream no longer accepts C-MOVE");
}

}  // namespace router::session
