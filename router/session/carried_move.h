#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "router/net/signal.h"
#include "router/session/client_session.h"
#include "router/session/move_completion.h"
#include "router/session/move_outcome.h"

namespace router::session {

// One C-MOVE of a client that is carried: upstream is asked to send to us, and the client is told
// what reached the destination. A C-GET that is bridged is one whose destination is the client's
// own association (PS3.4 C.4.3). All that the client hears of the move it hears from Run: one
// Pending for each of upstream's and at least every pending_interval, whatever is waited for, and a
// final response with counts of our own (PS3.4 C.4.2).
//
// Belongs to its client session, on that session's loop.
class CarriedMove : public std::enable_shared_from_this<CarriedMove> {
 public:
  CarriedMove(ClientSession& session, ul::ContextId context, dimse::CommandSet request,
              Buffer identifier, MoveRequest move);

  Task<> Run();

  // A C-CANCEL-RQ of the client: is it for this move? Then it is passed on.
  bool TakesCancel(uint16_t message_id);
  bool IsAnsweredBy(const dimse::CommandSet& response) const;
  // Pending or final, and the Failed SOP Instance UID List of a final one.
  void OnUpstreamResponse(const dimse::CommandSet& response, const std::vector<Uid>& failed);
  void UpstreamOpened();
  void UpstreamLost(const Error& why);
  // It ends now, with a failure, whatever is still to come.
  void Abandon(std::string why);
  // The client has gone: `released` in peace, or not. What follows is its application's
  // `client_gone`.
  void ClientGone(bool released);

 private:
  Task<> Carry();
  Task<> KeepInformed();
  // ---- carried_get.cc
  bool IsGet() const { return request_.command() == dimse::Command::kCGetRq; }
  bool StopsWithClient() const;
  Task<bool> Translate(ul::AcceptedContext upstream);
  dimse::CommandSet RequestFor(const Uid& move_class) const;
  dimse::CommandSet ResponseWith(const MoveFinal& final, bool has_list) const;

  Task<bool> Begin();
  Task<std::optional<ClientSession::MoveLeg>> AwaitLeg();
  Task<Result<ClientSession::MoveLeg>> LegWithin(Milliseconds at_most);
  Task<bool> AwaitTitle();
  Task<bool> AskUpstream(Result<ClientSession::MoveLeg> leg, Buffer identifier);
  Task<> AwaitEnd();
  // ---- carried_move_completion.cc: what upstream lists and has not sent
  bool MayComplete() const;
  Task<> Complete();
  Task<bool> List(std::set<Listed>* listed);
  std::set<Listed> Missing(const std::set<Listed>& listed) const;
  Task<bool> AskAgain(const std::set<Listed>& missing);
  MoveFinal Completed(const MoveFinal& first, const std::set<Listed>& missing, size_t missed) const;
  MoveFinal CalledOff(MoveFinal first) const;
  std::shared_ptr<MoveQuestion> NewQuestion(Milliseconds wait) const;
  void Forecast();
  uint16_t Remaining(const MoveCounts& ours) const;
  bool IsCalledOff() const;
  bool WaitsNoLonger() const;
  void CallOffWaits();
  Task<> Cancel();
  Task<> SendPending(dimse::Suboperations counts);
  Task<> SendFinal();
  void SetFinal(uint16_t status, std::string comment);
  dimse::Suboperations OwnCounts() const;
  bool IsSettled(const MoveCounts& ours) const;
  net::Loop& loop() const;

  ClientSession& session_;
  const ul::ContextId context_;
  const dimse::CommandSet request_;
  Buffer identifier_;  // the client's; kept if it may be needed again
  Uid identifier_syntax_;
  ul::ContextId upstream_context_;
  MoveRequest asked_;
  net::Signal changed_, inform_;
  std::shared_ptr<OpenMove> move_;
  uint16_t message_id_ = 0;                    // of our C-MOVE-RQ; 0: not sent yet
  uint32_t answered_before_ = 0;               // of sub-operations, when that was sent
  bool again_ = false;                         // it was not the first
  std::optional<uint16_t> remaining_;          // as upstream last said
  std::deque<dimse::Suboperations> progress_;  // for pending responses, in the order of upstream's
  std::optional<MoveFinal> upstream_final_;    // what upstream answered, or what came instead
  std::shared_ptr<delivery::SlotWait> slot_wait_;  // while one is waited for
  std::shared_ptr<MoveQuestion> question_;         // while it is asked
  // What upstream lists, once that is known; and who asks for it meanwhile. Only if both are to be
  // compared.
  using Listing = std::optional<std::set<Listed>>;
  std::shared_ptr<const Listing> expected_;
  std::shared_ptr<MoveQuestion> forecast_;
  std::string abandoned_why_;
  SteadyTime final_at_{}, last_pending_{};
  bool cancel_wanted_ = false, cancel_sent_ = false, client_gone_ = false, abandoned_ = false;
  bool leg_opened_ = false;  // while an association was waited for
  bool carried_ = false;     // nothing is left to be told but the end
  bool answered_ = false;    // upstream's final response has come
  const std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

}  // namespace router::session
