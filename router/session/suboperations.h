#pragma once
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "router/dataset/part10.h"
#include "router/delivery/slots.h"
#include "router/hold/whereabouts.h"
#include "router/session/admit.h"
#include "router/session/get_bridge.h"
#include "router/session/move_deadline.h"
#include "router/session/move_legs.h"
#include "router/session/relay.h"
#include "router/session/ruled_request.h"
#include "router/session/services.h"
#include "router/store/spool.h"

namespace router::session {

class HeldStore;

// An association that upstream opened to one of our titles to bring the sub-operations of carried
// moves. It is terminated here, never mirrored: each C-STORE-RQ is attributed to a move, goes to
// that move's destination over an association of ours (or, for a C-GET that is bridged, down the
// association of the client that asked), and is answered with what the destination
// answered. Its end ends no move.
//
// On the loop where it arrived; Run is a root task. One C-STORE-RQ at a time (window 1/1).
class SuboperationSession : public Session {
 public:
  SuboperationSession(Services& services, std::shared_ptr<const config::Config> config,
                      SubOperations admitted, ul::AssociateRq rq,
                      std::unique_ptr<Association> upstream);
  ~SuboperationSession() override;

  Task<> Run();

  AssociationSnapshot Describe() const override;
  void Stop(bool at_once) override;

 private:
  struct Answer {
    uint16_t status = 0;
    std::string comment;
  };

  Task<bool> Negotiate();
  Task<> EndUpstream(bool released);
  std::vector<MoveTarget> Candidates() const;
  ul::ContextAnswer Choose(const ul::ProposedContext& context,
                           const std::vector<MoveTarget>& candidates) const;
  std::optional<ul::ContextAnswer> AnswerOf(const MoveTarget& target,
                                            const ul::ProposedContext& context) const;
  Task<Result<>> Serve();
  Task<Result<Incoming>> ReceiveRequest();
  Task<Result<>> OnOther(Incoming first);
  bool MayEnd() const;
  Task<Result<>> OnStore(Incoming first);
  Task<Result<Moves::Attribution>> Attribute(const dimse::CommandSet& command, bool* complete,
                                             Buffer* head);
  Task<Result<Answer>> Deliver(std::shared_ptr<OpenMove> move, ul::ContextId context,
                               dimse::CommandSet command, Buffer head, bool complete);
  // A sub-operation as a part in the spool. Without a file the disk refused, and `why` says what.
  struct Spooled {
    std::unique_ptr<store::SpoolWriter> writer;
    std::optional<store::SpoolFile> file;
    std::string why;
  };
  class Passing;
  // ---- suboperation_rules.cc
  Ruling NewRuling(const MoveTarget& target) const;
  Ruling& RulingFor(const MoveTarget& target);
  bool IsObserved(const MoveTarget& target) const;
  Task<Result<std::optional<Answer>>> ObeyRules(std::shared_ptr<OpenMove> move, Ruling* ruling,
                                                ul::ContextId context, dimse::CommandSet command,
                                                RuledRequest::Ahead* ahead);
  hold::Gate* GateOf(const MoveTarget& target) const;
  dataset::FileMeta MetaOf(const dimse::CommandSet& command, const Uid& transfer_syntax) const;
  Task<Result<Answer>> Relay(MoveTarget target, ul::ContextId context, dimse::CommandSet command,
                             Buffer head, bool complete);
  Task<Result<Answer>> Hold(std::shared_ptr<OpenMove> move, ul::ContextId context,
                            dimse::CommandSet command, Buffer head, bool complete);
  Task<Result<Spooled>> Spool(Uid transfer_syntax, dimse::CommandSet command, Buffer head,
                              bool complete);
  Task<Result<Answer>> CutThrough(MoveLegs::Leg& leg, MoveDeadline& deadline,
                                  ul::ContextId leg_context, dimse::CommandSet command, Buffer head,
                                  bool complete, hold::Gate* gate, ul::AcceptedContext from);
  Task<Result<Answer>> Converted(MoveLegs::Leg& leg, MoveDeadline& deadline,
                                 ul::AcceptedContext from, ul::AcceptedContext to,
                                 dimse::CommandSet command, Buffer head, bool complete);
  Task<Result<Answer>> DeliverToClient(std::shared_ptr<GetBridge> bridge, ul::ContextId context,
                                       dimse::CommandSet command, Buffer head, bool complete);
  Task<Result<Answer>> Cross(Crossing& crossing, Buffer head, bool complete);
  // The data set in another syntax. An error of upstream's is its end, else an answer for it.
  Task<Result<std::variant<Buffer, Answer>>> Convert(const dimse::CommandSet& command, Uid from,
                                                     Uid to, Buffer head, bool complete);
  SteadyTime AnswerBy(const MoveLegs::Leg& leg) const;
  Task<Answer> AwaitAnswer(MoveLegs::Leg& leg, MoveDeadline& deadline);
  Answer Lost(MoveLegs::Leg& leg, const Error& why);
  // ---- suboperation_fanout.cc: to several destinations, from the spool
  struct Part;
  Task<Result<Answer>> DeliverToAll(std::shared_ptr<OpenMove> move, ul::ContextId context,
                                    dimse::CommandSet command, Buffer head, bool complete);
  Task<> DeliverTo(std::shared_ptr<OpenMove> move, MoveTarget target, const Part& whole,
                   dimse::CommandSet command, Answer* answer);
  Task<std::optional<Answer>> ObeyRules(std::shared_ptr<OpenMove> move, MoveTarget target,
                                        const Part& part, dimse::CommandSet command, Part* own);
  Task<Answer> SendPart(MoveLegs::Leg& leg, MoveDeadline& deadline, ul::AcceptedContext to,
                        const Part& part, dimse::CommandSet command);
  Task<Result<>> DrainAfter(bool complete);
  const ul::AcceptedContext* ContextOf(ul::ContextId id) const;
  Milliseconds Silence() const;

  Services& services_;
  const std::shared_ptr<const config::Config> config_;
  const config::Application& application_;
  const AeTitle title_;
  ul::AssociateRq rq_;
  const std::unique_ptr<Association> upstream_;
  Roster::Entry entry_;
  std::vector<ul::AcceptedContext> contexts_;  // with upstream
  MoveLegs legs_;
  std::map<std::string, Ruling> rulings_;  // by destination
  net::Signal limited_;                    // while one waits for its turn, by a rule
  SteadyTime whole_at_{};                  // upstream's last fragment of the instance under way
  hold::Whereabouts where_;                // of what is being relayed
  HeldStore* held_ = nullptr;              // while one is being settled
  const WallTime began_;
  uint64_t messages_ = 0;
  bool busy_ = false, stopping_ = false;
};

}  // namespace router::session
