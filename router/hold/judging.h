#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "router/dataset/source.h"
#include "router/hold/requirements.h"
#include "router/store/row.h"

// Judging an instance as far as it needs nobody but the instance and the configuration: for the
// gate, which then asks what exists, and for `sluice explain`. Any thread.
namespace router::hold {

// What is to become of an instance that was spooled and is in no ledger yet.
struct Verdict {
  enum class Kind : uint8_t {
    kReady,       // all that it requires exists: send it at once
    kWaiting,     // Accept with `requirements`; `missing` of these are not known to exist
    kQuarantine,  // Accept with `quarantine = reason`
    kRefuse,      // answer `status` and `comment`; drop the part
  };
  Kind kind = Kind::kReady;
  std::vector<store::Requirement> requirements;  // noted ones too, for Acceptance
  std::vector<Uid> missing;
  store::Reason reason;  // of a quarantine, a refusal, a wait: for people, no patient data
  // (0000,0900) and (0000,0902) of a refusal; of a quarantine too, for whom nothing may be kept.
  uint16_t status = 0;
  std::string comment;
  std::optional<WallTime> warn_after, deadline;                      // for Acceptance
  store::AtDeadline at_deadline = store::AtDeadline::kAsConfigured;  // for Acceptance
  store::Patient patient;                                            // for Acceptance
  // Machines to be named otherwise in the plan before it is sent or accepted: (300A,00B2).
  std::map<std::string, std::string> rename;
  bool patient_differs = false;  // from what it refers to; said already
};

// What an instance refers to, and whose it is.
struct Harvested {
  Requirements requirements;
  store::Patient patient;
};

// Reads `file`. No reference names a study: they get that of the instance, as a rule it is theirs.
// Blocks on the disk and takes long: not for a loop. Errors: kDisk; kCorrupt, blamed on the sender.
Result<Harvested> HarvestFrom(const store::Instance& instance, const dataset::Region& file,
                              const config::Requirements& choices);

// The machines of a plan against those that the application knows. False: the verdict is settled.
bool JudgeMachines(const config::Application& application, const Requirements& requirements,
                   Verdict& verdict);

// A structure set that names no image in any way. False: the verdict is settled.
bool JudgeImages(const Requirements& requirements, config::NoImages choice, Verdict& verdict);

}  // namespace router::hold
