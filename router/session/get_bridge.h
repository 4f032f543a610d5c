#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "router/association/scu.h"
#include "router/net/future.h"
#include "router/net/signal.h"

// How instances that upstream sends for a bridged C-GET reach the client: as C-STORE sub-operations
// on the association on which it asked (PS3.4 C.4.3). Upstream's associations may live on other
// loops than the client's, and may be several at once.
namespace router::session {

using association::StoreAnswer;

class GetBridge;

// One instance on its way, as the client's loop sees it.
struct CrossingInstance {
  struct Piece {
    Buffer bytes;
    bool last = false;
    net::Promise<bool> written;  // true: it is with the client's kernel
  };
  std::shared_ptr<GetBridge> bridge;
  ul::ContextId context = 0;  // with the client
  dimse::CommandSet command;
  std::optional<net::Promise<StoreAnswer>> answer;  // gone once it was given
  std::deque<Piece> pieces;
  bool entered = false;     // in the line
  SteadyTime entered_at{};  // then
  bool whole = false;       // the last piece has come
  bool begun = false;       // with the client
  bool broken = false;      // the rest will not come
};

// How long an answer of the client is waited for. A client that has much still to read is slow, and
// no more: the time runs anew whenever it has read something. Pure.
class Patience {
 public:
  // `unread`: bytes for it that its kernel has not acknowledged.
  Patience(net::Milliseconds at_most, size_t unread, SteadyTime now)
      : at_most_(at_most), unread_(unread), since_(now) {}
  bool IsExhausted(size_t unread, SteadyTime now);

 private:
  const net::Milliseconds at_most_;
  size_t unread_;
  SteadyTime since_;
};

// The line of instances for one client: one sub-operation at a time on its association, from the
// C-STORE-RQ to the response, whatever upstream sends at once. What has waited for its turn for
// `answer_within`, and what the client has neither read nor answered for so long, is told to
// upstream as a failure: it waits for an answer. Owned by the client's session, on its loop; Run is
// a root task, End must have been awaited.
class GetLine {
 public:
  GetLine(association::Association& client, net::Milliseconds answer_within);

  net::Task<> Run();
  // Nothing more goes to the client; who waits is answered.
  void Close();
  net::Task<> End();

  // A C-STORE-RSP of the client: is it for the sub-operation under way?
  bool TakesAnswer(const dimse::CommandSet& response);

 private:
  friend class GetBridge;
  using Instance = std::shared_ptr<CrossingInstance>;

  void Add(Instance instance);
  void Leave(const GetBridge* bridge, bool at_once);
  void Wake() { came_.Notify(); }
  net::Task<> Serve();
  net::Task<> KeepTime();
  void LookAtTime();
  net::Task<> Deliver(Instance instance);
  net::Task<bool> SendMessage(CrossingInstance& instance);
  net::Task<bool> SendPieces(CrossingInstance& instance);
  net::Task<> AwaitAnswer(CrossingInstance& instance);
  void RefuseAll(std::string_view why);

  association::Association& client_;
  const net::Milliseconds answer_within_;
  net::Signal came_;   // a piece, an answer, an end
  net::Signal time_;   // there is something to keep the time of
  net::Signal ended_;  // Run
  std::deque<Instance> waiting_;
  Instance current_;
  std::optional<Patience> patience_;  // with current_, once it is whole
  uint16_t message_id_ = 0;           // of the request under way, or of the last
  std::optional<StoreAnswer> answer_;
  bool in_message_ = false;  // a part of it has gone to the client
  bool silent_ = false;      // the client has not answered in time, and nothing else may be sent
  bool closed_ = false, running_ = false;
};

// The destination of the sub-operations of one C-GET: a client's line, and the contexts on which it
// receives. Shared by the client's session, the registry of moves and whoever brings instances.
class GetBridge {
 public:
  // On the client's loop. `contexts`: those on which the client is SCP.
  GetBridge(net::Loop& loop, GetLine* line, std::vector<ul::AcceptedContext> contexts)
      : loop_(loop), line_(line), contexts_(std::move(contexts)) {}

  // The context for instances of this class, in this syntax if there is one; null: the client takes
  // no such class. Any thread.
  const ul::AcceptedContext* ContextFor(const Uid& sop_class, const Uid& transfer_syntax) const;

  // In which of the proposed syntaxes upstream is best asked for a class: one that the client
  // takes, else an uncompressed one, which is converted; nothing if neither. Any thread.
  std::optional<Uid> SyntaxFor(const ul::ProposedContext& proposed) const;

  // The C-GET has its final response: nothing more may go to the client for it. What it is in the
  // middle of is broken off; where it is whole here only if `at_once`: the client may still read
  // it. On the client's loop; before the line ends.
  void Close(bool at_once);

 private:
  friend class Crossing;
  void Take(std::shared_ptr<CrossingInstance> instance, CrossingInstance::Piece piece);
  void Break(CrossingInstance& instance);

  net::Loop& loop_;
  GetLine* line_;  // on the client's loop; null once closed
  const std::vector<ul::AcceptedContext> contexts_;
};

// The same instance as upstream's loop sees it, where it was made and stays. Pieces go over against
// credit, so that memory does not grow with the instance: the client's pace is upstream's. Who has
// sent a piece sends the last one or breaks it off, and then awaits the answer.
class Crossing {
 public:
  static constexpr size_t kCredit = 1 << 20;  // bytes that may wait for the client

  Crossing(std::shared_ptr<GetBridge> bridge, ul::ContextId context, dimse::CommandSet command);

  // Returns once less than the credit waits; after the last piece at once, for that is the time of
  // the answer. False: the client takes no more of it, the answer says why.
  net::Task<bool> Send(Buffer bytes, bool last);
  void BreakOff();
  net::Task<StoreAnswer> Answer();

 private:
  Crossing(std::shared_ptr<GetBridge> bridge, ul::ContextId context, dimse::CommandSet command,
           std::pair<net::Promise<StoreAnswer>, net::Future<StoreAnswer>> answer);
  struct Unwritten {
    size_t bytes;
    net::Future<bool> written;
  };
  const std::shared_ptr<GetBridge> bridge_;
  std::shared_ptr<CrossingInstance> instance_;
  net::Future<StoreAnswer> answer_;
  std::deque<Unwritten> unwritten_;
  size_t waiting_ = 0;  // bytes
};

}  // namespace router::session
