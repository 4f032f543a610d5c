#include "router/session/move_outcome.h"

#include <algorithm>

#include "router/dimse/status.h"

namespace router::session {

uint16_t ClampedCount(uint32_t count) {
  return static_cast<uint16_t>(std::min<uint32_t>(count, 0xFFFF));
}

dimse::Suboperations Progress(const dimse::Suboperations& theirs, const MoveCounts& ours) {
  const uint32_t completed = theirs.completed.value_or(ClampedCount(ours.completed));
  const uint32_t failed = theirs.failed.value_or(ClampedCount(ours.failed));
  const uint32_t warning = theirs.warning.value_or(ClampedCount(ours.warning));
  dimse::Suboperations told;
  told.completed = ClampedCount(std::min(completed, ours.completed));
  told.warning = ClampedCount(std::min(warning, ours.warning));
  const bool borne_out =
      completed <= ours.completed && failed <= ours.failed && warning <= ours.warning;
  told.failed = ClampedCount(borne_out ? failed : std::max(failed, ours.failed));
  const bool all_answered = completed + failed + warning <= ours.answered();
  told.remaining = theirs.remaining.value_or(1);
  if (!all_answered) told.remaining = std::max<uint16_t>(1, *told.remaining);
  return told;
}

MoveFinal Conclude(const MoveFinal& theirs, const MoveCounts& ours,
                   std::optional<uint16_t> remaining, const std::set<Uid>& those_arrived) {
  const uint32_t claimed = theirs.counts.completed.value_or(0) + theirs.counts.warning.value_or(0) +
                           theirs.counts.failed.value_or(0);
  const uint32_t arrived = ours.completed + ours.warning;
  uint32_t failed = std::max(ours.failed, claimed > arrived ? claimed - arrived : 0);
  failed = std::max(failed, theirs.never_came > 0 ? ours.failed + theirs.never_came : 0);
  MoveFinal final;
  final.comment = theirs.comment;
  final.failed = ours.failed_instances;
  for (const Uid& uid : theirs.failed)
    if (!those_arrived.contains(uid) && std::ranges::find(final.failed, uid) == final.failed.end())
      final.failed.push_back(uid);
  failed = std::max(failed, static_cast<uint32_t>(final.failed.size()));
  final.counts.completed = ClampedCount(ours.completed);
  // Without counts the status may be all that upstream says of what it could not send.
  const auto of = dimse::ClassOf(dimse::Command::kCMoveRsp, theirs.status);
  if (!theirs.counts.completed && !theirs.counts.warning && !theirs.counts.failed &&
      of == dimse::StatusClass::kWarning && ours.warning == 0)
    failed = std::max(failed, 1u);
  final.counts.failed = ClampedCount(failed);
  final.counts.warning = ClampedCount(ours.warning);
  if (of == dimse::StatusClass::kCancel) {
    final.status = dimse::status::kCancelled;
    if (remaining) final.counts.remaining = *remaining;
  } else if (of == dimse::StatusClass::kFailure && (arrived > 0 || ours.failed == 0)) {
    final.status = theirs.status;  // it did not come to the end: whatever arrived, this failed
  } else if (failed == 0 && ours.warning == 0 && of != dimse::StatusClass::kFailure) {
    final.status = dimse::status::kSuccess;
  } else if (arrived == 0) {
    final.status = dimse::status::kUnableToPerformSuboperations;
  } else {
    final.status = dimse::status::kSuboperationsFailed;
  }
  if (final.status == dimse::status::kSuccess) final.comment.clear();
  return final;
}

}  // namespace router::session
