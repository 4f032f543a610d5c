#include "router/session/move_outcome.h"

#include <algorithm>

#include "router/dimse/status.h"

namespace router::session {

uint16_t ClampedCount(uint32_t count) {
  return static_cast<uint16_t>(std::min<uint32_t>(count, 0xFFFF));
}

MoveFinal Conclude(const MoveFinal& theirs, const MoveCounts& ours,
                   std::optional<uint16_t> remaining) {
  const uint32_t claimed = theirs.counts.completed.value_or(0) + theirs.counts.warning.value_or(0) +
                           theirs.counts.failed.value_or(0);
  const uint32_t arrived = ours.completed + ours.warning;
  uint32_t failed = std::max(ours.failed, claimed > arrived ? claimed - arrived : 0);
  failed = std::max(failed, theirs.never_came > 0 ? ours.failed + theirs.never_came : 0);
  MoveFinal final;
  final.comment = theirs.comment;
  final.failed = ours.failed_instances;
  for (const Uid& uid : theirs.failed)
    if (std::ranges::find(final.failed, uid) == final.failed.end()) final.failed.push_back(uid);
  final.counts.completed = ClampedCount(ours.completed);
  final.counts.failed = ClampedCount(failed);
  final.counts.warning = ClampedCount(ours.warning);
  const auto of = dimse::ClassOf(dimse::Command::kCMoveRsp, theirs.status);
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
