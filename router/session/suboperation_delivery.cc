#include <algorithm>
#include <utility>

#include "router/association/protocol_errors.h"
#include "router/dataset/convert.h"
#include "router/dataset/part10.h"
#include "router/dimse/messages.h"
#include "router/dimse/sop_classes.h"
#include "router/hold/gate.h"
#include "router/session/held_store.h"
#include "router/session/room.h"
#include "router/session/suboperations.h"
#include "router/session/whereabouts.h"
#include "router/store/spool.h"

// The way of one sub-operation to its destination.
namespace router::session {
namespace {

constexpr Milliseconds kLeastPatience{1'000};

}  // namespace

// Sees an instance on its way to a destination: when it was the last of it; and, where the
// destination demands an order of injection (there is a gate), what it is.
class SuboperationSession::Passing final : public Onlooker {
 public:
  Passing(SuboperationSession& session, const MoveLegs::Leg& leg, MoveDeadline& deadline,
          hold::Gate* gate, ul::AcceptedContext from)
      : session_(session), leg_(leg), deadline_(deadline), gate_(gate), from_(std::move(from)) {}
  void See(Bytes piece, bool last) override {
    if (last) {
      session_.whole_at_ = session_.upstream_->loop().Now();
      deadline_.Set(session_.AnswerBy(leg_));
    }
    if (!gate_) return;
    auto where = reader_.Add(piece, last, from_.transfer_syntax, from_.abstract_syntax);
    if (!where) return;
    session_.where_ = std::move(*where);
    std::exchange(gate_, nullptr)->Arriving(session_.where_);
  }

 private:
  SuboperationSession& session_;
  const MoveLegs::Leg& leg_;
  MoveDeadline& deadline_;
  hold::Gate* gate_;
  WhereaboutsReader reader_;
  const ul::AcceptedContext from_;
};

namespace {

// What is kept here for a destination, in words of at most 64 characters for (0000,0902).
std::string_view KeptAs(store::State state) {
  switch (state) {
    case store::State::kWaiting:
      return "held until what it refers to is there";
    case store::State::kQuarantined:
      return "in quarantine: it is not sent unless a person releases it";
    case store::State::kVerifying:
      return "the destination's answer was lost: it is being asked";
    default:
      return "queued until the destination can take it";
  }
}

}  // namespace

// Where the destination demands an order of injection.
hold::Gate* SuboperationSession::GateOf(const MoveTarget& target) const {
  return target.application.empty() ? nullptr : services_.Application(target.application).gate;
}

// An error is upstream's end; everything else is an answer for it.
Task<Result<SuboperationSession::Answer>> SuboperationSession::Deliver(
    std::shared_ptr<OpenMove> move, ul::ContextId context, dimse::CommandSet command, Buffer head,
    bool complete) {
  Ruling& ruling = RulingFor(move->request.target);
  if (!ruling.IsEmpty()) {
    RuledRequest::Ahead ahead{std::move(head), true, complete};
    auto answer = co_await ObeyRules(move, &ruling, context, command, &ahead);
    if (!answer) co_return std::unexpected(answer.error());
    if (*answer) co_return std::move(**answer);
    head = std::move(ahead.bytes);
    complete = ahead.complete;
  }
  if (auto bridge = move->request.target.bridge)
    co_return co_await DeliverToClient(std::move(bridge), context, std::move(command),
                                       std::move(head), complete);
  hold::Gate* gate = GateOf(move->request.target);
  if (gate && dimse::MayHaveRequirements(command.affected_sop_class().view()))
    co_return co_await Hold(std::move(move), context, std::move(command), std::move(head),
                            complete);
  const Uid instance = command.affected_sop_instance();
  command.SetMoveOriginator(move->request.client, move->request.client_message_id);
  MoveTarget target = move->request.target;
  where_ = {};
  auto answer =
      co_await Relay(std::move(target), context, std::move(command), std::move(head), complete);
  if (!answer || !gate) co_return answer;
  const auto of = dimse::ClassOf(dimse::Command::kCStoreRsp, answer->status);
  if (of == dimse::StatusClass::kSuccess || of == dimse::StatusClass::kWarning)
    gate->Stored(instance, store::How::kRelayed, where_);
  co_return answer;
}

Task<Result<SuboperationSession::Answer>> SuboperationSession::Relay(MoveTarget target,
                                                                     ul::ContextId context,
                                                                     dimse::CommandSet command,
                                                                     Buffer head, bool complete) {
  hold::Gate* gate = GateOf(target);
  auto leg = co_await legs_.For(std::move(target), application_.answer_within);
  if (!leg) {
    auto drained = co_await DrainAfter(complete);
    if (!drained) co_return std::unexpected(drained.error());
    co_return Answer{dimse::status::kOutOfResources, leg.error().detail};
  }
  const ul::AcceptedContext* from = ContextOf(context);
  const ul::AcceptedContext* to = nullptr;
  for (const ul::AcceptedContext& accepted : (*leg)->association->agreed()) {
    if (accepted.abstract_syntax != from->abstract_syntax) continue;
    if (!to || accepted.transfer_syntax == from->transfer_syntax) to = &accepted;
    if (accepted.transfer_syntax == from->transfer_syntax) break;
  }
  if (!to) {
    auto drained = co_await DrainAfter(complete);
    if (!drained) co_return std::unexpected(drained.error());
    co_return Answer{dimse::status::kSopClassNotSupported,
                     "the destination does not take this SOP class"};
  }
  MoveDeadline deadline(upstream_->loop(), **leg);
  if (to->transfer_syntax == from->transfer_syntax) {
    auto relayed = CutThrough(**leg, deadline, to->id, std::move(command), std::move(head),
                              complete, gate, *from);
    co_return co_await deadline.Keep(std::move(relayed));
  }
  auto converted =
      Converted(**leg, deadline, *from, *to, std::move(command), std::move(head), complete);
  co_return co_await deadline.Keep(std::move(converted));
}

// To an application that demands an order of injection: as a client's own C-STORE
// (client_store.cc), durable where it has to wait. What is kept here is no plain success: it has
// not reached its destination yet.
Task<Result<SuboperationSession::Answer>> SuboperationSession::Hold(std::shared_ptr<OpenMove> move,
                                                                    ul::ContextId context,
                                                                    dimse::CommandSet command,
                                                                    Buffer head, bool complete) {
  static const config::Client kNobody;  // `acknowledge` is for clients that store themselves
  const MoveTarget& target = move->request.target;
  const config::Application* application = config_->FindApplication(target.application);
  const ul::AcceptedContext from = *ContextOf(context);
  auto spooled = co_await Spool(from.transfer_syntax, command, std::move(head), complete);
  if (!spooled) co_return std::unexpected(spooled.error());
  if (!spooled->file) co_return Answer{dimse::status::kOutOfResources, spooled->why};
  // With one slot in all, ours would keep the sender out.
  legs_.CloseTo(target, application->max_associations == 1);
  HeldStore held(services_, *config_, *application, kNobody,
                 services_.Application(target.application));
  held.instance.sop_instance = command.affected_sop_instance();
  held.instance.sop_class = command.affected_sop_class();
  held.instance.application = target.application;
  held.instance.client = move->request.client;
  held.instance.called = target.called;
  held.instance.calling_as = target.calling;
  held.instance.transfer_syntax = from.transfer_syntax;
  held.within = application_.answer_within;
  const Ruling& ruling = RulingFor(target);
  if (!ruling.IsEmpty()) held.terms = TermsOf(ruling.decisions(), services_.clock.WallNow());
  // For clients that store themselves, as above.
  held.terms.hold.acknowledge.reset();
  held.terms.queue = false;
  held.terms.not_before.reset();
  store::SpoolFile file = std::move(*spooled->file);
  held_ = &held;
  StoreAnswer answer = co_await held.Settle(std::move(file), *spooled->writer);
  held_ = nullptr;
  if (held.kept() && answer.status == dimse::status::kSuccess)
    co_return Answer{dimse::status::kCoercion, std::string(KeptAs(*held.kept()))};
  co_return Answer{answer.status, std::move(answer.comment)};
}

Task<Result<SuboperationSession::Answer>> SuboperationSession::CutThrough(
    MoveLegs::Leg& leg, MoveDeadline& deadline, ul::ContextId leg_context,
    dimse::CommandSet command, Buffer head, bool complete, hold::Gate* gate,
    ul::AcceptedContext from) {
  command.SetMessageId(++leg.message_id);
  Passing passing(*this, leg, deadline, gate, std::move(from));
  if (!head.empty()) passing.See(head, complete);
  Relayed relayed = co_await RelayMessage(*upstream_, *leg.association, leg_context,
                                          std::move(command), &complete, Silence(), head, &passing);
  if (relayed.end == Relayed::End::kSourceFailed) co_return std::unexpected(relayed.error);
  if (relayed.end == Relayed::End::kSinkFailed) {
    Answer lost = Lost(leg, relayed.error);
    auto drained = co_await DrainAfter(complete);
    if (!drained) co_return std::unexpected(drained.error());
    co_return lost;
  }
  co_return co_await AwaitAnswer(leg, deadline);
}

dataset::FileMeta SuboperationSession::MetaOf(const dimse::CommandSet& command,
                                              const Uid& transfer_syntax) const {
  return {command.affected_sop_class(),
          command.affected_sop_instance(),
          transfer_syntax,
          Uid(ul::kImplementationClassUid),
          std::string(ul::kImplementationVersion),
          application_.ae_title};
}

// The data set as a part in the spool. An error is upstream's end.
Task<Result<SuboperationSession::Spooled>> SuboperationSession::Spool(Uid transfer_syntax,
                                                                      dimse::CommandSet command,
                                                                      Buffer head, bool complete) {
  Buffer header = dataset::MakeFileMetaHeader(MetaOf(command, transfer_syntax));
  Spooled spooled;
  auto writer = co_await OpenSpool(services_, std::move(header));
  Result<> written = writer ? Result<>() : std::unexpected(writer.error());
  if (writer) spooled.writer = std::move(*writer);
  uint64_t since_room = 0;  // bytes
  if (written && !head.empty()) written = co_await spooled.writer->Append(std::move(head));
  while (!complete) {
    auto piece = co_await ReceivePiece(*upstream_, &complete, Silence());
    if (!piece) {
      if (spooled.writer) co_await spooled.writer->Drop();
      co_return std::unexpected(piece.error());
    }
    const Bytes bytes = *piece;
    if (written && !bytes.empty()) written = co_await spooled.writer->Append(bytes);
    since_room += bytes.size();
    if (since_room < kKeepRoomEvery) continue;
    since_room = 0;
    co_await KeepRoom(services_);
  }
  whole_at_ = upstream_->loop().Now();
  if (!written) {
    if (spooled.writer) co_await spooled.writer->Drop();
    co_await MakeRoomForNext(services_, written.error());
    spooled.why = written.error().detail;
    co_return spooled;
  }
  auto file = co_await spooled.writer->Finish();
  if (file) spooled.file = std::move(*file);
  if (!file) spooled.why = file.error().detail;
  co_return spooled;
}

// Another transfer syntax than upstream sends: through the spool, re-encoded by DCMTK.
Task<Result<SuboperationSession::Answer>> SuboperationSession::Converted(
    MoveLegs::Leg& leg, MoveDeadline& deadline, ul::AcceptedContext from, ul::AcceptedContext to,
    dimse::CommandSet command, Buffer head, bool complete) {
  const Uid wanted = to.transfer_syntax;
  auto converted =
      co_await Convert(command, from.transfer_syntax, wanted, std::move(head), complete);
  if (!converted) co_return std::unexpected(converted.error());
  deadline.Set(AnswerBy(leg));
  if (auto* answer = std::get_if<Answer>(&*converted)) co_return std::move(*answer);
  Buffer bytes = std::move(std::get<Buffer>(*converted));
  where_ = WhereaboutsIn(bytes, wanted, command.affected_sop_class());
  command.SetMessageId(++leg.message_id);
  auto sent = co_await leg.association->Send(to.id, std::move(command), std::move(bytes));
  if (!sent) co_return Lost(leg, sent.error());
  co_return co_await AwaitAnswer(leg, deadline);
}

Task<Result<std::variant<Buffer, SuboperationSession::Answer>>> SuboperationSession::Convert(
    const dimse::CommandSet& command, Uid from, Uid to, Buffer head, bool complete) {
  auto spooled = co_await Spool(std::move(from), command, std::move(head), complete);
  if (!spooled) co_return std::unexpected(spooled.error());
  if (!spooled->file) co_return Answer{dimse::status::kOutOfResources, spooled->why};
  std::string path = spooled->writer->path();
  auto convert = [path, to]() { return dataset::ConvertToBytes(path, to); };
  auto converted = co_await services_.cpu.Run<Result<Buffer>>(std::move(convert));
  co_await spooled->writer->Drop();
  if (!converted) co_return Answer{dimse::status::kSopClassNotSupported, converted.error().detail};
  co_return std::move(*converted);
}

// `answer_within` from upstream's last fragment, less what upstream had waited before it could send
// the first.
SteadyTime SuboperationSession::AnswerBy(const MoveLegs::Leg& leg) const {
  return whole_at_ + std::max(kLeastPatience, application_.answer_within - leg.waited);
}

// Nobody knows what became of it, which is failed. Upstream hears of it before the leg has ended.
SuboperationSession::Answer SuboperationSession::Lost(MoveLegs::Leg& leg, const Error& why) {
  association::CountProtocolError(services_.metrics, why);
  legs_.Drop(leg, false);
  return {dimse::status::kOutOfResources, "the destination: " + why.detail};
}

// What the destination answers, in time.
Task<SuboperationSession::Answer> SuboperationSession::AwaitAnswer(MoveLegs::Leg& leg,
                                                                   MoveDeadline& deadline) {
  for (;;) {
    auto incoming = co_await leg.association->Receive(deadline.left());
    if (!incoming) co_return Lost(leg, incoming.error());
    if (incoming->kind == Incoming::Kind::kReleaseRequest)
      co_return Lost(leg, {Errc::kReleased, Blame::kUpstream, true, "it asked for a release"});
    if (incoming->kind == Incoming::Kind::kData) continue;
    const dimse::CommandSet& response = leg.association->command();
    if (response.command() == dimse::Command::kCStoreRsp &&
        response.message_id_responded_to() == leg.message_id)
      co_return Answer{response.status(), std::string(response.error_comment())};
  }
}

}  // namespace router::session
