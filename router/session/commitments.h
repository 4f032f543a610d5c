#pragma once
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "router/hold/oracle.h"
#include "router/hold/schedule.h"
#include "router/net/signal.h"
#include "router/session/commitment_decision.h"
#include "router/session/commitment_report.h"
#include "router/session/report_lines.h"
#include "router/session/services.h"
#include "router/store/commitments.h"

namespace router::session {

// The requests for storage commitment of one application's clients (PS3.4 J), from the answer to
// the N-ACTION-RQ until the client has acknowledged the report. Everything that is owed lies in the
// ledger; what is kept here (who is still connected, how often was asked) may be lost.
//
// Decides each instance by what the ledger knows and by what the application says to a C-FIND, or,
// with `retained`, by whether the spool keeps the original, which is then promised. Then reports:
// on the association that brought the request, if that is open and idle, else by a call.
//
// Owned by the app, one for each application that has an address; lives on the home loop. Members
// marked [any] may be awaited or called on any loop.
class Commitments {
 public:
  // `connect`: for C-FINDs, as the Gate's.
  Commitments(Services& services, store::CommitmentLedger& ledger, net::Loop& home,
              std::shared_ptr<const config::Config> config, std::string application,
              hold::Connect connect);
  ~Commitments();
  Commitments(const Commitments&) = delete;
  Commitments& operator=(const Commitments&) = delete;

  // [any] Goes on with what the ledger has. Once.
  void Start();
  // [any] Ends what is under way; what is owed stays in the ledger. Once; afterwards nothing may
  // be called but the destructor.
  Task<> Drain();
  // [any] A new configuration that still has this application.
  void Configure(std::shared_ptr<const config::Config> config);

  // [any] Makes a request durable. Nothing is reported before Answered, which must follow whatever
  // becomes of the answer. Errors: kDisk, kInterrupted (we drain).
  Task<Result<store::AddedCommitment>> Add(store::NewCommitment asked);
  // [any] Is this request for us, though the application serves storage commitment?
  Task<Result<bool>> Concerns(store::NewCommitment asked);
  // [any] `line`: where the client may be told; null: nowhere.
  void Answered(store::RowId commitment, std::shared_ptr<ReportLine> line);

  // [any] An instance was delivered there: one that somebody waits for, perhaps.
  void Wake();

 private:
  const config::Application& application() const { return *application_; }
  Task<> Run();
  Task<> Rest();
  void Complain(const Error& error);

  // commitments_decide.cc
  Task<> DecideAll();
  Task<> DecidePage(std::vector<store::UndecidedInstance> page);
  Task<std::vector<store::InstanceDecision>> DecideByExistence(
      const std::vector<store::UndecidedInstance>& page);
  Task<std::vector<store::InstanceDecision>> DecideByOriginal(
      const std::vector<store::UndecidedInstance>& page);
  Task<Original> LookAt(store::SpoolFile file, Uid transfer_syntax);
  Task<Original> LookAtOriginal(const store::UndecidedInstance& one);
  Task<std::map<Uid, Presence>> Ask(const std::vector<store::UndecidedInstance>& page);
  void NoteAnswers(const hold::Findings& findings, std::map<Uid, Presence>& told);
  void PlanNextLook();

  // commitments_report.cc
  enum class Ending : uint8_t { kReported, kGivenUp, kLater, kBusy };
  Task<> StartReports();
  Task<> ReportOne(store::Commitment commitment);
  Task<Result<>> Tell(const store::Commitment& commitment, CommitmentReport report);
  Task<Result<>> Call(const store::Commitment& commitment, CommitmentReport report);
  Task<Result<>> Settle(const store::Commitment& commitment, Ending ending);
  Ending EndingOf(const store::Commitment& commitment, const Result<>& told) const;
  void NoteOutcome(const store::Commitment& commitment, const CommitmentReport& report,
                   const Result<>& told, Ending ending) const;
  std::optional<config::Destination> DestinationOf(const store::Commitment& commitment) const;

  Services& services_;
  store::CommitmentLedger& ledger_;
  net::Loop& home_;
  std::shared_ptr<const config::Config> config_;
  const std::string name_;
  const config::Application* application_;  // in *config_
  hold::Oracle oracle_;
  net::Signal due_, ended_;
  std::mt19937_64 random_;

  ReportLines lines_;
  std::map<store::RowId, AeTitle> reporting_;     // under way, and to whom
  std::set<association::Association*> calls_;     // of ours, open
  std::map<Uid, hold::Verification> negatives_;   // of what is undecided
  std::set<Uid> seen_;                            // in this round: the others are forgotten
  std::map<store::RowId, int> asked_;             // in this round: questions of each request
  SteadyTime next_look_{}, unreachable_until_{};  // at what is undecided; at the application
  SteadyTime trouble_until_{};                    // the ledger failed
  int unreachable_ = 0;                           // times in a row
  bool put_off_ = false;                          // a question that was due, to the next round
  bool undecided_ = false;                        // there is something
  bool running_ = false, draining_ = false;
  int adding_ = 0;
};

}  // namespace router::session
