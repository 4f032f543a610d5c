#pragma once
#include <map>
#include <optional>
#include <string>

#include "router/association/scu.h"
#include "router/dataset/edit.h"
#include "router/hold/gate.h"
#include "router/session/services.h"
#include "router/store/ledger.h"
#include "router/store/spool.h"

namespace router::session {

using association::StoreAnswer;
using net::Task;

// What becomes of one spooled instance: judged by the gate, if there is one, then sent at once,
// accepted into the ledger, or refused. The answer is the C-STORE response for the client:
// upstream's own, 0000H for what is durable, or a failure, and then nothing of it is left here, and
// nothing of ours will deliver it. Where originals are kept for storage commitment, what was sent
// stays in the spool, with a row.
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
  // Whoever brought it is owed an answer this long after Settle began; absent: as long as the
  // application may take.
  std::optional<net::Milliseconds> within;
  // After Settle: as what it lies here and is not upstream, whatever it was answered.
  const std::optional<store::State>& kept() const { return kept_; }
  // While Settle is under way: nobody waits for the answer any more.
  void GiveUp();

  Task<StoreAnswer> Settle(store::SpoolFile file, store::SpoolWriter& part);

 private:
  // `acknowledge: refuse`: what upstream does not take at once stays its client's.
  bool KeepsNothing() const {
    return client_.acknowledge.then == config::Acknowledge::Then::kRefuse;
  }
  Task<std::optional<StoreAnswer>> ReadFacts(dataset::Region region);
  Task<std::optional<StoreAnswer>> SendReady(dataset::Region region,
                                             std::vector<store::Requirement> requirements,
                                             store::Patient patient);
  Task<> Disbelieve(std::vector<store::Requirement> requirements);
  struct Edited;
  Task<Result<Edited>> Rename(dataset::Region region, hold::Verdict& verdict);
  Task<Result<Edited>> Write(dataset::Renamed renamed);
  Task<> Keep(store::SpoolFile file, store::SpoolWriter& part);
  Task<StoreAnswer> Accept(store::SpoolFile file, dataset::Region region, hold::Verdict verdict);
  StoreAnswer AnswerNotKept(const store::Accepted& accepted, const hold::Verdict& verdict) const;
  StoreAnswer AnswerAccepted(const store::Accepted& accepted, const hold::Verdict& verdict) const;

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
  std::string note_;  // what was done to it
};

}  // namespace router::session
