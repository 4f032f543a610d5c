#pragma once
#include <bitset>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "router/base/result.h"
#include "router/dimse/command_set.h"
#include "router/dimse/message_assembler.h"
#include "router/net/signal.h"
#include "router/net/stream.h"
#include "router/ul/negotiation.h"
#include "router/ul/pdv_reader.h"
#include "router/ul/pdv_writer.h"
#include "router/ul/reject_reasons.h"
#include "router/ul/state_machine.h"

namespace router::association {

using net::Milliseconds;
using net::Task;

// What an association waits for, and for how long at most.
struct Timers {
  Milliseconds artim{30'000};        // PS3.8 9.1.5; also after a release, a rejection, an abort
  Milliseconds connect{10'000};      // TCP
  Milliseconds negotiation{30'000};  // A-ASSOCIATE-AC after RQ: local, raises Evt15
  Milliseconds release{10'000};      // A-RELEASE-RP after RQ: local, raises Evt15
  Milliseconds write_stall{60'000};  // a peer that reads nothing
};

// What a peer sent, as it comes: a whole command set, then its data set in pieces.
struct Incoming {
  enum class Kind : uint8_t { kCommand, kData, kReleaseRequest };
  Kind kind = Kind::kCommand;
  ul::ContextId context = 0;
  Bytes bytes;         // kData: a view of the chunk, good until the next Fill()
  bool first = false;  // kData: the first piece of the data set
  bool last = false;   // the message is complete (kCommand: it has no data set)
};

// One DICOM association over one stream, as requestor or acceptor: PS3.8 Table 9-10 driven by
// coroutines (the state machine is asked before every step), and messages taken apart and cut.
//
// One coroutine receives; any number send, each under the turn, so that a local answer never falls
// between the fragments of another message. Errors blame the peer as downstream or upstream as the
// constructor was told. Whatever happened, End() must have been awaited before it is destroyed.
// Lives on the stream's loop.
class Association {
 public:
  // An accepted connection. `max_length`: what we shall announce (PDU length field), bytes.
  Association(std::unique_ptr<net::Stream> stream, const Timers& timers, uint32_t max_length);
  ~Association();
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;

  // ---- acceptor

  // The A-ASSOCIATE-RQ, within ARTIM. What PS3.8 itself forbids (protocol version, application
  // context, context IDs) has been rejected and is kRejected here; anything else but a request has
  // been aborted.
  Task<Result<ul::AssociateRq>> ReceiveRequest();
  Task<Result<>> Accept(ul::AssociateAc ac);
  // Sends the rejection and waits for the peer to close, ARTIM at most.
  Task<> Reject(ul::AssociateRj rj);

  // ---- requestor

  struct Endpoint {
    std::string host;
    uint16_t port = 0;
  };
  // By which whoever waits for a request can be woken. On the loop; outlives the request.
  class Opening {
   public:
    // The request ends with kInterrupted: at once while the answer is waited for, else as soon as
    // there is a connection. One that comes later ends as well.
    void Interrupt();

   private:
    friend class Association;
    Association* association_ = nullptr;
    bool interrupted_ = false;
  };
  // Connects, proposes `rq`, waits for the answer. Errors: kConnect, kTimeout, kRejected (then
  // *rejected is set), kAborted, kMalformedPdu, kInterrupted; everything is closed by then.
  static Task<Result<std::unique_ptr<Association>>> Request(net::Loop& loop, Endpoint endpoint,
                                                            ul::AssociateRq rq, Timers timers,
                                                            ul::AssociateRj* rejected = nullptr,
                                                            Opening* opening = nullptr);
  // What the peer answered, and what was agreed; requestor only.
  const ul::AssociateAc& answer() const { return answer_; }
  const std::vector<ul::AcceptedContext>& agreed() const { return agreed_; }

  // ---- established

  // What has arrived already; nullopt if another Fill is needed. kAborted: the peer aborted.
  // kUnexpectedPdu, kMalformedPdu, kPduTooLarge, kMalformedDimse: the peer broke the standard; an
  // A-ABORT with the reason has been handed to the kernel. After an error: End().
  Result<std::optional<Incoming>> TryReceive();
  // Reads on. Everything that TryReceive handed out becomes invalid. `silence`: how long nothing
  // may come; zero waits for ever.
  Task<Result<>> Fill(Milliseconds silence);
  // Both: the next thing to come.
  Task<Result<Incoming>> Receive(Milliseconds silence);
  // The data set under way was looked at, as far as it has come, and perhaps changed: TryReceive
  // hands out `piece` next, in place of what it handed out of it before. `last`: the message is
  // complete with it, as it was before.
  void PutBack(Buffer piece, bool last);
  // The command of the message under way, or of the last; good until the next kCommand.
  const dimse::CommandSet& command() const { return assembler_.command(); }
  ul::ContextId command_context() const { return assembler_.context(); }
  bool BetweenMessages() const {
    return assembler_.BetweenMessages() && reader_.BetweenPdus() && !has_put_back_;
  }

  // The right to send a message: hold it from its first fragment to its last. Who gives it back in
  // the middle of one has broken it off (BreakOff).
  struct [[nodiscard]] TurnAwaiter {
    Association& association;
    net::Turn::Awaiter turn;
    bool await_ready() const { return turn.await_ready(); }
    void await_suspend(std::coroutine_handle<> waiter) { turn.await_suspend(waiter); }
    net::Turn::Guard await_resume() {
      association.BeginMessage();
      return turn.await_resume();
    }
  };
  TurnAwaiter TakeTurn() { return {*this, turn_.Take()}; }
  // Under the turn. Appends to what Flush will write; the bytes must stay until it has, or until
  // BreakOff.
  void Append(ul::ContextId context, bool is_command, Bytes piece, bool ends) {
    if (!broken_) writer_.Append(context, is_command, piece, ends);
  }
  bool HasAppended() const { return !writer_.empty(); }
  // Under the turn: the message that was begun cannot be finished. If nothing of it was flushed it
  // never was; otherwise nothing but an A-ABORT may follow on this association, and whoever waits
  // on it is woken with `why`. What was appended may go afterwards.
  void BreakOff(Error why);
  Task<Result<>> Flush();
  // A whole message: takes the turn, writes, gives it back.
  Task<Result<>> Send(ul::ContextId context, dimse::CommandSet command, Buffer data_set = {});

  bool IsEstablished() const { return fsm_.state() == ul::State::kSta6; }
  // Both ways to end in peace. Release: A-RELEASE-RQ, then waits for the answer (what still comes
  // is dropped; a collision is resolved). ConfirmRelease: answers a kReleaseRequest.
  Task<Result<>> Release();
  Task<Result<>> ConfirmRelease();
  // A-ABORT, if it can still be sent (between two writes), then End().
  Task<> Abort(ul::Abort why = ul::Abort{0, 0});
  // Closes the connection; waits up to ARTIM for the peer to close first where PS3.8 says so
  // (Sta13). Safe to call more than once.
  Task<> End();

  // Wakes whoever waits on this association, from the loop, with `why`. For the other leg of a
  // pair, or for a drain.
  void Interrupt(Error why) { stream_->Interrupt(std::move(why)); }

  net::Stream& stream() { return *stream_; }
  net::Loop& loop() { return stream_->loop(); }
  Blame blame() const { return peer_; }  // who did what this peer does
  const std::string& peer_address() const { return stream_->peer_address(); }
  std::string local_endpoint() const { return stream_->LocalEndpoint(); }
  // What we announced to the peer, once that is settled: bytes of the length field, 0 = no limit.
  void SetReceiveLimit(uint32_t max_length) { reader_.SetMaxLength(max_length); }
  // The longest PDU that we may send, bytes of the length field.
  void SetSendLimit(uint32_t peer_max_length, uint32_t cap) {
    writer_ = ul::PdvWriter(peer_max_length, cap);
  }

 private:
  Association(std::unique_ptr<net::Stream> stream, const Timers& timers, uint32_t max_length,
              ul::Role role);
  Task<Result<ul::Pdu>> Propose(ul::AssociateRq rq, Opening* opening);
  ul::Action On(ul::Event event);
  Task<Result<ul::Pdu>> ReceivePdu(Milliseconds at_most);
  Task<Result<>> SendPdu(ul::Pdu pdu);
  Result<Incoming> OnOtherPdu();
  // Without a reason the abort is the one that the table demands.
  std::unexpected<Error> Broken(Error error, std::optional<ul::AbortReason> reason = {});
  void SendAbortNow(ul::Abort why);
  void BeginMessage();
  Task<Result<>> AwaitReleaseRp();
  bool HasPeerAborted();
  Task<> Linger();

  std::unique_ptr<net::Stream> stream_;
  const Timers timers_;
  const ul::Role role_;
  const Blame peer_;
  ul::StateMachine fsm_;
  ul::Abort due_;  // what the last event demands, if it demands an A-ABORT (AA-1, AA-7, AA-8)
  ul::PdvReader reader_;
  ul::PdvWriter writer_;
  dimse::MessageAssembler assembler_;
  net::Turn turn_;
  net::Chunk chunk_;
  Buffer put_back_;
  bool has_put_back_ = false, last_put_back_ = false;
  ul::AssociateAc answer_;
  std::vector<ul::AcceptedContext> agreed_;
  std::bitset<256> accepted_;  // context IDs on which messages may come
  bool flushed_ = false;       // something of the message under way
  bool broken_ = false;        // half a message was sent
  bool ended_ = false;
};

}  // namespace router::association
