#include "router/dataset/commitment.h"

#include <set>
#include <string>

#include "router/dataset/identifier.h"

namespace router::dataset {
namespace {

constexpr Tag kTransactionUid = 0x00081195, kReferencedSopSequence = 0x00081199;
constexpr Tag kFailedSopSequence = 0x00081198, kFailureReason = 0x00081197;
constexpr Tag kReferencedSopClass = 0x00081150, kReferencedSopInstance = 0x00081155;
constexpr size_t kLongestUid = 64;  // PS3.5 9.1

std::unexpected<Error> Unfit(std::string why) {
  return Fail(Errc::kCorrupt, Blame::kDownstream, std::move(why));
}

bool IsFit(const Uid& uid) { return !uid.empty() && uid.view().size() <= kLongestUid; }

Identifier ItemOf(const ReferencedSop& sop) {
  return Identifier::Of({{kReferencedSopClass, sop.sop_class.view()},
                         {kReferencedSopInstance, sop.sop_instance.view()}});
}

}  // namespace

Result<CommitmentRequest> ReadCommitmentRequest(Bytes bytes, const Uid& transfer_syntax) {
  auto asked = Identifier::Decode(bytes, transfer_syntax);
  if (!asked) return std::unexpected(asked.error());
  CommitmentRequest request;
  request.transaction = asked->UidOf(kTransactionUid);
  if (!IsFit(request.transaction)) return Unfit("there is no Transaction UID");
  std::set<ReferencedSop> seen;
  for (const Identifier& item : asked->Items(kReferencedSopSequence)) {
    ReferencedSop sop{item.UidOf(kReferencedSopClass), item.UidOf(kReferencedSopInstance)};
    if (!IsFit(sop.sop_class) || !IsFit(sop.sop_instance))
      return Unfit("an item of Referenced SOP Sequence names no instance");
    if (seen.insert(sop).second) request.instances.push_back(std::move(sop));
  }
  if (request.instances.empty()) return Unfit("Referenced SOP Sequence is empty");
  if (request.instances.size() > kMostCommitted) {
    return Fail(Errc::kLimit, Blame::kDownstream,
                std::to_string(request.instances.size()) + " instances in one request");
  }
  return request;
}

Result<Buffer> WriteCommitmentReport(const Uid& transaction,
                                     std::span<const ReferencedSop> committed,
                                     std::span<const FailedSop> failed,
                                     const Uid& transfer_syntax) {
  Identifier report = Identifier::Of({{kTransactionUid, transaction.view()}});
  for (const FailedSop& one : failed) {
    Identifier item = ItemOf(one.sop);
    if (auto set = item.Set(kFailureReason, std::to_string(one.reason)); !set)
      return std::unexpected(set.error());
    if (auto added = report.AddItem(kFailedSopSequence, item); !added)
      return std::unexpected(added.error());
  }
  for (const ReferencedSop& one : committed)
    if (auto added = report.AddItem(kReferencedSopSequence, ItemOf(one)); !added)
      return std::unexpected(added.error());
  return report.Encode(transfer_syntax);
}

}  // namespace router::dataset
