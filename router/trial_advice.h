#pragma once
#include <optional>

#include "router/base/result.h"
#include "router/trial.h"
#include "router/ul/pdu.h"

// What went wrong in a step of a trial, and what somebody has to do about it. Pure.
namespace router {

TrialResult NotConnected(const Error& error, const config::Application& application);
// `rejected`: what the A-ASSOCIATE-RJ says, if that was the answer.
TrialResult NotAssociated(const Error& error, const std::optional<ul::AssociateRj>& rejected,
                          const Trial& trial, const config::Application& application);
TrialResult NotEchoed(const Result<uint16_t>& answer);
TrialResult NotFound(const Result<uint16_t>& answer);
// The answer to a C-MOVE of nothing to the title of the trial.
TrialResult Moved(const Result<uint16_t>& answer, const Trial& trial);
// It does not accept MOVE of the Study Root.
TrialResult MoveNotOffered();
// It does not accept Verification, or FIND of the Study Root: a fault only where we need it.
TrialResult EchoNotOffered();
TrialResult FindNotOffered(const config::Application& application);

}  // namespace router
