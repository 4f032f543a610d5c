#include "router/store/row.h"

namespace router::store {

std::string_view NameOf(State state) {
  constexpr std::array<std::string_view, kStates> kNames = {
      "waiting", "ready", "sending", "verifying", "delivered", "quarantined", "discarded"};
  return kNames[static_cast<size_t>(state)];
}

std::string_view NameOf(Cause cause) {
  constexpr std::array<std::string_view, kCauses> kNames = {
      "none",     "references",    "not_yet",   "unreachable", "retry",    "outcome_unknown",
      "restart",  "lease",         "duplicate", "deadline",    "refused",  "machine",
      "conflict", "patient_check", "syntax",    "unreadable",  "operator", "replaced"};
  return kNames[static_cast<size_t>(cause)];
}

std::string_view NameOf(AtDeadline then) {
  constexpr std::array<std::string_view, kAtDeadlines> kNames = {"configured", "quarantine",
                                                                 "send"};
  return kNames[static_cast<size_t>(then)];
}

std::string_view NameOf(How how) {
  constexpr std::array<std::string_view, 3> kNames = {"status", "query", "relayed"};
  return kNames[static_cast<size_t>(how)];
}

Reason PatientDiffersFrom(const Uid& other) {
  return {Cause::kPatient, "Patient ID or Name differs from that of " + other.str()};
}

}  // namespace router::store
