#include "tests/peers/faulty/association.h"
#include "tests/peers/faulty/query.h"

namespace faulty {
namespace {

constexpr uint16_t kIdentifierDoesNotMatch = 0xA900;  // PS3.4 C.4.1.1.4

}  // namespace

bool Association::Find(T_ASC_PresentationContextID context, const T_DIMSE_C_FindRQ& request) {
  auto identifier = ReceiveIdentifier(context);
  if (!identifier) return false;
  Query query(*identifier);
  uint16_t final_status = STATUS_Success;
  std::vector<std::unique_ptr<DcmDataset>> answers;
  if (auto forced = peer_.switches.TakeFinalStatus("find")) {
    final_status = *forced;
  } else if (!query.LevelKnown() || !(query.Hierarchical() || RelationalAllowed())) {
    final_status = kIdentifierDoesNotMatch;
  } else if (!peer_.switches.TakeEmptyFind()) {
    auto matches = peer_.archive.Find(
        [&query](const Instance& instance) { return query.Matches(instance); }, /*is_query=*/true);
    answers = query.Answers(matches, peer_.ae_title);
    std::erase_if(answers, [this](auto&) { return peer_.switches.TakeSkippedMatch(); });
  }
  bool answer = MayAnswer("find");
  Note("find", {{"level", query.level()},
                {"keys", query.Keys()},
                {"matches", answers.size()},
                {"status", final_status},
                {"message_id", request.MessageID},
                {"answered", answer}});
  if (!answer) return true;
  T_DIMSE_C_FindRSP response = {};
  response.DimseStatus = peer_.switches.Get<uint16_t>("find.pending");
  for (auto& one : answers) {
    if (DIMSE_checkForCancelRQ(association_, context, request.MessageID).good()) {
      final_status = STATUS_FIND_Cancel_MatchingTerminatedDueToCancelRequest;
      break;
    }
    OFCondition sent =
        DIMSE_sendFindResponse(association_, context, &request, &response, one.get(), nullptr);
    if (sent.bad()) return false;
  }
  response.DimseStatus = final_status;
  return DIMSE_sendFindResponse(association_, context, &request, &response, nullptr, nullptr)
      .good();
}

}  // namespace faulty
