#pragma once
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "metrics/registry.h"
#include "router/base/clock.h"
#include "router/config/config.h"
#include "router/dataset/source.h"
#include "router/hold/judging.h"
#include "router/hold/oracle.h"
#include "router/hold/requirements.h"
#include "router/hold/terms.h"
#include "router/hold/unrest.h"
#include "router/hold/whereabouts.h"
#include "router/net/pool.h"
#include "router/net/signal.h"
#include "router/store/ledger.h"

namespace router::hold {

// What a gate works with. All of it belongs to the app and outlives it.
struct Services {
  net::Loop& home;
  net::WorkPool& cpu;
  store::Ledger& ledger;
  metrics::Registry& metrics;
  const Clock& clock;
};

// Decides when an instance may go to an application that has an order of injection: judges it on
// arrival, asks what exists, and sees to it that rows become ready, are verified, or end at their
// deadline. Sends nothing: a ready row is for delivery.
//
// Owned by the app, one for each application that holds (profile aria); lives on the home loop.
// Members marked [any] may be awaited or called on any loop.
class Gate {
 public:
  Gate(Services services, std::shared_ptr<const config::Config> config, std::string application,
       Connect connect);
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // [any] Starts asking. Once.
  void Start();
  // [any] Ends what is under way; what waits stays in the ledger. Once; afterwards nothing may be
  // called but the destructor, and Judge, which asks nobody any more.
  Task<> Drain();
  // [any] A new configuration that still has this application.
  void Configure(std::shared_ptr<const config::Config> config);

  // [any] Harvests the references of `file` (the part, or a spool file), checks the machine, looks
  // what is known to exist, and asks the application about the rest for at most `decide_within`.
  // What is missing then is waited for as long as `patience`, but only while all of it comes by
  // itself (Ledger::Coming): whoever sends one instance after another is not kept from sending what
  // it waits for. `terms`: what is settled for this instance in place of the configuration.
  // Errors: kDisk (A700); kCorrupt, blamed on the sender: the references cannot be read (C000).
  Task<Result<Verdict>> Judge(store::Instance instance, dataset::Region file,
                              net::Milliseconds patience = net::Milliseconds(0), Terms terms = {});
  // [any] Whose an instance is that was stored there without being accepted. What waits for it and
  // is known to be another patient's is said, or quarantined, as `patient_check` wishes.
  Task<> NotePatient(Uid sop_instance, store::Patient patient);
  // [any] The first machine of a plan that the application does not know, empty if it knows all.
  // Errors as Judge.
  Task<Result<std::string>> UnknownMachineIn(store::Instance instance, dataset::Region file);
  // [any] The process is to end: nobody is waited for any more, patience or not.
  void EndPatience();

  // [any] Stored there by a C-STORE that was answered with success or a warning: through a session
  // or by delivery. With `confirm: status` it exists; with `confirm: query` it is asked about soon
  // if somebody waits for it, as are what it is one of many of. Does not wait.
  void Stored(Uid sop_instance, store::How how, Whereabouts where = {});

  // [any] One of these is on its way there, through a session: from now on, and again from when it
  // is stored, its series is not quiet.
  void Arriving(Whereabouts where);

  // [any] It exists there, as the ledger knows already: whoever waits for it looks again.
  void Known(Uid sop_instance, Whereabouts where = {});

  // [home] It is being sent there without a row, until AtOnceEnded: whose it is is noted once it is
  // stored (NotePatient), and until then nobody is released because a C-FIND has found it.
  void AtOnce(const Uid& sop_instance);
  void AtOnceEnded(const Uid& sop_instance);

  // [any] A row was accepted as waiting, or needs verifying: look at the ledger.
  void Wake();

 private:
  // What is stored one after another (a series) is asked about together.
  static constexpr std::chrono::milliseconds kGather{300};
  struct StoredOne {
    Uid sop_instance;
    store::How how = store::How::kStatus;
    bool known = false;  // to the ledger
    Whereabouts where;
  };
  // Judged ready, and in no table yet: until it is stored, refused, or in the ledger. Whose it is,
  // and which instances it requires.
  struct Passing {
    Uid sop_instance;
    Kind kind = Kind::kOther;
    store::Patient patient;
    std::vector<Uid> required;
    SteadyTime since;
    bool begun = false;  // it is being sent
  };
  struct Wish;
  struct Waiter;
  const config::Application& application() const { return *application_; }

  // gate_judge.cc
  Task<Result<Verdict>> JudgeCounted(store::Instance instance, dataset::Region file,
                                     net::Milliseconds patience, Terms terms);
  Task<Result<Verdict>> JudgeHere(store::Instance instance, dataset::Region file,
                                  net::Milliseconds patience, Terms terms);
  Task<> NotePatientHere(Uid sop_instance, store::Patient patient);
  Task<Result<std::string>> UnknownMachineHere(store::Instance instance, dataset::Region file);
  Task<Result<Harvested>> Harvest(store::Instance instance, dataset::Region file,
                                  config::Requirements choices);
  Task<Result<bool>> JudgePatient(store::Instance instance, std::vector<Uid> required,
                                  Verdict& verdict);
  void NoteOtherPatient(const store::Instance& instance, const Uid& other, Verdict& verdict) const;
  void LetPass(const store::Instance& instance, std::vector<Uid> required, Verdict& verdict);
  void LogOtherPatient(const Uid& sop_instance, Kind kind, const Uid& other) const;
  Task<Result<std::vector<Uid>>> FindMissing(std::vector<store::Requirement> requirements);
  Task<Result<std::vector<Uid>>> AwaitComing(std::vector<store::Requirement> requirements,
                                             std::vector<Uid> missing, net::Milliseconds patience);
  Task<Result<std::vector<Uid>>> AwaitComing(Waiter& waiter,
                                             std::vector<store::Requirement> requirements,
                                             std::vector<Uid> missing, net::Milliseconds patience);
  Task<std::vector<Uid>> AskWithin(std::vector<Question> questions, net::Milliseconds at_most);

  // gate.cc
  Task<> Run();
  Task<> Rest();
  Task<> DrainHere();
  void Note(StoredOne one);
  Task<> RecordStored();
  Task<> RecordOnes(std::vector<Uid> uids, store::How how);
  void NoteWanted(std::vector<Uid> uids, net::Milliseconds due_in);
  Task<> RecordThere(std::vector<Uid> uids, store::Knowledge knowledge);
  void NoteReady(const std::vector<store::ReadyRow>& rows);
  void TellWaiters(const std::vector<Uid>& known);
  void Complain(const Error& error);
  store::Knowledge Believed(store::How how) const;
  bool Unreachable() const { return services_.clock.Now() < unreachable_until_; }

  // gate_collections.cc
  void NoteStirred(const Whereabouts& where);
  net::Milliseconds UnrestOf(const Question& question) const;
  Task<> ExpectUnrest();
  Task<> HearOfArrivals(std::vector<Question> asked);
  Task<> AskSoonAround(std::vector<Whereabouts> all);
  Task<> AskSoonAbout(std::set<Uid> uids, net::Milliseconds due_in);
  std::vector<Question> FoundAmong(const std::vector<Question>& asked,
                                   const std::vector<Fate>& fates, bool quiet) const;
  Task<> RecordFound(std::vector<Question> found);
  Task<> RecordCollections(std::vector<store::Collection> found);
  Task<> RecordUnrest(std::vector<Question> stirred);

  // gate_questions.cc
  bool HasNewWishes() const;
  Task<> AskWishes();
  Task<> AskWanted();
  Task<std::vector<store::Row>> DueToVerify();
  Task<std::optional<Findings>> Ask(std::vector<Question> questions, std::function<bool()> stop);
  Task<> RecordAbsent(std::vector<store::WantedUid> wanted, std::vector<Question> asked,
                      std::vector<Fate> fates);
  Task<> SettleVerifying(store::Row row, bool found);
  Task<> SettleDoubtful(store::Row row, store::Reason why, bool quarantine);
  void LogVerified(const store::Row& row, std::string_view state, std::string_view reason) const;

  // gate_deadlines.cc
  Task<> EndOverdue();
  bool IsSentAtDeadline(const store::Row& row) const;
  Task<> EndOne(store::Row row);
  Task<> EndUnanswered();
  Task<> WarnLate();
  Task<> RelaxQuiet();
  Task<bool> RelaxOne(store::HeldRow held);

  Services services_;
  std::shared_ptr<const config::Config> config_;
  const std::string name_;
  const config::Application* application_;  // in *config_
  Oracle oracle_;
  net::Signal due_, ended_, breath_;
  std::list<Wish*> wishes_;        // of Judge, in the order of asking
  std::list<Waiter*> waiters_;     // of Judge
  std::vector<StoredOne> stored_;  // not yet told to the ledger
  std::list<Passing> passing_;     // in the order of judgement
  std::multiset<Uid> at_once_;     // being sent without a row
  std::set<Uid> found_at_once_;    // of those: that were found meanwhile
  Unrest unrest_;                  // of series and studies, by the images that are stored
  std::map<store::RowId, Verification> verifying_;
  SteadyTime unreachable_until_{}, quiet_checked_{};
  SteadyTime soon_at_ = SteadyTime::max();  // what was stored is asked about, before any backlog
  std::set<Uid> stored_meanwhile_;          // and wanted, since the round began: its "no" is older
  int unreachable_ = 0;                     // times in a row in which nothing could be asked
  bool draining_ = false, running_ = false, recording_ = false;
  bool trouble_ = false;  // the ledger failed in this round
  bool impatient_ = false;
  int judging_ = 0;
};

}  // namespace router::hold
