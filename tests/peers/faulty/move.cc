#include <dcmtk/dcmdata/dcdeftag.h>

#include <algorithm>

#include "tests/peers/faulty/association.h"
#include "tests/peers/faulty/query.h"
#include "tests/peers/faulty/suboperations.h"

namespace faulty {
namespace {

using nlohmann::json;

// PS3.4 C.4.2.1.5
constexpr uint16_t kUnableToPerform = 0xA702;
constexpr uint16_t kUnknownDestination = 0xA801;
constexpr uint16_t kIdentifierDoesNotMatch = 0xA900;
constexpr uint16_t kSomeFailed = 0xB000;
constexpr uint16_t kCancelled = 0xFE00;
constexpr uint16_t kPending = 0xFF00;

// Which instances the move leaves out, as VMSDBD sometimes does.
std::vector<Instance> TakeSkipped(const Switches& switches, std::vector<Instance>& matches) {
  auto uids = switches.GetList("move.skip_uids").value_or(std::vector<std::string>());
  auto first = switches.Get<size_t>("move.skip_first");
  auto every = switches.Get<size_t>("move.skip_every");
  std::vector<Instance> skipped, kept;
  for (size_t i = 0; i < matches.size(); ++i) {
    bool skip = i < first || (every > 0 && (i + 1) % every == 0) ||
                std::ranges::find(uids, matches[i].uid) != uids.end();
    (skip ? skipped : kept).push_back(std::move(matches[i]));
  }
  matches = std::move(kept);
  return skipped;
}

uint16_t FinalStatus(const Counts& counts, bool cancelled) {
  if (cancelled) return kCancelled;
  if (counts.failed > 0 && counts.completed + counts.warning == 0) return kUnableToPerform;
  return counts.failed + counts.warning > 0 ? kSomeFailed : 0;
}

// Sends the C-MOVE responses of one move. `mode` is the switch move.pending.
class Responses {
 public:
  Responses(T_ASC_Association* association, T_ASC_PresentationContextID context,
            const T_DIMSE_C_MoveRQ& request, std::string mode)
      : association_(association), context_(context), request_(request), mode_(std::move(mode)) {}

  OFCondition Pending(Counts counts) const {
    if (mode_ == "none") return EC_Normal;
    if (mode_ == "wrong") counts = Counts{9999, 0, 7, 3, {}};
    unsigned int elements =
        mode_ == "absent" ? 0 : O_MOVE_NUMBEROFREMAININGSUBOPERATIONS | kFinalCounts;
    return Send(kPending, counts, elements, nullptr);
  }

  OFCondition Final(uint16_t status, const Counts& counts) const {
    std::unique_ptr<DcmDataset> identifiers;
    if (!counts.failed_uids.empty()) {
      std::string uids;
      for (const std::string& one : counts.failed_uids) uids += (uids.empty() ? "" : "\\") + one;
      identifiers = std::make_unique<DcmDataset>();
      identifiers->putAndInsertString(DCM_FailedSOPInstanceUIDList, uids.c_str());
    }
    unsigned int elements = mode_ == "absent" ? 0 : kFinalCounts;
    if (status == kCancelled) elements |= O_MOVE_NUMBEROFREMAININGSUBOPERATIONS;
    return Send(status, counts, elements, identifiers.get());
  }

 private:
  static constexpr unsigned int kFinalCounts = O_MOVE_NUMBEROFCOMPLETEDSUBOPERATIONS |
                                               O_MOVE_NUMBEROFFAILEDSUBOPERATIONS |
                                               O_MOVE_NUMBEROFWARNINGSUBOPERATIONS;

  OFCondition Send(uint16_t status, const Counts& counts, unsigned int elements,
                   DcmDataset* identifiers) const {
    T_DIMSE_Message message = {};
    message.CommandField = DIMSE_C_MOVE_RSP;
    T_DIMSE_C_MoveRSP& response = message.msg.CMoveRSP;
    response.MessageIDBeingRespondedTo = request_.MessageID;
    std::copy(std::begin(request_.AffectedSOPClassUID), std::end(request_.AffectedSOPClassUID),
              std::begin(response.AffectedSOPClassUID));
    response.DataSetType = identifiers ? DIMSE_DATASET_PRESENT : DIMSE_DATASET_NULL;
    response.DimseStatus = status;
    response.NumberOfRemainingSubOperations = static_cast<DIC_US>(counts.remaining);
    response.NumberOfCompletedSubOperations = static_cast<DIC_US>(counts.completed);
    response.NumberOfFailedSubOperations = static_cast<DIC_US>(counts.failed);
    response.NumberOfWarningSubOperations = static_cast<DIC_US>(counts.warning);
    response.opts = O_MOVE_AFFECTEDSOPCLASSUID | elements;
    return DIMSE_sendMessageUsingMemoryData(association_, context_, &message, nullptr, identifiers,
                                            nullptr, nullptr);
  }

  T_ASC_Association* association_;
  T_ASC_PresentationContextID context_;
  const T_DIMSE_C_MoveRQ& request_;
  std::string mode_;
};

struct Course {
  Counts counts;
  bool cancelled = false;
  OFCondition client = EC_Normal;  // the end of its association, if it ended
};

// Tells of the sub-operations while they run.
Course Accompany(SubOperations& running, const Responses& responses, T_ASC_Association* association,
                 T_ASC_PresentationContextID context, uint16_t message_id, int skipped) {
  Course course;
  for (size_t seen = 0; !running.Done(seen);) {
    if (auto counts = running.Next(seen)) {
      ++seen;
      counts->remaining += skipped;
      if (counts->remaining > 0 && course.client.good()) {
        course.client = responses.Pending(*counts);
      }
    }
    if (course.cancelled || course.client.bad()) continue;
    OFCondition heard = DIMSE_checkForCancelRQ(association, context, message_id);
    if (heard.good()) {
      course.cancelled = true;
      running.Cancel();
    } else if (heard != DIMSE_NODATAAVAILABLE) {
      course.client = heard;  // the sub-operations go on, nobody is told
    }
  }
  course.counts = running.Now();
  course.counts.remaining += skipped;
  return course;
}

}  // namespace

bool Association::Move(T_ASC_PresentationContextID context, const T_DIMSE_C_MoveRQ& request) {
  auto identifier = ReceiveIdentifier(context);
  if (!identifier) return false;
  Query query(*identifier);
  std::string destination = request.MoveDestination;
  Responses responses(association_, context, request,
                      peer_.switches.Get<std::string>("move.pending"));
  json line = {{"level", query.level()},
               {"keys", query.Keys()},
               {"destination", destination},
               {"message_id", request.MessageID}};
  auto destinations = peer_.switches.Get<json>("destinations");
  Course course;
  uint16_t status = 0;
  if (auto forced = peer_.switches.TakeFinalStatus("move")) {
    status = *forced;
  } else if (!destinations.contains(destination)) {
    status = kUnknownDestination;
  } else if (!query.LevelKnown() || !(query.Hierarchical() || RelationalAllowed())) {
    status = kIdentifierDoesNotMatch;
  } else {
    auto matches = peer_.archive.Find(
        [&query](const Instance& instance) { return query.Matches(instance); }, /*is_query=*/false);
    auto skipped = TakeSkipped(peer_.switches, matches);
    bool tell = peer_.switches.Get<std::string>("move.skipped") == "failed";
    line["matches"] = matches.size();
    line["skipped"] = skipped.size();
    Note("move_begins", line);
    SubOperations running(peer_, connection_,
                          {.ae_title = destination,
                           .address = destinations[destination].get<std::string>(),
                           .originator = calling_,
                           .originator_id = request.MessageID},
                          std::move(matches));
    course = Accompany(running, responses, association_, context, request.MessageID,
                       tell ? static_cast<int>(skipped.size()) : 0);
    if (tell && !course.cancelled) {
      course.counts.remaining = 0;
      course.counts.failed += static_cast<int>(skipped.size());
      for (const Instance& one : skipped) course.counts.failed_uids.push_back(one.uid);
    }
    status = FinalStatus(course.counts, course.cancelled);
  }
  bool answer = MayAnswer("move");
  line.update({{"status", status},
               {"completed", course.counts.completed},
               {"failed", course.counts.failed},
               {"warning", course.counts.warning},
               {"answered", answer && course.client.good()}});
  Note("move", std::move(line));
  if (course.client.bad()) {
    End(course.client);
    return false;
  }
  return !answer || responses.Final(status, course.counts).good();
}

}  // namespace faulty
