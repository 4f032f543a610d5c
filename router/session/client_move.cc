#include <algorithm>

#include "router/dataset/identifier.h"
#include "router/dimse/messages.h"
#include "router/session/carried_move.h"
#include "router/session/client_session.h"
#include "router/session/legs.h"
#include "router/session/move_target.h"
#include "router/session/observe.h"

namespace router::session {
namespace {

constexpr size_t kMaxIdentifier = 4 << 20;  // bytes; lists of UIDs grow

}  // namespace

// A C-MOVE-RQ: to a destination that only upstream knows it is relayed; to one that we reach it is
// carried.
Task<Result<>> ClientSession::OnMove(Incoming first, dimse::CommandSet command) {
  const AeTitle named = command.move_destination();
  // By rules it may go elsewhere, and to several.
  MovePlan move_plan = PlanMove(*config_, FactsOf(command), named, std::move(ruled_.move_to),
                                client_->peer_address());
  if (!move_plan.refused.empty())
    co_return co_await Refuse(first, dimse::status::kMoveDestinationUnknown,
                              std::move(move_plan.refused));
  const rules::Plan& plan = move_plan.plan;
  const std::vector<config::Destination>& destinations = move_plan.destinations;
  for (const rules::Step& step : plan.observed) {
    const bool carry = std::holds_alternative<rules::CarryMove>(step);
    ObservedAction what{carry ? "carry" : "refuse", "", carry ? "" : "unknown_destination"};
    NoteObserved(services_, runtime_, std::move(what), Uid());
  }
  if (const auto* refuse = std::get_if<rules::Refuse>(&plan.step)) {
    std::string nearest = NearestDestination(*config_, named);
    log::Warning("move refused: no such destination; add it to applications or clients",
                 {{"destination", named.view()}, {"nearest", nearest}});
    services_.metrics.Get<metrics::Id::kMoves>(application_.name, "refused").Add();
    std::string comment = refuse->comment;
    co_return co_await Refuse(first, refuse->status, std::move(comment));
  }
  if (std::holds_alternative<rules::ForwardMove>(plan.step) && !destinations.empty()) {
    command.SetMoveDestination(destinations.front().ae_title);
    co_return co_await RelayRequest(first, std::move(command));
  }
  if (!std::holds_alternative<rules::CarryMove>(plan.step) || destinations.empty())
    co_return co_await RelayRequest(first, std::move(command));

  auto identifier = co_await Collect(*client_, first.last, kMaxIdentifier, MessageSilence());
  if (!identifier) {
    if (identifier.error().code != Errc::kLimit) co_return std::unexpected(identifier.error());
    co_return co_await AnswerRequest(first.context, std::move(command),
                                     dimse::status::kIdentifierMismatch, identifier.error().detail);
  }
  MoveRequest move = MoveRequestOf(command);
  move.destination = named.str();
  std::vector<MoveTarget> targets;
  for (const config::Destination& one : destinations)
    for (MoveTarget& target : TargetsOfMove(*config_, one, rq_.called.title()))
      if (std::ranges::find(targets, target) == targets.end()) targets.push_back(std::move(target));
  move.target = targets.front();
  move.also.assign(targets.begin() + 1, targets.end());
  const config::Application* only = destinations.front().application;
  if (targets.size() == 1 && only && only->move_to.empty())
    move.target_limit = std::max(1u, only->max_associations - 1);
  if (const ul::AcceptedContext* context = ContextOf(first.context))
    move.scope = ScopeOf(*identifier, context->transfer_syntax);
  Buffer bytes = std::move(*identifier);
  StartMove(first.context, std::move(command), std::move(bytes), std::move(move));
  co_return Result<>();
}

// What the registry has to know of a move besides its destination.
MoveRequest ClientSession::MoveRequestOf(const dimse::CommandSet& command) const {
  MoveRequest move;
  move.upstream = application_.name;
  move.upstream_title = application_.ae_title;
  move.titles = application_.move_as;
  move.originator = application_.move_originator;
  move.settle = application_.settle;
  move.late = application_.late;
  move.max_moves = application_.max_moves;
  move.count_once = application_.complete_moves > 0;
  move.client = rq_.calling.title();
  move.called = rq_.called.title();
  move.client_address = client_->peer_address();
  move.calling = calling_as_;
  move.client_message_id = command.message_id();
  move.loop = &client_->loop();
  return move;
}

void ClientSession::StartMove(ul::ContextId context, dimse::CommandSet command, Buffer identifier,
                              MoveRequest move) {
  auto carried = std::make_shared<CarriedMove>(*this, context, std::move(command),
                                               std::move(identifier), std::move(move));
  moves_.push_back(carried);
  client_->loop().Spawn(RunMove(std::move(carried)));
}

// The final response of a move that upstream was to deliver itself. Its refusal of the destination
// is told as it came; what was meant stands in the log.
void ClientSession::NoteForwarded(const dimse::CommandSet& request, uint16_t status) {
  if (request.command() != dimse::Command::kCMoveRq) return;
  services_.metrics.Get<metrics::Id::kMoves>(application_.name, "forwarded").Add();
  if (status != dimse::status::kMoveDestinationUnknown) return;
  const AeTitle named = request.move_destination();
  log::Warning("upstream does not know a move destination, and it is not configured here",
               {{"application", application_.name},
                {"destination", named.view()},
                {"nearest", NearestDestination(*config_, named)}});
}

Task<> ClientSession::RunMove(std::shared_ptr<CarriedMove> move) {
  metrics::Presence running(
      services_.metrics.Get<metrics::Id::kMovesInProgress>(application_.name));
  co_await move->Run();
  std::erase(moves_, move);
  if (upstream_open_) upstream_->stream().SetReadTimeout(UpstreamSilence());
  if (!busy_) client_->stream().SetReadTimeout(ClientSilence());
  if (stopping_) Stop(false);
  moves_ended_.Notify();
}

}  // namespace router::session
