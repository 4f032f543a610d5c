#include <algorithm>
#include <utility>

#include "router/association/protocol_errors.h"
#include "router/dataset/edit.h"
#include "router/dataset/identifier.h"
#include "router/dataset/references.h"
#include "router/delivery/destination.h"
#include "router/dimse/messages.h"
#include "router/hold/gate.h"
#include "router/net/future.h"
#include "router/session/carried_move.h"
#include "router/session/client_session.h"
#include "router/session/get_negotiation.h"
#include "router/session/legs.h"
#include "router/session/observe.h"
#include "router/session/whereabouts.h"

namespace router::session {
namespace {

// An answer of a C-FIND is a few hundred bytes; this is where we stop to believe in one.
constexpr size_t kMaxAnswer = 1 << 20;
constexpr dataset::Tag kRetrieveAeTitle = 0x00080054;
constexpr dataset::Tag kFailedSopInstanceUidList = 0x00080058;

bool IsLong(dimse::Command request) {
  return request == dimse::Command::kCMoveRq || request == dimse::Command::kCGetRq;
}

}  // namespace

// ---- opening

Task<Result<>> ClientSession::OpenUpstream(ul::AssociateRq rq, ul::AssociateRj* rejected) {
  Result<delivery::Slot> slot = std::move(spare_slot_);
  if (!*slot) slot = co_await TakeSlot(runtime_, delivery::Purpose::kRelay, application_.wait_for);
  if (!slot) co_return std::unexpected(slot.error());
  const uint32_t announced = rq.user.max_length.value_or(0);
  ul::AssociateRq offered = rq;
  auto association = co_await Association::Request(client_->loop(), EndpointOf(application_),
                                                   std::move(rq), TimersOf(application_), rejected);
  if (!association) {
    services_.metrics
        .Get<metrics::Id::kAssociationsTotal>(
            "upstream", application_.name,
            association.error().code == Errc::kRejected ? "rejected" : "lost")
        .Add();
    association::CountProtocolError(services_.metrics, association.error());
    NoteCall(runtime_, std::unexpected(association.error()));
    co_return std::unexpected(association.error());
  }
  NoteCall(runtime_, {});
  slot_ = std::move(*slot);
  upstream_ = std::move(*association);
  upstream_->SetReceiveLimit(announced);
  upstream_->SetSendLimit(upstream_->answer().user.max_length.value_or(0), config_->limits.max_pdu);
  const bool may_bridge = application_.get == config::Get::kAuto && WantsGet(rq_, Terms());
  if (terminated_ || may_bridge) co_await Learn(runtime_, std::move(offered), upstream_->answer());
  co_return Result<>();
}

// Whoever opened the leg starts it when the client can be sent to.
void ClientSession::StartPump() {
  upstream_open_ = upstream_pumped_ = true;
  release_upstream_ = false;
  for (const auto& move : moves_) move->UpstreamOpened();
  client_->loop().Spawn(PumpUpstream());
}

// The leg, opened (again) if there is none.
Task<Result<ClientSession::Upstream>> ClientSession::EnsureLeg() {
  auto turn = co_await upstream_turn_.Take();
  if (!upstream_open_ && !terminated_)
    co_return Fail(Errc::kClosed, Blame::kUpstream, "the association to upstream has ended");
  if (!upstream_open_) {
    while (upstream_pumped_) co_await upstream_ended_.Wait();
    auto opened = co_await ReopenUpstream();
    if (!opened) co_return std::unexpected(opened.error());
    // An A-ABORT right behind the A-ASSOCIATE-AC: the pump has ended and will answer nothing more.
    if (!upstream_open_)
      co_return Fail(Errc::kClosed, Blame::kUpstream, "upstream ended the association at once",
                     true);
  }
  co_return upstream_;
}

// The leg that takes messages on this context; kRefused: it does not take them.
Task<Result<ClientSession::Upstream>> ClientSession::EnsureUpstream(ul::ContextId context) {
  auto leg = co_await EnsureLeg();
  if (!leg) co_return leg;
  const ul::AcceptedContext* wanted = ContextOf(context);
  for (const ul::AcceptedContext& accepted : (*leg)->agreed())
    if (wanted && accepted.id == context && accepted.abstract_syntax == wanted->abstract_syntax &&
        accepted.transfer_syntax == wanted->transfer_syntax)
      co_return leg;
  if (wanted) Forget(runtime_, wanted->abstract_syntax);
  co_return Fail(Errc::kRefused, Blame::kUpstream,
                 "upstream no longer accepts this SOP class in this transfer syntax");
}

// With all that the client negotiated, and the contexts as they were answered.
Task<Result<>> ClientSession::ReopenUpstream() {
  ul::AssociateRq asked = rq_;
  for (const ul::AcceptedContext& accepted : contexts_)
    asked.contexts.push_back({accepted.id, accepted.abstract_syntax, {accepted.transfer_syntax}});
  const ul::MirrorTerms terms = Terms();
  ul::AssociateRq proposal =
      bridged_ ? BridgeRequest(asked, terms) : ul::MirrorRequest(asked, terms);
  ul::AssociateRj rejected{0, 0, 0};
  auto opened = co_await OpenUpstream(std::move(proposal), &rejected);
  if (opened) StartPump();
  co_return opened;
}

// ---- receiving

// A root task: what comes from upstream, until it ends. The client learns of that before the leg
// has closed, which upstream may draw out.
Task<> ClientSession::PumpUpstream() {
  Result<> how = co_await ServeUpstream();
  upstream_open_ = false;
  const Error why =
      how ? Error{Errc::kReleased, Blame::kUpstream, true, "upstream released"} : how.error();
  const bool idle = why.code == Errc::kTimeout && outstanding_.empty();
  const bool in_peace = how || idle || release_upstream_;
  for (const auto& move : moves_) move->UpstreamLost(why);
  if (terminated_) {
    co_await net::Both(CloseUpstream(std::move(how), in_peace), AnswerOutstanding(why));
  } else {
    if (!finishing_) {
      Error carried = why;
      if (carried.code != Errc::kReleased) carried.code = Errc::kInterrupted;
      carried.detail = "upstream: " + carried.detail;
      client_->Interrupt(std::move(carried));
    }
    co_await CloseUpstream(std::move(how), in_peace);
  }
  upstream_pumped_ = false;
  upstream_ended_.Notify();
}

Task<> ClientSession::CloseUpstream(Result<> how, bool in_peace) {
  if (how) {
    co_await upstream_->ConfirmRelease();
  } else if (in_peace && upstream_->IsEstablished() && upstream_->stream().Recover()) {
    how = co_await upstream_->Release();
  } else {
    co_await upstream_->Abort();
  }
  co_await upstream_->End();
  slot_.Release();
  auto& registry = services_.metrics;
  registry
      .Get<metrics::Id::kAssociationsTotal>("upstream", application_.name,
                                            in_peace ? "released" : "lost")
      .Add();
  registry.Get<metrics::Id::kBytes>("upstream", "in")
      .Add(static_cast<double>(upstream_->stream().bytes_read()));
  registry.Get<metrics::Id::kBytes>("upstream", "out")
      .Add(static_cast<double>(upstream_->stream().bytes_written()));
  if (!how && how.error().blame == Blame::kUpstream)
    association::CountProtocolError(registry, how.error());
}

// Until upstream asks for a release (a value) or cannot go on.
Task<Result<>> ClientSession::ServeUpstream() {
  for (;;) {
    auto incoming = co_await upstream_->Receive(UpstreamSilence());
    if (!incoming) co_return std::unexpected(incoming.error());
    if (incoming->kind == Incoming::Kind::kReleaseRequest) co_return Result<>();
    auto relayed = co_await OnUpstreamMessage(*incoming);
    if (!relayed) co_return std::unexpected(relayed.error());
    if (outstanding_.empty() && moves_.empty() && !busy_)
      client_->stream().SetReadTimeout(ClientSilence());
    if (stopping_ && IsIdle()) Stop(false);
  }
}

Task<Result<>> ClientSession::OnUpstreamMessage(Incoming first) {
  const dimse::CommandSet& command = upstream_->command();
  if (dimse::IsResponse(command.command())) co_return co_await OnUpstreamResponse(first);
  // Upstream asks: sub-operations of C-GET, N-EVENT-REPORT.
  bool complete = first.last;
  dimse::CommandSet request = command;
  Relayed relayed = co_await RelayMessage(*upstream_, *client_, first.context, std::move(request),
                                          &complete, UpstreamSilence());
  if (relayed.end != Relayed::End::kDone) co_return std::unexpected(relayed.error);
  co_return Result<>();
}

Task<Result<>> ClientSession::OnUpstreamResponse(Incoming first) {
  dimse::CommandSet response = upstream_->command();
  const uint16_t message_id = response.message_id_responded_to();
  for (const auto& move : moves_) {
    if (!move->IsAnsweredBy(response)) continue;
    std::shared_ptr<CarriedMove> answered = move;
    auto identifier = co_await Collect(*upstream_, first.last, kMaxAnswer, UpstreamSilence());
    if (!identifier && identifier.error().code != Errc::kLimit)
      co_return std::unexpected(identifier.error());
    std::vector<Uid> failed;
    const auto& agreed = upstream_->agreed();
    auto context = std::ranges::find(agreed, first.context, &ul::AcceptedContext::id);
    if (identifier && !identifier->empty() && context != agreed.end())
      if (auto list = dataset::Identifier::Decode(*identifier, context->transfer_syntax))
        failed = list->Uids(kFailedSopInstanceUidList);
    answered->OnUpstreamResponse(response, failed);
    co_return Result<>();
  }
  const auto since = std::chrono::steady_clock::now();
  const uint16_t status = response.status();
  const bool pending = dimse::ClassOf(response.command(), status) == dimse::StatusClass::kPending;
  if (!pending)
    if (auto outstanding = TakeOutstanding(message_id)) {
      Count(outstanding->request, status, outstanding->since);
      NoteStored(*outstanding, status);
      NoteForwarded(outstanding->request, status);
    }
  if (pending && response.command() == dimse::Command::kCFindRsp && !first.last) {
    const auto from = RetrieveFromFor(message_id);
    if (from) co_return co_await RelayFindAnswer(first, std::move(response), *from);
  }
  const std::string_view service = dimse::ServiceOf(response.command());
  bool complete = first.last;
  Relayed relayed = co_await RelayMessage(*upstream_, *client_, first.context, std::move(response),
                                          &complete, UpstreamSilence());
  if (relayed.end != Relayed::End::kDone) co_return std::unexpected(relayed.error);
  services_.metrics.Get<metrics::Id::kRelayAddedLatency>(service).Observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count());
  co_return Result<>();
}

// What a relayed C-STORE made known may be what a held instance waits for.
void ClientSession::NoteStored(const Outstanding& answered, uint16_t status) {
  hold::Gate* gate = runtime_.gate ? runtime_.gate : runtime_.observer;
  const dimse::CommandSet& request = answered.request;
  if (!gate || request.command() != dimse::Command::kCStoreRq) return;
  const auto of = dimse::ClassOf(dimse::Command::kCStoreRsp, status);
  if (of == dimse::StatusClass::kSuccess || of == dimse::StatusClass::kWarning)
    gate->Stored(request.affected_sop_instance(), store::How::kRelayed, answered.where);
}

ClientSession::Passing::Passing(ClientSession& session, const dimse::CommandSet& request, Tap* tap)
    : session_(session),
      message_id_(request.message_id()),
      tap_(tap),
      wants_head_((session.runtime_.gate || session.runtime_.observer) &&
                  request.command() == dimse::Command::kCStoreRq) {}

void ClientSession::Passing::See(Bytes piece, bool last) {
  if (wants_head_) wants_head_ = session_.NoteHead(message_id_, reader_, piece, last);
  if (tap_) tap_->Add(piece);
}

// What the head of an instance tells of where it belongs is kept until the answer says that it is
// there. True: more of it is wanted.
bool ClientSession::NoteHead(uint16_t message_id, WhereaboutsReader& reader, Bytes piece,
                             bool last) {
  auto one = std::ranges::find_if(outstanding_, [&](const Outstanding& sent) {
    return sent.request.message_id() == message_id;
  });
  if (one == outstanding_.end()) return false;
  const ul::AcceptedContext* context = ContextOf(one->context);
  if (!context) return false;
  const Uid sop_class = one->request.affected_sop_class();
  auto where = reader.Add(piece, last, context->transfer_syntax, sop_class);
  if (!where) return true;
  one->where = std::move(*where);
  hold::Gate* gate = runtime_.gate ? runtime_.gate : runtime_.observer;
  gate->Arriving(one->where);
  return false;
}

// What the client is to read as Retrieve AE Title (0008,0054) in the answers to this C-FIND: what a
// rule says, whatever stands there; or the alias that it called, where upstream names itself.
std::optional<ClientSession::RetrieveFrom> ClientSession::RetrieveFromFor(
    uint16_t message_id) const {
  for (const Outstanding& one : outstanding_)
    if (one.request.message_id() == message_id && !one.retrieve_ae_title.empty())
      return RetrieveFrom{one.retrieve_ae_title, AeTitle()};
  if (rq_.called.title() == application_.ae_title) return std::nullopt;
  return RetrieveFrom{rq_.called.title(), application_.ae_title};
}

// Everything but that title stays byte for byte.
Task<Result<>> ClientSession::RelayFindAnswer(Incoming first, dimse::CommandSet response,
                                              RetrieveFrom from) {
  auto answer = co_await Collect(*upstream_, first.last, kMaxAnswer, UpstreamSilence());
  if (!answer) co_return std::unexpected(answer.error());
  const ul::AcceptedContext* context = ContextOf(first.context);
  if (context) {
    const std::vector<dataset::Tag> path = {kRetrieveAeTitle};
    auto titles = dataset::FindTexts(dataset::Encoded{*answer, context->transfer_syntax}, path);
    if (titles && titles->size() == 1 &&
        (from.in_place_of.empty() || AeTitle::FromWire(titles->front()) == from.in_place_of)) {
      auto edited = dataset::ReplaceElement(*answer, context->transfer_syntax, kRetrieveAeTitle,
                                            from.title.view());
      if (edited) answer = std::move(*edited);
    }
  }
  Buffer data_set = std::move(*answer);
  co_return co_await client_->Send(first.context, std::move(response), std::move(data_set));
}

// ---- ending

// Ends the leg, if there is one, and waits until it has ended.
Task<> ClientSession::EndUpstream(bool release) {
  auto turn = co_await upstream_turn_.Take();
  if (upstream_open_) {
    release_upstream_ = release;
    upstream_->Interrupt({Errc::kInterrupted, Blame::kDownstream, true, "the client has ended"});
  }
  while (upstream_pumped_) co_await upstream_ended_.Wait();
}

// The leg of a terminated association was lost: its requests are answered, the client stays.
Task<> ClientSession::AnswerOutstanding(const Error& why) {
  std::string comment = "upstream was lost: " + why.detail;
  while (!outstanding_.empty()) {
    Outstanding lost = std::move(outstanding_.front());
    outstanding_.erase(outstanding_.begin());
    log::Warning("request not answered by upstream",
                 {{"command", dimse::NameOf(lost.request.command())},
                  {"application", application_.name},
                  {"sop_instance_uid", lost.request.sop_instance().str()},
                  {"why", why.detail}});
    const uint16_t status = lost.request.command() == dimse::Command::kCMoveRq
                                ? dimse::status::kUnableToPerformSuboperations
                                : dimse::status::kOutOfResources;
    co_await AnswerRequest(lost.context, std::move(lost.request), status, comment);
  }
}

// ---- what is under way

Milliseconds ClientSession::UpstreamSilence() const {
  if (sending_upstream_) return Milliseconds(0);
  if (outstanding_.empty() && moves_.empty())
    return terminated_ ? application_.timeouts.idle : Milliseconds(0);
  bool any_long = !moves_.empty();
  for (const Outstanding& one : outstanding_) any_long |= IsLong(one.request.command());
  return any_long ? application_.timeouts.move_response : application_.timeouts.response;
}

void ClientSession::ExpectResponse(ul::ContextId context, const dimse::CommandSet& request) {
  outstanding_.push_back(
      {context, request, std::chrono::steady_clock::now(), {}, ruled_.retrieve_ae_title});
  upstream_->stream().SetReadTimeout(UpstreamSilence());
}

std::optional<ClientSession::Outstanding> ClientSession::TakeOutstanding(uint16_t message_id) {
  for (auto at = outstanding_.begin(); at != outstanding_.end(); ++at) {
    if (at->request.message_id() != message_id) continue;
    Outstanding found = std::move(*at);
    outstanding_.erase(at);
    return found;
  }
  return std::nullopt;
}

}  // namespace router::session
