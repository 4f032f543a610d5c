#pragma once
#include <map>
#include <optional>
#include <string>

#include "router/association/scu.h"
#include "router/dataset/edit.h"
#include "router/hold/gate.h"
#include "router/session/services.h"
#include "router/session/store_terms.h"
#include "router/store/ledger.h"
#include "router/store/spool.h"

namespace router::session {

using association::StoreAnswer;
using net::Task;

// What the ledger is to know of an instance that the gate has judged, as the application and the
// rules want it; without the instance itself and its file.
store::Acceptance AcceptanceFor(const config::Application& application, const StoreTerms& terms,
                                const hold::Verdict& verdict);

// A failure of our own making. FailedBy: what is our own trouble may be over when the client tries
// again (A700H); else `status`.
inline StoreAnswer Failed(uint16_t status, std::string comment) {
  return {status, std::move(comment)};
}
StoreAnswer FailedBy(const Error& error, uint16_t status);

// What becomes of one spooled instance: judged by the gate, if there is one, then sent at once,
// accepted into the ledger, or refused. The answer is the C-STORE response for the client:
// upstream's own, 0000H for what is durable, or a failure, and then nothing of it is left here, and
// nothing of ours will deliver it. Where originals are kept for storage commitment, what was sent
// stays in the spool, with a row.
//
// Copies for other applications are accepted with it, or after it was sent at once: before its
// client is told success they are durable, or kept from their application for good by its gate.
//
// On the session's stack, for one instance.
class HeldStore {
 public:
  HeldStore(Services& services, const config::Config& config,
            const config::Application& application, const config::Client& client,
            ApplicationRuntime& runtime)
      : instance{},
        services_(services),
        config_(config),
        application_(application),
        client_(client),
        runtime_(runtime) {}

  store::Instance instance;
  StoreTerms terms;               // by rules
  std::string edits;              // that rules made, for the history
  std::vector<StoreCopy> copies;  // by rules
  // Whoever brought it is owed an answer this long after Settle began; absent: as long as the
  // application may take.
  std::optional<net::Milliseconds> within;
  // After Settle: as what it lies here and is not upstream, whatever it was answered.
  const std::optional<store::State>& kept() const { return kept_; }
  // While Settle is under way: nobody waits for the answer any more.
  void GiveUp();

  Task<StoreAnswer> Settle(store::SpoolFile file, store::SpoolWriter& part);

 private:
  Task<StoreAnswer> SettleOwn(store::SpoolFile file, store::SpoolWriter& part);
  const config::Acknowledge& acknowledge() const {
    return terms.hold.acknowledge ? *terms.hold.acknowledge : client_.acknowledge;
  }
  // `acknowledge: refuse`: what upstream does not take at once stays its client's.
  bool KeepsNothing() const {
    return !terms.queue && acknowledge().then == config::Acknowledge::Then::kRefuse;
  }
  bool GoesAtOnce(const hold::Verdict& verdict) const;
  Task<std::optional<StoreAnswer>> ReadFacts(dataset::Region region);
  Task<std::optional<StoreAnswer>> SendReady(dataset::Region region,
                                             std::vector<store::Requirement> requirements,
                                             store::Patient patient);
  Task<> Disbelieve(std::vector<store::Requirement> requirements);
  Task<std::optional<StoreAnswer>> AnswerAtOnce(Result<hold::Verdict>& verdict,
                                                dataset::Region region);
  Task<StoreAnswer> EndAnswered(StoreAnswer answer, store::SpoolFile file, dataset::Region region,
                                store::SpoolWriter& part);
  Task<Result<SpooledPart>> Rename(dataset::Region region, uint64_t size, hold::Verdict& verdict);
  void LogAnswered(const StoreAnswer& answer, const Result<hold::Verdict>& verdict) const;

  // held_store_accept.cc
  Task<> Keep(store::SpoolFile file, store::SpoolWriter& part);
  Task<StoreAnswer> Accept(store::SpoolFile file, dataset::Region region, store::SpoolWriter& part,
                           hold::Verdict verdict);
  Task<std::optional<dataset::Digest>> CanonicalOf(dataset::Region region);
  store::Acceptance AcceptanceOf(store::SpoolFile file, std::optional<dataset::Digest> canonical,
                                 const hold::Verdict& verdict) const;
  StoreAnswer AnswerNotKept(const store::Accepted& accepted, const hold::Verdict& verdict) const;
  StoreAnswer AnswerAccepted(const store::Accepted& accepted, const hold::Verdict& verdict) const;

  // held_store_copies.cc
  Task<Result<>> AcceptCopies(store::SpoolFile file, dataset::Region region,
                              store::SpoolWriter& part);
  Task<Result<std::vector<store::Acceptance>>> JudgeCopies(
      store::SpoolFile file, dataset::Region region, std::optional<dataset::Digest> canonical);
  Task<Result<std::optional<store::Acceptance>>> JudgeCopy(StoreCopy& copy, store::SpoolFile file,
                                                           dataset::Region region);
  Task<> DropCopies();
  void WakeCopies();
  void LogCopies(std::span<const store::Accepted> rows) const;

  Services& services_;
  const config::Config& config_;
  const config::Application& application_;
  const config::Client& client_;
  ApplicationRuntime& runtime_;
  std::optional<store::Reason> unknown_;  // it was sent, and nobody knows whether it is there
  bool there_before_ = false;             // then: its UID was, before that
  bool is_behind_ = false;                // it was not, for others go before
  std::optional<store::State> kept_;
  SteadyTime began_;
  std::string note_;            // what was done to it
  bool copies_judged_ = false;  // no part of a copy is ours any more
};

}  // namespace router::session
