#include "router/session/client_session.h"

#include <algorithm>

#include "router/association/protocol_errors.h"
#include "router/dimse/messages.h"
#include "router/dimse/sop_classes.h"
#include "router/session/carried_move.h"
#include "router/session/client_report_line.h"
#include "router/session/observe.h"

namespace router::session {
namespace {

std::string_view OutcomeOf(const Result<>& how) {
  if (how) return "released";
  switch (how.error().code) {
    case Errc::kReleased:  // upstream asked for it (mirrored)
      return "released";
    case Errc::kClosed:
    case Errc::kTimeout:
    case Errc::kStalled:
      return "lost";
    default:
      return "aborted";
  }
}

}  // namespace

ClientSession::ClientSession(Services& services, std::shared_ptr<const config::Config> config,
                             AdmittedClient admitted, Route route, ul::AssociateRq rq,
                             std::unique_ptr<Association> client)
    : services_(services),
      config_(std::move(config)),
      client_config_(*admitted.client),
      application_(*admitted.application),
      runtime_(services.Application(admitted.application->name)),
      ruling_(std::move(route.ruling)),
      calling_as_(route.calling.empty()
                      ? config_->CallingTitle(application_, &client_config_, rq.calling.title())
                      : route.calling),
      called_as_(route.called.empty() ? application_.ae_title : route.called),
      client_(std::move(client)),
      rq_(std::move(rq)),
      entry_(services.roster(client_->loop()), this),
      began_(services.clock.WallNow()),
      limited_(client_->loop()),
      rules_(services_, *client_, ruling_, limited_,
             {rq_.calling.title(), application_.name, &application_}, config_->limits.client_idle),
      upstream_ended_(client_->loop()),
      upstream_turn_(client_->loop()),
      moves_ended_(client_->loop()),
      report_ended_(client_->loop()) {}

ClientSession::~ClientSession() = default;

// The way of an association: negotiated, served message by message, ended on both sides.
Task<> ClientSession::Run() {
  bool accepted = co_await Negotiate();
  if (!accepted) {
    co_await EndUpstream(true);
    co_return;
  }
  const std::string_view way = bridged_ ? "bridged" : terminated_ ? "terminated" : "mirrored";
  log::Info("association accepted", {{"calling", rq_.calling.title().view()},
                                     {"called", rq_.called.title().view()},
                                     {"from", client_->peer_address()},
                                     {"application", application_.name},
                                     {"contexts", contexts_.size()},
                                     {"way", way}});
  Result<> how = co_await ServeMessages();
  co_await Finish(std::move(how));
}

// Until the client asks for a release (a value) or the association cannot go on (an error).
Task<Result<>> ClientSession::ServeMessages() {
  for (;;) {
    busy_ = false;
    if (stopping_ && IsIdle())
      co_return Fail(Errc::kInterrupted, Blame::kInternal, "Sluice is stopping", true);
    auto incoming = co_await client_->Receive(ClientSilence());
    if (!incoming) co_return std::unexpected(incoming.error());
    if (incoming->kind == Incoming::Kind::kReleaseRequest) co_return Result<>();
    busy_ = true;
    ++messages_;
    auto served = co_await OnMessage(*incoming);
    if (!served) co_return std::unexpected(served.error());
  }
}

Task<Result<>> ClientSession::OnMessage(Incoming first) {
  dimse::CommandSet command = client_->command();
  if (dimse::IsRequest(command.command()) && command.command() != dimse::Command::kCCancelRq)
    co_return co_await OnRequest(first);
  const ul::AcceptedContext* context = ContextOf(first.context);
  if (AnswersReportOfOurs(first, command) ||
      (context && ServesCommitment(context->abstract_syntax)))
    co_return co_await OnReportAnswer(first, std::move(command));
  // C-CANCEL-RQ follows its request; a response belongs to a request of upstream's (C-GET's
  // sub-operations, N-EVENT-REPORT). Without the leg there is nobody to tell.
  for (const auto& move : moves_)
    if (command.command() == dimse::Command::kCCancelRq &&
        move->TakesCancel(command.message_id_responded_to()))
      co_return Result<>();
  const bool ends_here = get_line_ && EndsHere(command, context);
  if (ends_here || !upstream_open_)
    co_return co_await Drain(*client_, first.last, MessageSilence());
  bool complete = first.last;
  Upstream upstream = upstream_;
  Relayed relayed = co_await RelayMessage(*client_, *upstream, first.context, std::move(command),
                                          &complete, MessageSilence());
  if (relayed.end == Relayed::End::kSourceFailed) co_return std::unexpected(relayed.error);
  if (relayed.end == Relayed::End::kSinkFailed)
    co_return co_await Drain(*client_, complete, MessageSilence());
  co_return Result<>();
}

Task<Result<>> ClientSession::OnRequest(Incoming first) {
  dimse::CommandSet command = client_->command();
  const ul::AcceptedContext* context = ContextOf(first.context);
  if (!context || !MayUse(client_config_, command.command(), context->abstract_syntax)) {
    std::string comment(dimse::ServiceOf(command.command()));
    comment += " is not permitted to this AE title";
    co_return co_await Refuse(first, dimse::status::kNotAuthorized, std::move(comment));
  }
  if (!ruling_.IsEmpty()) {
    auto ended = co_await ObeyRules(first, command);
    if (!ended) co_return std::unexpected(ended.error());
    if (*ended) co_return Result<>();
  }
  if (ServesCommitment(context->abstract_syntax))
    co_return co_await OnCommitment(first, std::move(command));
  if (MayServeCommitment(context->abstract_syntax, command))
    co_return co_await OnRelayedCommitment(first, std::move(command));
  asked_other_ = true;
  if (report_ && !report_->sent) report_->interrupted.Notify();  // it is not idle
  if (command.command() == dimse::Command::kCMoveRq)
    co_return co_await OnMove(first, std::move(command));
  if (bridged_ && command.command() == dimse::Command::kCGetRq)
    co_return co_await OnGet(first, std::move(command));
  if (command.command() == dimse::Command::kCStoreRq) {
    if (bridged_ && !context->requestor_is_scu)
      co_return co_await Refuse(first, dimse::status::kSopClassNotSupported,
                                "the role of SCU was not agreed for this SOP class");
    rules::Plan plan = rules::Decide(FactsOf(command));
    if (!plan.observed.empty() && runtime_.observer)
      co_return co_await RelayObserved(first, std::move(command));
    if (const auto* refuse = std::get_if<rules::Refuse>(&plan.step)) {
      std::string comment = refuse->comment;
      co_return co_await Refuse(first, refuse->status, std::move(comment));
    }
    // What a rule has kept, or may keep, goes before what comes later in its series.
    if (ruled_.spools || ruled_.late || kept_by_rule_ || ruling_.MayDecide(rules::Topic::kQueue) ||
        (terminated_ && Spools(application_, plan.step)))
      co_return co_await Hold(first, std::move(command));
  }
  co_return co_await RelayRequest(first, std::move(command));
}

// The same relay, and afterwards a look at what `mode: enforce` would have made of it.
Task<Result<>> ClientSession::RelayObserved(Incoming first, dimse::CommandSet command) {
  store::Instance instance;
  instance.sop_instance = command.affected_sop_instance();
  instance.sop_class = command.affected_sop_class();
  instance.application = application_.name;
  instance.client = rq_.calling.title();
  instance.transfer_syntax = ContextOf(first.context)->transfer_syntax;
  Tap tap(services_.tapped);
  bool whole = false;
  auto relayed = co_await RelayTapped(first, std::move(command), &tap, &whole);
  if (whole) LookAt(services_, runtime_, std::move(instance), std::move(tap));
  co_return relayed;
}

Task<Result<>> ClientSession::RelayRequest(Incoming first, dimse::CommandSet command) {
  bool whole = false;
  co_return co_await RelayTapped(first, std::move(command), nullptr, &whole);
}

// Cut-through to upstream; `head` was received before. The response comes back through the pump.
Task<Result<>> ClientSession::RelayTapped(Incoming first, dimse::CommandSet command, Tap* tap,
                                          bool* whole, Bytes head) {
  const auto since = std::chrono::steady_clock::now();
  bool complete = first.last;
  auto upstream = co_await EnsureUpstream(first.context);
  if (!upstream) {
    auto drained = co_await Drain(*client_, complete, MessageSilence());
    if (!drained) co_return std::unexpected(drained.error());
    const bool unsupported = upstream.error().code == Errc::kRefused;
    log::Warning("message not relayed", {{"command", dimse::NameOf(command.command())},
                                         {"application", application_.name},
                                         {"why", upstream.error().detail}});
    co_return co_await AnswerRequest(
        first.context, std::move(command),
        unsupported ? dimse::status::kSopClassNotSupported : dimse::status::kOutOfResources,
        upstream.error().detail);
  }
  sending_upstream_ = true;
  ExpectResponse(first.context, command);
  Passing passing(*this, command, tap);
  const std::string_view service = dimse::ServiceOf(command.command());
  Relayed relayed = co_await RelayMessage(*client_, **upstream, first.context, std::move(command),
                                          &complete, MessageSilence(), head, &passing);
  sending_upstream_ = false;
  (*upstream)->stream().SetReadTimeout(UpstreamSilence());
  if (relayed.end == Relayed::End::kSourceFailed) co_return std::unexpected(relayed.error);
  // The pump learns of it, too, and answers what is outstanding.
  if (relayed.end == Relayed::End::kSinkFailed) {
    co_return co_await Drain(*client_, complete, MessageSilence());
  }
  *whole = true;
  if (relayed.data_bytes < 4096)
    services_.metrics.Get<metrics::Id::kRelayAddedLatency>(service).Observe(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count());
  co_return Result<>();
}

// A status of our own, after the data set has been received and dropped.
Task<Result<>> ClientSession::Refuse(Incoming first, uint16_t status, std::string comment) {
  dimse::CommandSet request = client_->command();
  log::Warning("message refused", {{"command", dimse::NameOf(request.command())},
                                   {"calling", rq_.calling.title().view()},
                                   {"application", application_.name},
                                   {"status", status},
                                   {"why", comment}});
  auto drained = co_await Drain(*client_, first.last, MessageSilence());
  if (!drained) co_return std::unexpected(drained.error());
  co_return co_await AnswerRequest(first.context, std::move(request), status, std::move(comment));
}

Task<Result<>> ClientSession::AnswerRequest(ul::ContextId context, dimse::CommandSet request,
                                            uint16_t status, std::string comment) {
  Count(request, status, std::chrono::steady_clock::now());
  auto response = dimse::Response(request, status, comment);
  co_return co_await client_->Send(context, std::move(response));
}

// Both sides are ended, in peace if the client asked for it.
Task<> ClientSession::Finish(Result<> how) {
  busy_ = finishing_ = true;
  for (const auto& move : moves_) move->ClientGone(how.has_value());
  if (get_line_) co_await get_line_->End();
  // Upstream may take its time to end the moves; a client that was broken off waits for nothing.
  if (get_line_ && !how) co_await client_->Abort();
  while (!moves_.empty()) co_await moves_ended_.Wait();
  co_await EndReports();
  if (how) {
    co_await EndUpstream(true);
    co_await client_->ConfirmRelease();
  } else if (how.error().code == Errc::kReleased) {  // upstream asked for it (mirrored)
    co_await net::Both(EndUpstream(true), ReleaseClient());
  } else {
    co_await net::Both(EndUpstream(false), client_->Abort());
  }
  co_await client_->End();
  LogEnd(how);
}

Task<> ClientSession::ReleaseClient() {
  client_->stream().Recover();  // it was interrupted to learn of this
  auto released = co_await client_->Release();
  if (!released && released.error().blame == Blame::kDownstream)
    association::CountProtocolError(services_.metrics, released.error());
}

void ClientSession::LogEnd(const Result<>& how) const {
  const std::string_view outcome = OutcomeOf(how);
  auto& registry = services_.metrics;
  registry.Get<metrics::Id::kAssociationsTotal>("downstream", application_.name, outcome).Add();
  registry.Get<metrics::Id::kBytes>("downstream", "in")
      .Add(static_cast<double>(client_->stream().bytes_read()));
  registry.Get<metrics::Id::kBytes>("downstream", "out")
      .Add(static_cast<double>(client_->stream().bytes_written()));
  if (!how && how.error().blame == Blame::kDownstream)
    association::CountProtocolError(registry, how.error());
  log::Write(outcome == "released" ? log::Level::kInfo : log::Level::kWarning, "association ended",
             {{"calling", rq_.calling.title().view()},
              {"called", rq_.called.title().view()},
              {"from", client_->peer_address()},
              {"application", application_.name},
              {"outcome", outcome},
              {"messages", messages_},
              {"why", how ? "" : how.error().detail}});
}

// ---- small things

rules::Facts ClientSession::FactsOf(const dimse::CommandSet& command) const {
  rules::Facts facts = session::FactsOf(application_, command);
  facts.calling_ae_title = rq_.calling.title().str();
  facts.called_ae_title = rq_.called.title().str();
  facts.peer_address = client_->peer_address();
  return facts;
}

const ul::AcceptedContext* ClientSession::ContextOf(ul::ContextId id) const {
  auto found = std::ranges::find(contexts_, id, &ul::AcceptedContext::id);
  return found != contexts_.end() ? &*found : nullptr;
}

Milliseconds ClientSession::ClientSilence() const {
  if (!outstanding_.empty() || !moves_.empty()) return Milliseconds(0);
  return config_->limits.client_idle;
}

// Within a message the client owes the next fragment, whatever it waits for.
Milliseconds ClientSession::MessageSilence() const { return config_->limits.client_idle; }

bool ClientSession::IsIdle() const {
  return !busy_ && outstanding_.empty() && moves_.empty() && client_->BetweenMessages();
}

void ClientSession::Stop(bool at_once) {
  stopping_ = true;
  stop_at_once_ |= at_once;
  if (stop_at_once_) limited_.Notify();
  if (stop_at_once_ && !moves_.empty())  // their final responses first: RunMove comes back here
    for (const auto& move : moves_) move->Abandon("Sluice is stopping");
  else if (stop_at_once_ || IsIdle())
    client_->Interrupt({Errc::kInterrupted, Blame::kInternal, true, "Sluice is stopping"});
  if (stop_at_once_ && finishing_ && upstream_)
    upstream_->Interrupt({Errc::kInterrupted, Blame::kInternal, true, "Sluice is stopping"});
}

void ClientSession::Count(const dimse::CommandSet& request, uint16_t status,
                          std::chrono::steady_clock::time_point since) {
  const std::string_view service = dimse::ServiceOf(request.command());
  const auto of = dimse::ClassOf(dimse::ResponseTo(request.command()), status);
  if (request.command() == dimse::Command::kCStoreRq && of == dimse::StatusClass::kFailure)
    services_.refusals.Note({services_.clock.WallNow(), request.affected_sop_instance(),
                             application_.name, rq_.calling.title(), status});
  auto& registry = services_.metrics;
  registry
      .Get<metrics::Id::kMessages>(service, client_config_.name(), application_.name,
                                   dimse::NameOf(of))
      .Add();
  registry.Get<metrics::Id::kMessageDuration>(service, application_.name)
      .Observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count());
}

AssociationSnapshot ClientSession::Describe() const {
  return {"downstream",
          rq_.calling.title().str(),
          rq_.called.title().str(),
          application_.name,
          client_->peer_address(),
          client_->IsEstablished() ? "open" : "negotiating",
          began_,
          messages_};
}

}  // namespace router::session
