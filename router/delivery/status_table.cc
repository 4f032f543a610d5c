#include "router/delivery/status_table.h"

#include <algorithm>

#include "router/dimse/status.h"

namespace router::delivery {

Verdict VerdictOf(const config::Statuses& statuses, uint16_t status) {
  auto matches = [status](const std::vector<config::StatusPattern>& patterns) {
    return std::ranges::any_of(patterns, [status](auto& p) { return p.Matches(status); });
  };
  switch (dimse::ClassOf(dimse::Command::kCStoreRsp, status)) {
    case dimse::StatusClass::kSuccess:
    case dimse::StatusClass::kWarning:
      return Verdict::kDelivered;
    default:
      break;
  }
  if (matches(statuses.not_yet)) return Verdict::kNotYet;
  if (matches(statuses.again)) return Verdict::kAgain;
  if (status == dimse::status::kDuplicateSopInstance) return Verdict::kDuplicate;
  return Verdict::kPermanent;
}

std::string_view NameOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kDelivered:
      return "delivered";
    case Verdict::kDuplicate:
      return "duplicate";
    case Verdict::kNotYet:
      return "not_yet";
    case Verdict::kAgain:
      return "retry";
    case Verdict::kPermanent:
      return "refused";
  }
  return "refused";
}

}  // namespace router::delivery
