#include "router/association/association.h"

#include <fmt/format.h>

#include "router/ul/pdu_codec.h"
#include "router/ul/reject_reasons.h"

// Up to an established association, and the messages on it. Its end: association_end.cc. Every
// event is reported to the state machine where it happens, to be read side by side with PS3.8 Table
// 9-10.
namespace router::association {

using ul::Event;
using ul::State;

Association::Association(std::unique_ptr<net::Stream> stream, const Timers& timers,
                         uint32_t max_length)
    : Association(std::move(stream), timers, max_length, ul::Role::kAcceptor) {}

Association::Association(std::unique_ptr<net::Stream> stream, const Timers& timers,
                         uint32_t max_length, ul::Role role)
    : stream_(std::move(stream)),
      timers_(timers),
      role_(role),
      peer_(role == ul::Role::kAcceptor ? Blame::kDownstream : Blame::kUpstream),
      fsm_(role),
      reader_(max_length, peer_),
      assembler_(peer_),
      turn_(stream_->loop()) {}

Association::~Association() {
  if (!ended_) log::Fatal("an association was destroyed before it ended");
}

// The coroutines report every event before they act on it. A blank cell of Table 9-10 is a fault
// of ours, not of the peer.
ul::Action Association::On(Event event) {
  auto action = fsm_.On(event);
  if (!action)
    log::Fatal("the upper layer lost its way",
               {{"state", ul::NameOf(fsm_.state())}, {"event", ul::NameOf(event)}});
  if (ul::EffectsOf(*action).send == ul::Effects::Send::kAbort) due_ = ul::AbortFor(*action, event);
  return *action;
}

// ---- whole PDUs: negotiation and release

Task<Result<>> Association::SendPdu(ul::Pdu pdu) {
  Buffer encoded = ul::Encode(pdu);
  Bytes segment(encoded);
  auto written = co_await stream_->Write(std::span(&segment, 1));
  if (!written && written.error().code != Errc::kInterrupted) written.error().blame = peer_;
  co_return written;
}

// The next PDU that is no P-DATA-TF; data ends it with kUnexpectedPdu after the table was asked.
Task<Result<ul::Pdu>> Association::ReceivePdu(Milliseconds at_most) {
  const SteadyTime by = loop().Now() + at_most;
  for (;;) {
    auto received = reader_.Next();
    if (!received) co_return Broken(received.error());
    if (received->kind == ul::Received::Kind::kPdu) co_return reader_.TakePdu();
    if (received->kind == ul::Received::Kind::kFragment) {
      On(Event::kDataPdu);  // AA-1, AA-8: unexpected; AR-6: dropped while a release is under way
      if (fsm_.state() == State::kSta7) continue;
      Error error{Errc::kUnexpectedPdu, peer_, false, "P-DATA-TF where none is allowed"};
      SendAbortNow(due_);
      co_return std::unexpected(std::move(error));
    }
    auto left = std::chrono::duration_cast<Milliseconds>(by - loop().Now());
    auto filled = co_await Fill(std::max(left, Milliseconds(1)));
    if (!filled) co_return std::unexpected(filled.error());
  }
}

// ---- acceptor

Task<Result<ul::AssociateRq>> Association::ReceiveRequest() {
  On(Event::kTransportAccepted);  // AE-5: ARTIM runs
  auto pdu = co_await ReceivePdu(timers_.artim);
  if (!pdu) {
    if (pdu.error().code == Errc::kTimeout) On(Event::kArtimExpired);  // AA-2
    co_return std::unexpected(pdu.error());
  }
  const auto* rq = std::get_if<ul::AssociateRq>(&*pdu);
  if (!rq) {
    On(ul::EventOf(*pdu));  // AA-1, or AA-2 for an A-ABORT
    if (std::holds_alternative<ul::Abort>(*pdu))
      co_return Fail(Errc::kAborted, peer_, "the peer aborted before it asked for an association");
    SendAbortNow(due_);
    co_return Fail(Errc::kUnexpectedPdu, peer_,
                   fmt::format("{} where an A-ASSOCIATE-RQ was due", ul::NameOf(TypeOf(*pdu))));
  }
  if (auto objection = ul::ObjectionTo(*rq)) {
    auto action = fsm_.OnUnacceptableAssociateRq();  // AE-6, second branch
    if (!action) log::Fatal("the upper layer lost its way in AE-6");
    ul::Pdu answer = objection->answer;
    co_await SendPdu(std::move(answer));
    co_return Fail(Errc::kRejected, peer_, std::move(objection->why));
  }
  On(Event::kAssociateRqPdu);
  co_return *rq;
}

Task<Result<>> Association::Accept(ul::AssociateAc ac) {
  On(Event::kAssociateAccept);  // AE-7
  for (const ul::AnsweredContext& context : ac.contexts)
    if (context.result == ul::ContextResult::kAcceptance) accepted_.set(context.id);
  ul::Pdu pdu = std::move(ac);
  co_return co_await SendPdu(std::move(pdu));
}

Task<> Association::Reject(ul::AssociateRj rj) {
  On(Event::kAssociateReject);  // AE-8: Sta13, ARTIM
  ul::Pdu pdu = rj;
  co_await SendPdu(std::move(pdu));
  co_await End();
}

// ---- requestor

Task<Result<std::unique_ptr<Association>>> Association::Request(net::Loop& loop, Endpoint endpoint,
                                                                ul::AssociateRq rq, Timers timers,
                                                                ul::AssociateRj* rejected,
                                                                Opening* opening) {
  auto stream = co_await net::Stream::Connect(loop, endpoint.host, endpoint.port, timers.connect,
                                              timers.write_stall);
  if (!stream) co_return std::unexpected(stream.error());
  const uint32_t max_length = rq.user.max_length.value_or(0);
  std::unique_ptr<Association> self(
      new Association(std::move(*stream), timers, max_length, ul::Role::kRequestor));
  self->On(Event::kAssociateRequest);    // AE-1
  self->On(Event::kTransportConnected);  // AE-2
  auto pdu = co_await self->Propose(rq, opening);
  if (!pdu) {
    if (pdu.error().code == Errc::kTimeout)
      co_await self->Abort();
    else
      co_await self->End();
    co_return std::unexpected(pdu.error());
  }
  self->On(ul::EventOf(*pdu));  // AE-3, AE-4, AA-3 or AA-8
  if (auto* ac = std::get_if<ul::AssociateAc>(&*pdu)) {
    self->agreed_ = ul::Agreed(rq, *ac);
    for (const ul::AcceptedContext& context : self->agreed_) self->accepted_.set(context.id);
    self->answer_ = std::move(*ac);
    co_return std::move(self);
  }
  Error error{Errc::kUnexpectedPdu, Blame::kUpstream, true, ""};
  if (const auto* rj = std::get_if<ul::AssociateRj>(&*pdu)) {
    if (rejected) *rejected = *rj;
    error.code = Errc::kRejected;
    error.detail = "association rejected: " + ul::Describe(*rj);
  } else if (const auto* abort = std::get_if<ul::Abort>(&*pdu)) {
    error.code = Errc::kAborted;
    error.detail = "association aborted while it was negotiated: " + ul::Describe(*abort);
  } else {
    error.detail = fmt::format("{} in answer to an A-ASSOCIATE-RQ", ul::NameOf(TypeOf(*pdu)));
    self->SendAbortNow(self->due_);
  }
  co_await self->End();
  co_return std::unexpected(std::move(error));
}

// The answer to the proposal, whatever it is.
Task<Result<ul::Pdu>> Association::Propose(ul::AssociateRq rq, Opening* opening) {
  if (opening) {
    opening->association_ = this;
    if (opening->interrupted_) opening->Interrupt();
  }
  ul::Pdu request = std::move(rq);
  auto sent = co_await SendPdu(std::move(request));
  Result<ul::Pdu> pdu = std::unexpected(sent ? Error{} : sent.error());
  if (sent) pdu = co_await ReceivePdu(timers_.negotiation);
  if (opening) opening->association_ = nullptr;
  co_return pdu;
}

void Association::Opening::Interrupt() {
  interrupted_ = true;
  if (association_)
    association_->Interrupt(
        {Errc::kInterrupted, Blame::kInternal, true, "the association is no longer asked for"});
}

// ---- established: receiving

Task<Result<>> Association::Fill(Milliseconds silence) {
  chunk_.Release();
  if (!has_put_back_) Buffer().swap(put_back_);
  auto chunk = co_await stream_->Read(silence);
  if (!chunk) {
    Error error = chunk.error();
    error.blame = error.code == Errc::kInterrupted ? error.blame : peer_;
    if (error.code == Errc::kClosed && fsm_.state() != State::kSta1) On(Event::kTransportClosed);
    co_return std::unexpected(std::move(error));
  }
  chunk_ = std::move(*chunk);
  reader_.Feed(chunk_.bytes());
  co_return Result<>();
}

Result<std::optional<Incoming>> Association::TryReceive() {
  if (fsm_.state() == State::kSta1)
    return Fail(Errc::kClosed, peer_, "the association has ended", true);
  if (std::exchange(has_put_back_, false))
    return Incoming{Incoming::Kind::kData, assembler_.context(), put_back_, true, last_put_back_};
  for (;;) {
    auto received = reader_.Next();
    if (!received) return Broken(received.error());
    if (received->kind == ul::Received::Kind::kNeedMore) return std::nullopt;
    if (received->kind == ul::Received::Kind::kPdu) {
      auto other = OnOtherPdu();
      if (!other) return std::unexpected(other.error());
      return *other;
    }
    const ul::Action action = On(Event::kDataPdu);  // DT-2
    if (action == ul::Action::AA8) SendAbortNow(due_);
    if (action == ul::Action::AA8 || action == ul::Action::AA6)
      return Fail(Errc::kUnexpectedPdu, peer_, "P-DATA-TF after the end of the association");
    if (!accepted_.test(received->context))
      return Broken({Errc::kMalformedDimse, peer_, false,
                     fmt::format("a message on presentation context {}, which was not accepted",
                                 received->context)},
                    ul::AbortReason::kInvalidParameterValue);
    auto piece = assembler_.Add(*received);
    if (!piece) return Broken(piece.error(), ul::AbortReason::kInvalidParameterValue);
    using Kind = dimse::MessageAssembler::Piece::Kind;
    if (piece->kind == Kind::kNeedMore) continue;
    if (piece->kind == Kind::kCommandComplete)
      return Incoming{
          Incoming::Kind::kCommand, piece->context, {}, true, !assembler_.command().HasDataSet()};
    return Incoming{Incoming::Kind::kData, piece->context, piece->bytes, piece->first, piece->last};
  }
}

void Association::PutBack(Buffer piece, bool last) {
  put_back_ = std::move(piece);
  last_put_back_ = last;
  has_put_back_ = true;
}

Result<Incoming> Association::OnOtherPdu() {
  ul::Pdu pdu = reader_.TakePdu();
  const ul::Action action =
      On(ul::EventOf(pdu));  // AR-2, AA-3, or AA-8 for what does not belong here
  if (action == ul::Action::AR2)
    return Incoming{Incoming::Kind::kReleaseRequest, 0, {}, false, true};
  if (const auto* abort = std::get_if<ul::Abort>(&pdu))
    return Fail(Errc::kAborted, peer_, "the peer aborted: " + ul::Describe(*abort), true);
  if (action == ul::Action::AA8) SendAbortNow(due_);
  return Fail(Errc::kUnexpectedPdu, peer_,
              fmt::format("{} on an established association", ul::NameOf(TypeOf(pdu))));
}

Task<Result<Incoming>> Association::Receive(Milliseconds silence) {
  for (;;) {
    auto incoming = TryReceive();
    if (!incoming) co_return std::unexpected(incoming.error());
    if (*incoming) co_return **incoming;
    auto filled = co_await Fill(silence);
    if (!filled) co_return std::unexpected(filled.error());
  }
}

// Evt19, the abort that the table asks for.
std::unexpected<Error> Association::Broken(Error error, std::optional<ul::AbortReason> reason) {
  if (fsm_.state() != State::kSta1 && fsm_.state() != State::kSta13) {
    On(Event::kInvalidPdu);  // AA-1, AA-8
    SendAbortNow(reason ? ul::ProviderAbort(*reason) : due_);
  }
  error.blame = peer_;
  return std::unexpected(std::move(error));
}

// ---- established: sending

// Who had the turn before may have given up in the middle of a message.
void Association::BeginMessage() {
  if (!writer_.BetweenParts())
    BreakOff({Errc::kInterrupted, Blame::kInternal, false, "a message to the peer was broken off"});
  flushed_ = false;
}

Task<Result<>> Association::Flush() {
  if (broken_)
    co_return Fail(Errc::kInterrupted, Blame::kInternal, "a message was broken off", true);
  if (writer_.empty()) co_return Result<>();
  if (!IsEstablished() && fsm_.state() != State::kSta8) {
    writer_.Reset();
    co_return Fail(Errc::kClosed, peer_, "the association has ended", true);
  }
  On(Event::kDataRequest);  // DT-1, AR-7
  flushed_ = true;
  auto written = co_await stream_->Write(writer_.segments());
  writer_.Clear();
  if (!written && written.error().code != Errc::kInterrupted) written.error().blame = peer_;
  co_return written;
}

void Association::BreakOff(Error why) {
  writer_.Reset();
  if (!flushed_) return;
  broken_ = true;
  Interrupt(std::move(why));
}

Task<Result<>> Association::Send(ul::ContextId context, dimse::CommandSet command,
                                 Buffer data_set) {
  command.SetHasDataSet(!data_set.empty());
  Buffer encoded = command.Encode();
  auto turn = co_await TakeTurn();
  Append(context, true, encoded, true);
  if (!data_set.empty()) Append(context, false, data_set, true);
  auto sent = co_await Flush();
  co_return sent;
}

}  // namespace router::association
