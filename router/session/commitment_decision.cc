#include "router/session/commitment_decision.h"

#include "router/dimse/status.h"

namespace router::session {
namespace {

bool HasOtherClass(const store::UndecidedInstance& instance) {
  return instance.state && instance.held_class != instance.sop.sop_class;
}

bool IsQuarantined(const store::UndecidedInstance& instance) {
  return instance.state == store::State::kQuarantined;
}

bool IsOnItsWay(const store::UndecidedInstance& instance) {
  return instance.state && store::IsOpen(*instance.state) && !IsQuarantined(instance);
}

}  // namespace

bool IsToBeAskedAbout(const store::UndecidedInstance& instance) {
  return !HasOtherClass(instance) && !IsQuarantined(instance) && !IsOnItsWay(instance) &&
         !instance.believed_there;
}

std::optional<uint16_t> DecisionFor(const store::UndecidedInstance& instance, Presence presence,
                                    WallTime now) {
  if (HasOtherClass(instance)) return dimse::status::kClassInstanceConflict;
  if (IsQuarantined(instance)) return dimse::status::kProcessingFailure;
  if (!IsOnItsWay(instance)) {
    if (instance.believed_there || presence == Presence::kFound) return dimse::status::kSuccess;
    if (presence == Presence::kAbsent) return dimse::status::kNoSuchSopInstance;
  }
  if (now >= instance.deadline) return dimse::status::kProcessingFailure;
  return std::nullopt;
}

std::optional<uint16_t> DecisionByOriginal(const store::UndecidedInstance& instance,
                                           Original original, WallTime now) {
  if (HasOtherClass(instance)) return dimse::status::kClassInstanceConflict;
  if (IsQuarantined(instance)) return dimse::status::kProcessingFailure;
  if (original == Original::kWhole) return dimse::status::kSuccess;
  if (original == Original::kDamaged) return dimse::status::kProcessingFailure;
  if (original == Original::kUnreadable) {
    if (now >= instance.deadline) return dimse::status::kProcessingFailure;
    return std::nullopt;
  }
  return IsOnItsWay(instance) ? dimse::status::kProcessingFailure
                              : dimse::status::kNoSuchSopInstance;
}

}  // namespace router::session
