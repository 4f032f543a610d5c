#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "metrics/registry.h"
#include "router/association/scu.h"
#include "router/base/clock.h"
#include "router/config/config.h"
#include "router/dataset/source.h"
#include "router/delivery/breaker.h"
#include "router/delivery/legs.h"
#include "router/delivery/retry_budget.h"
#include "router/delivery/slots.h"
#include "router/delivery/status_table.h"
#include "router/net/pool.h"
#include "router/net/signal.h"
#include "router/store/ledger.h"
#include "router/store/spool.h"

namespace router::delivery {

// What a destination works with. All of it belongs to the app and outlives it.
struct Services {
  net::Loop& home;
  net::WorkPool& disk;
  net::WorkPool& cpu;
  store::Ledger& ledger;
  store::Spool& spool;
  metrics::Registry& metrics;
  const Clock& clock;
};

// Whom a destination tells, on the home loop, without waiting. Empty functions are not called.
struct Hooks {
  // SendNow begins with this instance; and, after on_stored of either kind, has ended with it.
  std::function<void(const Uid& sop_instance)> on_at_once, on_at_once_ended;
  // Stored there: success or a warning, and the ledger has not been told that it exists.
  std::function<void(const store::Instance&)> on_stored;
  // A row was delivered, with `confirm: status`: the ledger knows that it exists.
  std::function<void(const store::Instance&)> on_known;
  // A row is `verifying`: somebody has to ask. Without this hook nobody can, and rows whose outcome
  // is unknown are sent again.
  std::function<void()> on_verifying;
  // A row went back to `waiting`, because the application said "not yet".
  std::function<void()> on_waiting;
};

// What became of an instance that was sent at once.
struct Attempt {
  enum class Outcome : uint8_t {
    kAnswered,  // `answer` is the application's own, whatever it says: VerdictOf reads it
    kNotSent,   // definitely not stored there: queue it (Accept: ready)
    kUnknown,   // sent, but the answer was lost: it may be there (Accept, then verify)
    kNever,     // no presentation context there can carry it, or it cannot be read: see `error`
  };
  Outcome outcome = Outcome::kNotSent;
  association::StoreAnswer answer;
  Error error{Errc::kConnect, Blame::kUpstream, true, ""};  // unless answered
  bool there_before = false;                                // kUnknown of SendNow: for Acceptance
  bool is_behind = false;  // kNotSent of SendNow: the same instance or its series goes before
};

// How an instance is sent that is ready on arrival.
struct AtOnce {
  // Whoever brought it is owed an answer by then; absent: as long as the application may take.
  std::optional<net::Milliseconds> within;
  // Awaited on the home loop once it is stored there, before anybody else is told so.
  std::function<Task<>()> on_stored;
};

// How a destination is, for operators and /readyz. As of the call.
struct Condition {
  std::optional<bool> up;  // did the last attempt to reach it succeed; absent: none was made
  Breaker::State breaker = Breaker::State::kClosed;
  uint32_t failures = 0;  // connections in a row
  uint32_t slots_used = 0, slots = 0;
  std::string last_error;  // empty: none
};

// One DICOM application as a receiver. The only sender of what lies in the spool: of rows that the
// ledger calls ready, and of instances that are ready on arrival. It owns the association slots,
// the breaker, and the associations that it sends over.
//
// Owned by the app, one for each application that has an address; lives on the home loop. Members
// marked [any] may be awaited or called on any loop; all else is for the home loop.
class Destination {
 public:
  Destination(Services services, std::shared_ptr<const config::Config> config, std::string name,
              Hooks hooks);
  ~Destination();
  Destination(const Destination&) = delete;
  Destination& operator=(const Destination&) = delete;

  const std::string& name() const { return name_; }
  net::Loop& home() { return services_.home; }

  // [any] Starts the queue runner. Once.
  void Start();

  // [any] The runner ends, rows that it claimed and did not send are ready again, associations are
  // released, slots that others hold are waited for. What is being sent may take `patience`, then
  // it is interrupted (its row is verified after the restart). Once; afterwards nothing may be
  // called but the destructor.
  Task<> Drain(net::Milliseconds patience);

  // [any] A new configuration that still has this application, with an address.
  void Configure(std::shared_ptr<const config::Config> config);

  // [any] The right to an association, as Slots::Take; for kRelay, hand it back (let it end) after
  // the association has ended. Where there is one slot in all, a session gives its own back before
  // it waits for SendNow or for a decision of the Gate; between messages, when Slot::IsWanted().
  // Errors: kLimit (retryable: RJ 2/3/2), kInterrupted (we drain).
  Task<Result<Slot>> TakeSlot(Purpose purpose, net::Milliseconds wait,
                              std::shared_ptr<SlotWait> own = nullptr);

  // Opens an association with a slot of its own, for questions (hold) and probes. `calling` as
  // Config::CallingTitle says for nobody. Errors: kLimit, kInterrupted, Association::Request's.
  // While the breaker is open: kConnect at once.
  Task<Result<Leg>> Connect(std::vector<ul::ProposedContext> contexts, Purpose purpose,
                            net::Milliseconds wait);

  // [any] Sends an instance that is ready on arrival and not in the ledger. `file`: of the part or
  // of the spool file; it must stay until this ends. The same bytes as stored, or converted where
  // the application takes nothing else. Goes behind an open row of the same instance, whatever its
  // content, and behind rows of its series that are due: if there are any, kNotSent. Takes a
  // reserved slot (or an association that is open); waits `wait_for`. With `how.within` the waits
  // for a slot and for the answer end by then: kNotSent, or kUnknown.
  Task<Attempt> SendNow(store::Instance instance, dataset::Region file, AtOnce how = {});
  // [any] Whoever brought this one waits no longer: a SendNow of it that is under way ends.
  void GiveUpOn(Uid sop_instance);

  // [any] What a session learned by calling the application itself.
  void Reached();
  void Rejected(std::string why);  // reached, and the association was not accepted
  void Unreachable(std::string why);

  // [any] Something may be due: rows became ready.
  void Wake();

  // [any]
  Task<Condition> Describe();

 private:
  const config::Application& application() const { return *application_; }
  // destination.cc: life
  Task<> Run();
  Task<> RunQueue();
  Task<Result<std::vector<store::Row>>> ClaimFor(RetryBudget::Turn turn);
  Task<> Rest();
  Task<> AwaitProbe();
  Task<> Probe();
  Task<> DrainHere(net::Milliseconds patience);
  Task<Condition> DescribeHere();
  void NoteReached();
  void NoteUnreachable(const Error& why);
  void ShowState();
  void CallerLeft();
  net::Milliseconds Until(WallTime when) const;  // not negative

  // destination_legs.cc
  association::Peer PeerFor(const AeTitle& calling) const;
  Task<Result<std::unique_ptr<Leg>>> TakeLeg(AeTitle calling, std::vector<Cargo> cargo,
                                             net::Milliseconds wait);
  Task<Result<std::unique_ptr<Leg>>> OpenLeg(AeTitle calling,
                                             std::vector<ul::ProposedContext> contexts,
                                             Purpose purpose, net::Milliseconds wait);
  Task<Result<Leg>> ConnectHere(std::vector<ul::ProposedContext> contexts, Purpose purpose,
                                net::Milliseconds wait);
  Task<std::unique_ptr<Leg>> TakeIdle(AeTitle calling, Cargo cargo);
  Task<> GiveBack(std::unique_ptr<Leg> leg);
  Task<> KeepLegs();
  Task<> CloseIdle(bool all);
  net::Milliseconds IdleFor() const;
  void Remember(const std::vector<Cargo>& cargo);

  // destination_send.cc
  AeTitle CallingTitle(const store::Instance& instance) const;
  dataset::Region FileOf(const store::Row& row) const;
  Task<Attempt> SendOver(Leg& leg, store::Instance instance, dataset::Region file,
                         std::optional<store::SpoolFile> kept);
  Task<Result<std::unique_ptr<association::ByteSource>>> OpenSource(
      dataset::Region file, std::optional<store::SpoolFile> kept, Uid transfer_syntax);
  void NoteLost(const Leg& leg, const Attempt& attempt);
  Task<Attempt> SendNowHere(store::Instance instance, dataset::Region file, AtOnce how);
  Task<Attempt> TrySendNow(store::Instance instance, dataset::Region file,
                           std::optional<net::Milliseconds> within);

  // destination_queue.cc
  Task<> SendBatch(std::deque<store::Row> rows);
  enum class Next : uint8_t { kAll, kOtherSeries, kNone };  // of the batch may be sent
  Task<> GiveBackSeries(Uid series, std::deque<store::Row>& rows);
  Task<Next> SendFirst(std::unique_ptr<Leg>& leg, std::deque<store::Row>& rows);
  Task<Result<>> EnsureLeg(std::unique_ptr<Leg>& leg, const std::deque<store::Row>& rows);
  Task<Next> Settle(store::Row row, Attempt attempt);
  Task<Next> SettleAnswer(store::Row row, association::StoreAnswer answer);
  Task<> SettleDelivered(store::Row row, uint16_t status);
  Task<> SettleNotYet(store::Row row, std::string told);
  Task<> SettleDuplicate(store::Row row, std::string told);
  Task<> SettleUnknown(store::Row row, store::Reason reason);
  Task<> TryAgain(store::Row row, store::Reason reason);
  bool IsToGiveUp(const store::Row& row) const;
  Task<> GiveUp(store::Row row, store::Reason reason, store::State from);
  Task<> Quarantine(store::Row row, store::Reason reason, std::string logged,
                    store::State from = store::State::kSending);
  Task<> GiveBackRows(std::deque<store::Row> rows);
  Task<> ReleaseUnverified();
  void Keep(const store::Row& row, const Error& error, std::function<Task<>()> again);
  Task<bool> TellAgain();
  void Count(std::string_view outcome);
  void Complain(const store::Row& row, const Error& error) const;
  std::chrono::milliseconds LeaseTime() const;
  double Random() { return std::uniform_real_distribution<double>()(random_); }
  void Log(const store::Row& row, std::string_view outcome, std::string_view reason) const;

  Services services_;
  std::shared_ptr<const config::Config> config_;
  const std::string name_;
  const config::Application* application_;  // in *config_
  const Hooks hooks_;
  const std::string owner_;  // of claims
  Slots slots_;
  Breaker breaker_;
  RetryBudget budget_;
  net::Signal due_, keep_, ended_;
  std::vector<std::function<Task<>()>> untold_;  // outcomes that the ledger did not take
  std::list<std::unique_ptr<Leg>> idle_;
  std::vector<association::Scu*> busy_;  // to be interrupted by Drain
  std::vector<Cargo> carried_;  // what came here lately: proposed together, to be sent together
  std::mt19937_64 random_;
  bool up_ = true, tried_ = false, draining_ = false, running_ = false, queue_ended_ = false;
  struct Urgent {
    Urgent(Uid uid, net::Loop& home) : sop_instance(std::move(uid)), over(home) {}
    const Uid sop_instance;
    net::Signal over;  // its sending, or the patience of who brought it
    bool sent = false;
  };
  Task<> EndInTime(Urgent& urgent, net::Milliseconds within, Leg& leg, net::Signal& ended);
  std::list<Urgent> urgent_;  // of SendNow, while they are being sent
  int callers_ = 0;           // of SendNow and Connect, under way
  std::string last_error_;
};

}  // namespace router::delivery
