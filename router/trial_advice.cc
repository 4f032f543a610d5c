#include "router/trial_advice.h"

#include <fmt/format.h>

#include "router/config/values.h"
#include "router/dimse/status.h"
#include "router/ul/reject_reasons.h"

namespace router {
namespace {

using Outcome = TrialResult::Outcome;

TrialResult Failed(TrialStep step, std::string said, std::string advice) {
  return {step, Outcome::kFailed, std::move(said), std::move(advice)};
}

// What has to be entered at the other end.
std::string Us(const Trial& trial) {
  return trial.calling.str() + (trial.our_address.empty() ? "" : ", " + trial.our_address);
}

TrialResult Rejected(const ul::AssociateRj& rj, const Trial& trial,
                     const config::Application& application) {
  auto rejected = [](std::string said, std::string advice) {
    return Failed(TrialStep::kTrust, "REJECTED: " + std::move(said), std::move(advice));
  };
  if (rj.source == 1 && rj.reason == 3)
    return rejected("calling AE title not recognised", "ask its owner to add " + Us(trial));
  // DCMTK's archive says this of a calling title that it does not know, too.
  if (rj.source == 1 && rj.reason == 7)
    return rejected(
        "called AE title not recognised",
        fmt::format("ask its owner whether {} is its AE title (else write the right one "
                    "as ae_title); if it is, have {} added",
                    trial.called.view(), Us(trial)));
  const std::string why = ul::Describe(rj);
  if (rj.result == 2)
    return rejected(why,
                    fmt::format("it is busy: try again; if it stays so, ask its owner how many "
                                "associations it takes (max_associations is {})",
                                application.max_associations));
  if (rj.source == 1 && rj.reason == 1)
    return rejected(why, "some answer so whom they do not trust: ask its owner to add " +
                             Us(trial) + "; its log has the reason");
  return rejected(why, "ask its owner: its log has the reason");
}

// A response that failed, or none.
std::string Answer(const Result<uint16_t>& answer) {
  return answer ? fmt::format("status {:04X}H", *answer) : answer.error().detail;
}

}  // namespace

TrialResult NotConnected(const Error& error, const config::Application& application) {
  const std::string address = application.address->str();
  if (error.code == Errc::kTimeout)
    return Failed(TrialStep::kTcp,
                  "NO CONNECTION within " + config::Write(application.timeouts.connect),
                  "is the machine on? Does a firewall let this one reach " + address + "?");
  return Failed(TrialStep::kTcp, "NO CONNECTION: " + error.detail,
                "is it running, and is the address right? A wrong name or port looks like this");
}

TrialResult NotAssociated(const Error& error, const std::optional<ul::AssociateRj>& rejected,
                          const Trial& trial, const config::Application& application) {
  if (rejected) return Rejected(*rejected, trial, application);
  const std::string trust =
      "some do that to whom they do not trust: ask its owner to add " + Us(trial);
  switch (error.code) {
    case Errc::kTimeout:
      return Failed(TrialStep::kTrust,
                    "NO ANSWER to the association request within " +
                        config::Write(application.timeouts.association),
                    "it takes connections and says nothing: is it a DICOM application that listens "
                    "there, without TLS? If so, ask its owner: it may hang");
    case Errc::kAborted:
      return Failed(TrialStep::kTrust, "ABORTED: " + error.detail,
                    trust + "; its log has the reason");
    case Errc::kClosed:
      return Failed(TrialStep::kTrust, "CLOSED: " + error.detail,
                    trust + "; its log has the reason");
    case Errc::kMalformedPdu:
    case Errc::kPduTooLarge:
    case Errc::kUnexpectedPdu:
      return Failed(TrialStep::kTrust, "NOT DICOM: " + error.detail,
                    "another service listens there, or it demands TLS: correct the address");
    default:
      return Failed(TrialStep::kTrust, "FAILED: " + error.detail, "try again; then ask its owner");
  }
}

TrialResult NotEchoed(const Result<uint16_t>& answer) {
  return Failed(TrialStep::kEcho, "FAILED: " + Answer(answer),
                "it trusts us, but cannot work: ask its owner, its log has the reason");
}

TrialResult NotFound(const Result<uint16_t>& answer) {
  return Failed(TrialStep::kFind, "FAILED: " + Answer(answer),
                "it answers, but no questions: ask its owner whether its database runs");
}

// Only two answers tell something of the destination: that it is not known, and that all went well.
TrialResult Moved(const Result<uint16_t>& answer, const Trial& trial) {
  if (!answer)
    return Failed(TrialStep::kMove, "FAILED: " + Answer(answer),
                  "it answers, but no moves: ask its owner, its log has the reason");
  if (*answer == dimse::status::kMoveDestinationUnknown)
    return Failed(TrialStep::kMove, "FAILED: it knows no destination " + trial.calling.str(),
                  "ask its owner to add " + Us(trial) +
                      (trial.our_port ? fmt::format(", port {}", trial.our_port) : ""));
  if (*answer == dimse::status::kSuccess) return {TrialStep::kMove, Outcome::kPassed, "", ""};
  return {TrialStep::kMove, Outcome::kUnclear,
          "unclear: " + Answer(answer) + " for a study that does not exist", ""};
}

TrialResult MoveNotOffered() {
  return Failed(TrialStep::kMove, "NOT ACCEPTED",
                "nothing can be moved from it through Sluice: have moves (Study Root, "
                "1.2.840.10008.5.1.4.1.2.2.2) allowed for this title");
}

TrialResult EchoNotOffered() {
  return Failed(TrialStep::kEcho, "NOT ACCEPTED",
                "Sluice looks with C-ECHO whether it is back after a failure: have Verification "
                "(1.2.840.10008.1.1) allowed for this title");
}

TrialResult FindNotOffered(const config::Application& application) {
  const bool asked = application.profile == config::Profile::kAria ||
                     application.confirm == config::Confirm::kQuery ||
                     application.storage_commitment == config::StorageCommitment::kExistence ||
                     application.complete_moves > 0;
  if (!asked) return {TrialStep::kFind, Outcome::kNotOffered, "not offered", ""};
  return Failed(TrialStep::kFind, "NOT ACCEPTED",
                "Sluice asks it what exists there: have queries (Study Root, "
                "1.2.840.10008.5.1.4.1.2.2.1) allowed for this title");
}

}  // namespace router
