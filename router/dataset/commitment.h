#pragma once
#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "router/base/bytes.h"
#include "router/base/result.h"
#include "router/base/uid.h"

// The data sets of storage commitment (PS3.4 J.3.2.1, J.3.3.1): what is asked, and what is said of
// it. Pure; for the cpu pool, a long list takes a while.
namespace router::dataset {

// An item of Referenced SOP Sequence (0008,1199).
struct ReferencedSop {
  Uid sop_class, sop_instance;
  auto operator<=>(const ReferencedSop&) const = default;
};

// An item of Failed SOP Sequence (0008,1198).
struct FailedSop {
  ReferencedSop sop;
  uint16_t reason = 0;  // (0008,1197), PS3.3 C.14
  bool operator==(const FailedSop&) const = default;
};

struct CommitmentRequest {
  Uid transaction;                       // (0008,1195)
  std::vector<ReferencedSop> instances;  // each once, in the order of the request
  bool operator==(const CommitmentRequest&) const = default;
};

inline constexpr size_t kMostCommitted = 10'000;  // instances in one request

// Errors, blamed on the sender: kCorrupt where it cannot be read, or has no Transaction UID, no
// instance, or an item that names none; kLimit beyond kMostCommitted.
Result<CommitmentRequest> ReadCommitmentRequest(Bytes bytes, const Uid& transfer_syntax);

// A sequence without items is left out. Errors as Identifier::Encode.
Result<Buffer> WriteCommitmentReport(const Uid& transaction,
                                     std::span<const ReferencedSop> committed,
                                     std::span<const FailedSop> failed, const Uid& transfer_syntax);

}  // namespace router::dataset
