#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "router/dataset/part10.h"
#include "router/delivery/slots.h"
#include "router/hold/whereabouts.h"
#include "router/net/signal.h"
#include "router/session/admit.h"
#include "router/session/commitment_report.h"
#include "router/session/facts.h"
#include "router/session/get_bridge.h"
#include "router/session/moves.h"
#include "router/session/relay.h"
#include "router/session/route.h"
#include "router/session/ruled_request.h"
#include "router/session/services.h"
#include "router/session/store_terms.h"
#include "router/session/whereabouts.h"
#include "router/store/spool.h"
#include "rules/decide.h"

namespace router::session {

using association::StoreAnswer;

class CarriedMove;
class ClientReportLine;
class Tap;

// The association of a client and the one to the application that it called, from negotiation to
// release. Two coroutines: ServeMessages receives from the client, PumpUpstream receives from
// upstream; each sends on the other's association under its turn.
//
// Mirrored: upstream's answer is the client's, the association lives as long as both legs do.
// Terminated: the client is answered from what upstream is known to accept; what can have
// requirements is spooled; the leg to upstream opens when it is needed, closes when it is idle,
// and may be lost without the client being touched. Context IDs are the same on both legs.
//
// Bridged, which is terminated: upstream is asked for C-MOVE under the IDs of the client's C-GET
// contexts, and what it sends goes down the client's association (get_bridge.h).
//
// On the loop of the client's connection; Run is a root task.
class ClientSession : public Session {
 public:
  ClientSession(Services& services, std::shared_ptr<const config::Config> config,
                AdmittedClient admitted, Route route, ul::AssociateRq rq,
                std::unique_ptr<Association> client);
  ~ClientSession() override;

  Task<> Run();

  AssociationSnapshot Describe() const override;
  void Stop(bool at_once) override;

 private:
  friend class CarriedMove;
  friend class ClientReportLine;

  // A request that was relayed upstream and has not had its final response.
  struct Outstanding {
    ul::ContextId context;
    dimse::CommandSet request;
    std::chrono::steady_clock::time_point since;
    hold::Whereabouts where;    // of a C-STORE to an application that holds
    AeTitle retrieve_ae_title;  // of the answers to a C-FIND, by a rule; empty: as they come
  };

  // Sees a data set on its way upstream.
  class Passing final : public Onlooker {
   public:
    // `tap`: null, or to be given all of it.
    Passing(ClientSession& session, const dimse::CommandSet& request, Tap* tap);
    void See(Bytes piece, bool last) override;

   private:
    ClientSession& session_;
    const uint16_t message_id_;
    Tap* const tap_;
    bool wants_head_;
    WhereaboutsReader reader_;
  };

  // ---- client_negotiation.cc: who answers the proposal, and how
  Task<bool> Negotiate();
  Task<bool> NegotiateMirrored();
  Task<bool> NegotiateTerminated();
  Task<bool> RejectFor(Error error, ul::AssociateRj rejected);
  Task<bool> AcceptClient(ul::AssociateAc ac);
  bool HasToTerminate() const;
  bool MaySpoolByRule() const;
  ul::MirrorTerms Terms() const;

  // ---- client_session.cc: the way of a message
  Task<Result<>> ServeMessages();
  Task<Result<>> OnMessage(Incoming first);
  Task<Result<>> OnRequest(Incoming first);
  Task<Result<>> RelayRequest(Incoming first, dimse::CommandSet command);
  Task<Result<>> RelayObserved(Incoming first, dimse::CommandSet command);
  Task<Result<>> RelayTapped(Incoming first, dimse::CommandSet command, Tap* tap, bool* whole,
                             Bytes head = {});
  Task<Result<>> Refuse(Incoming first, uint16_t status, std::string comment);
  Task<Result<>> AnswerRequest(ul::ContextId context, dimse::CommandSet request, uint16_t status,
                               std::string comment);
  Task<> Finish(Result<> how);
  Task<> ReleaseClient();
  rules::Facts FactsOf(const dimse::CommandSet& command) const;
  const ul::AcceptedContext* ContextOf(ul::ContextId id) const;
  Milliseconds ClientSilence() const;
  Milliseconds MessageSilence() const;
  bool IsIdle() const;
  void Count(const dimse::CommandSet& request, uint16_t status,
             std::chrono::steady_clock::time_point since);
  void LogEnd(const Result<>& how) const;

  // ---- client_upstream.cc: the leg to the application
  Task<Result<>> OpenUpstream(ul::AssociateRq rq, ul::AssociateRj* rejected);
  Task<Result<>> ReopenUpstream();
  using Upstream = std::shared_ptr<Association>;
  Task<Result<Upstream>> EnsureUpstream(ul::ContextId context);
  Task<Result<Upstream>> EnsureLeg();
  void StartPump();
  Task<> PumpUpstream();
  Task<Result<>> ServeUpstream();
  Task<Result<>> OnUpstreamMessage(Incoming first);
  Task<Result<>> OnUpstreamResponse(Incoming first);
  struct RetrieveFrom {
    AeTitle title;
    AeTitle in_place_of;  // empty: of any
  };
  std::optional<RetrieveFrom> RetrieveFromFor(uint16_t message_id) const;
  Task<Result<>> RelayFindAnswer(Incoming first, dimse::CommandSet response, RetrieveFrom from);
  void NoteStored(const Outstanding& answered, uint16_t status);
  bool NoteHead(uint16_t message_id, WhereaboutsReader& reader, Bytes piece, bool last);
  Task<> CloseUpstream(Result<> how, bool in_peace);
  Task<> EndUpstream(bool release);
  Task<> AnswerOutstanding(const Error& why);
  Milliseconds UpstreamSilence() const;
  void ExpectResponse(ul::ContextId context, const dimse::CommandSet& request);
  std::optional<Outstanding> TakeOutstanding(uint16_t message_id);

  // ---- client_rules.cc: what rules make of a request before it goes its way, and of an instance
  // in the spool
  Task<Result<bool>> ObeyRules(Incoming first, dimse::CommandSet command);
  Task<Result<>> EndByRule(Incoming first, uint16_t status, std::string comment);
  void TakeTerms();
  dataset::FileMeta MetaOf(const dimse::CommandSet& command, const Uid& transfer_syntax) const;
  Task<std::optional<StoreAnswer>> RuleSpooled(dimse::CommandSet command, dataset::Region region,
                                               uint64_t size, SpooledPart* edited);
  Task<Result<std::vector<StoreCopy>>> CopiesOf(dimse::CommandSet command, dataset::Region region,
                                                uint64_t size);
  Task<Result<std::optional<StoreCopy>>> CopyFor(std::string name, dimse::CommandSet command,
                                                 dataset::Region region, uint64_t size);

  // ---- client_store.cc: instances that may have to wait
  Task<Result<>> Hold(Incoming first, dimse::CommandSet command);
  Task<StoreAnswer> Settle(dimse::CommandSet command, Uid transfer_syntax, store::SpoolFile file,
                           store::SpoolWriter& received);
  Task<Result<std::optional<store::SpoolFile>>> Spool(Incoming first, store::SpoolWriter& writer);

  // ---- client_move.cc: moves that are carried to their destination
  Task<Result<>> OnMove(Incoming first, dimse::CommandSet command);
  MoveRequest MoveRequestOf(const dimse::CommandSet& command) const;
  void StartMove(ul::ContextId context, dimse::CommandSet command, Buffer identifier,
                 MoveRequest move);
  Task<> RunMove(std::shared_ptr<CarriedMove> move);
  void NoteForwarded(const dimse::CommandSet& request, uint16_t status);

  // ---- client_get.cc: C-GETs that are done by a C-MOVE
  struct MoveLeg {
    Upstream upstream;
    ul::AcceptedContext context;  // of C-MOVE, with upstream
  };
  Task<bool> BridgesGet();
  Task<bool> HasMoveAlone(std::vector<ul::ProposedContext> question);
  Task<bool> NegotiateBridged();
  Task<Result<>> OnGet(Incoming first, dimse::CommandSet command);
  // The leg for a C-MOVE or a C-GET that came on this context. kRefused: upstream takes no C-MOVE.
  Task<Result<MoveLeg>> EnsureMoveLeg(ul::ContextId context);
  bool EndsHere(const dimse::CommandSet& command, const ul::AcceptedContext* context);

  // ---- client_commitment.cc: storage commitment that we serve
  // A report to the client on this association, until its answer. On the stack of ReportHere.
  struct OpenReport {
    explicit OpenReport(net::Loop& loop) : answered(loop), interrupted(loop) {}
    ul::ContextId context = 0;
    uint16_t message_id = 0;
    uint64_t before = 0;  // messages of the client until it was to be told
    bool sent = false;
    std::optional<uint16_t> status;
    net::Signal answered;     // by the client, or never
    net::Signal interrupted;  // the wait for idleness
  };
  bool ServesCommitment(const Uid& abstract_syntax) const;
  bool MayServeCommitment(const Uid& abstract_syntax, const dimse::CommandSet& command) const;
  void AnswerCommitment(ul::AssociateAc& ac) const;
  Task<Result<>> OnCommitment(Incoming first, dimse::CommandSet command);
  Task<Result<>> OnRelayedCommitment(Incoming first, dimse::CommandSet command);
  Task<Result<>> AnswerCommitmentRequest(ul::ContextId context, dimse::CommandSet command,
                                         CommitmentAnswer answer);
  Task<Result<store::NewCommitment>> ReadCommitment(Uid transfer_syntax, Buffer data_set);
  Task<CommitmentAnswer> KeepCommitment(store::NewCommitment asked);
  std::shared_ptr<ReportLine> LineOf(ul::ContextId context);
  bool MayReport() const;
  Task<bool> StaysIdle(OpenReport& open);
  bool AnswersReportOfOurs(Incoming first, const dimse::CommandSet& command) const;
  bool AnswersReport(Incoming first, const dimse::CommandSet& command) const;
  Task<Result<>> OnReportAnswer(Incoming first, dimse::CommandSet command);
  Task<Result<>> ReportHere(ul::ContextId context, CommitmentReport report);
  Task<Result<>> SendReport(OpenReport& open, uint16_t event_type, Buffer data_set);
  Task<> EndReports();

  Services& services_;
  const std::shared_ptr<const config::Config> config_;
  const config::Client& client_config_;
  const config::Application& application_;
  ApplicationRuntime& runtime_;
  Ruling ruling_;
  const AeTitle calling_as_, called_as_;  // the AE titles that we use upstream on its behalf
  const std::unique_ptr<Association> client_;
  ul::AssociateRq rq_;                         // emptied of its contexts once answered
  std::vector<ul::AcceptedContext> contexts_;  // with the client
  Roster::Entry entry_;
  metrics::Presence presence_;
  const WallTime began_;
  bool terminated_ = false, bridged_ = false;
  bool busy_ = false;      // a message of the client is being dealt with
  bool stopping_ = false;  // drain
  bool stop_at_once_ = false;
  bool finishing_ = false;     // Finish ends both sides: neither interrupts the other any more
  net::Signal limited_;        // while a message waits for its turn, by a rule
  RuledRequest rules_;         // on the message under way
  bool kept_by_rule_ = false;  // an instance that could have been sent at once
  Ruled ruled_;                // what was decided of it
  uint64_t messages_ = 0;
  uint64_t counted_in_ = 0, counted_out_ = 0;  // bytes already in the metrics

  // Stays, closed, until the next one or the end; whoever sends on it has a share of it.
  std::shared_ptr<Association> upstream_;
  delivery::Slot slot_;
  delivery::Slot spare_slot_;  // a move has waited for it: the next leg has it
  net::Signal upstream_ended_;
  net::Turn upstream_turn_;        // to open the leg, or to end it
  bool upstream_open_ = false;     // the pump runs and has not begun to end
  bool upstream_pumped_ = false;   // the pump has not yet notified upstream_ended_
  bool sending_upstream_ = false;  // a request is on its way: its response is not due yet
  bool release_upstream_ = false;  // how the pump is to end when it is interrupted
  std::vector<Outstanding> outstanding_;

  std::vector<std::shared_ptr<CarriedMove>> moves_;
  net::Signal moves_ended_;
  std::unique_ptr<GetLine> get_line_;  // of an association that is bridged

  std::vector<std::shared_ptr<ClientReportLine>> lines_;  // of the requests that came here
  OpenReport* report_ = nullptr;
  net::Signal report_ended_;
  uint16_t last_report_ = 0;  // message ID
  bool asked_other_ = false;  // the client asked for more here than storage commitment
};

}  // namespace router::session
