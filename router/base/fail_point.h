#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#ifdef SLUICE_FAIL_POINTS
#include <atomic>
#endif

// Moments on the way of an instance that may have to wait, from its first PDV to the unlink of its
// file, at which a test lets the power fail (tests/crash). Builds without SLUICE_FAIL_POINTS, the
// product among them, have nothing of this in their code.
namespace router {

enum class FailPoint : uint8_t {
  kPartBegun,     // the first bytes of the part are written
  kPartWritten,   // all of it, not synced
  kPartSynced,    // fdatasync has returned
  kJudged,        // it is to wait, or to be queued
  kRenamed,       // the ledger's thread has renamed the parts of a batch
  kFolderSynced,  // and synced their folder
  kRowsWritten,   // the transaction is written, not committed
  kCommitted,     // it is, and nobody knows yet
  kAccepted,      // the session knows; the client does not
  kAnswered,      // 0000H has been handed to the kernel
  kClaimed,       // a batch is to be sent
  kBegun,         // a row is about to be sent, durably so
  kSent,          // the data set has gone, the answer has not come
  kStored,        // upstream has answered
  kSettled,       // the ledger knows of the answer
  kBuried,        // rows have ended; their files have not been unlinked
  kUnlinked,      // they have
};

inline constexpr std::array<std::string_view, 17> kFailPointNames = {
    "part_begun",   "part_written", "part_synced", "judged",   "renamed",  "folder_synced",
    "rows_written", "committed",    "accepted",    "answered", "claimed",  "begun",
    "sent",         "stored",       "settled",     "buried",   "unlinked",
};
static_assert(kFailPointNames.size() == static_cast<size_t>(FailPoint::kUnlinked) + 1);

#ifdef SLUICE_FAIL_POINTS
// What a test wants done there, on whichever thread it is; set before any thread exists.
inline std::atomic<void (*)(FailPoint)> on_fail_point{nullptr};

inline void Reach(FailPoint point) {
  if (auto* act = on_fail_point.load(std::memory_order_acquire)) act(point);
}
#else
inline void Reach(FailPoint) {}
#endif

}  // namespace router
