#include "router/association/association.h"
#include "router/ul/pdu_codec.h"

// How an association ends: in peace (A-RELEASE), by an A-ABORT of either side, or with its
// connection.
namespace router::association {
namespace {

using ul::Event;
using ul::State;

// Beyond this nobody is told anything any more: what still comes after we sent A-ABORT or
// A-RELEASE-RP is dropped unread (PS3.8 AA-6), but not for ever.
constexpr size_t kMaxDropped = 64u << 20;

}  // namespace

Task<Result<>> Association::Release() {
  auto turn = co_await TakeTurn();
  if (!IsEstablished()) co_return Fail(Errc::kClosed, peer_, "the association has ended", true);
  On(Event::kReleaseRequest);  // AR-1
  ul::Pdu rq = ul::ReleaseRq{};
  auto sent = co_await SendPdu(std::move(rq));
  if (sent) sent = co_await AwaitReleaseRp();
  if (sent)
    co_await End();
  else
    co_await Abort();
  co_return sent;
}

Task<Result<>> Association::AwaitReleaseRp() {
  for (;;) {
    auto pdu = co_await ReceivePdu(timers_.release);
    if (!pdu) co_return std::unexpected(pdu.error());
    if (On(ul::EventOf(*pdu)) == ul::Action::AA8) {
      SendAbortNow(due_);
      co_return Fail(Errc::kUnexpectedPdu, peer_, "an unexpected PDU while a release was due");
    }
    if (std::holds_alternative<ul::ReleaseRp>(*pdu)) {
      // AR-3: Sta1. AR-10: the acceptor of a collision answers last.
      if (fsm_.state() != State::kSta12) co_return Result<>();
      On(Event::kReleaseResponse);
      ul::Pdu rp = ul::ReleaseRp{};
      co_return co_await SendPdu(std::move(rp));
    }
    if (std::holds_alternative<ul::ReleaseRq>(*pdu)) {  // AR-8: collision
      if (role_ == ul::Role::kAcceptor) continue;
      On(Event::kReleaseResponse);  // AR-9
      ul::Pdu rp = ul::ReleaseRp{};
      auto sent = co_await SendPdu(std::move(rp));
      if (sent) continue;
      co_return sent;
    }  // AA-3 is left
    co_return Fail(Errc::kAborted, peer_, "the peer aborted while it was asked to release");
  }
}

Task<Result<>> Association::ConfirmRelease() {
  auto turn = co_await TakeTurn();
  if (fsm_.state() != State::kSta8)
    co_return Fail(Errc::kClosed, peer_, "no release was asked for");
  On(Event::kReleaseResponse);  // AR-4: Sta13, ARTIM
  ul::Pdu rp = ul::ReleaseRp{};
  auto sent = co_await SendPdu(std::move(rp));
  co_await End();
  co_return sent;
}

// Without waiting: called where the table has just demanded it (AA-1, AA-7, AA-8).
void Association::SendAbortNow(ul::Abort why) {
  Buffer encoded = ul::Encode(ul::Pdu(why));
  stream_->WriteLast(encoded);
}

Task<> Association::Abort(ul::Abort why) {
  const State state = fsm_.state();
  const bool can = state != State::kSta1 && state != State::kSta2 && state != State::kSta13;
  if (can && stream_->Recover()) {
    On(Event::kAbortRequest);  // AA-1: Sta13, ARTIM; AA-2 while connecting
    SendAbortNow(why);
  }
  co_await End();
}

// What comes in Sta13 is not looked at, but for the peer's own A-ABORT: then nobody waits (AA-2).
bool Association::HasPeerAborted() {
  for (;;) {
    auto received = reader_.Next();
    if (!received || received->kind == ul::Received::Kind::kNeedMore) return false;
    if (received->kind != ul::Received::Kind::kPdu) continue;
    if (!std::holds_alternative<ul::Abort>(reader_.TakePdu())) continue;
    On(Event::kAbortPdu);
    return true;
  }
}

// Sta13: the peer closes, or ARTIM does. Whatever still comes is dropped; closing a socket with
// unread bytes would reset it, and the peer would lose what we said last.
Task<> Association::Linger() {
  const SteadyTime by = loop().Now() + timers_.artim;
  const uint64_t until = stream_->bytes_read() + kMaxDropped;
  while (!HasPeerAborted() && stream_->Recover() && stream_->bytes_read() < until) {
    auto left = std::chrono::duration_cast<Milliseconds>(by - loop().Now());
    if (left.count() <= 0) break;
    chunk_.Release();
    auto chunk = co_await stream_->Read(left);
    if (!chunk) break;
    chunk_ = std::move(*chunk);
    reader_.Feed(chunk_.bytes());
  }
}

Task<> Association::End() {
  if (ended_) co_return;
  if (fsm_.state() == State::kSta13) co_await Linger();
  chunk_.Release();
  co_await stream_->Close();
  if (fsm_.state() != State::kSta1) On(Event::kTransportClosed);
  ended_ = true;
}

}  // namespace router::association
