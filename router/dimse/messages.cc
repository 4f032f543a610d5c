#include "router/dimse/messages.h"

#include <utility>

#include "router/dimse/sop_classes.h"

namespace router::dimse {
namespace {

CommandSet Request(Command command, uint16_t message_id, const Uid& sop_class, bool has_data_set) {
  CommandSet set(command, has_data_set);
  set.SetMessageId(message_id);
  set.SetAffectedSopClass(sop_class);
  return set;
}

CommandSet QueryRequest(Command command, uint16_t message_id, const Uid& sop_class,
                        Priority priority) {
  CommandSet set = Request(command, message_id, sop_class, true);
  set.SetPriority(priority);
  return set;
}

CommandSet WithCounts(const CommandSet& request, uint16_t status, const Suboperations& counts,
                      bool has_identifier, std::string_view comment) {
  CommandSet response = Response(request, status, comment);
  response.SetSuboperations(counts);
  response.SetHasDataSet(has_identifier);
  return response;
}

}  // namespace

CommandSet CEchoRq(uint16_t message_id) {
  return Request(Command::kCEchoRq, message_id, Uid(uid::kVerification), false);
}

CommandSet CStoreRq(uint16_t message_id, const Uid& sop_class, const Uid& sop_instance,
                    Priority priority, const std::optional<MoveOriginator>& originator) {
  CommandSet set = Request(Command::kCStoreRq, message_id, sop_class, true);
  set.SetAffectedSopInstance(sop_instance);
  set.SetPriority(priority);
  if (originator) set.SetMoveOriginator(originator->title, originator->message_id);
  return set;
}

CommandSet CFindRq(uint16_t message_id, const Uid& sop_class, Priority priority) {
  return QueryRequest(Command::kCFindRq, message_id, sop_class, priority);
}

CommandSet CMoveRq(uint16_t message_id, const Uid& sop_class, const AeTitle& destination,
                   Priority priority) {
  CommandSet set = QueryRequest(Command::kCMoveRq, message_id, sop_class, priority);
  set.SetMoveDestination(destination);
  return set;
}

CommandSet CGetRq(uint16_t message_id, const Uid& sop_class, Priority priority) {
  return QueryRequest(Command::kCGetRq, message_id, sop_class, priority);
}

CommandSet NEventReportRq(uint16_t message_id, const Uid& sop_class, const Uid& sop_instance,
                          uint16_t event_type) {
  CommandSet set = Request(Command::kNEventReportRq, message_id, sop_class, true);
  set.SetAffectedSopInstance(sop_instance);
  set.SetUs(element::kEventType, event_type);
  return set;
}

CommandSet CCancelRq(uint16_t message_id_to_cancel) {
  CommandSet set(Command::kCCancelRq);
  set.SetMessageIdRespondedTo(message_id_to_cancel);
  return set;
}

CommandSet Response(const CommandSet& request, uint16_t status, std::string_view comment) {
  CommandSet response(ResponseTo(request.command()));
  response.SetMessageIdRespondedTo(request.message_id());
  response.SetStatus(status);
  response.SetAffectedSopClass(request.sop_class());
  response.SetAffectedSopInstance(request.sop_instance());
  for (uint16_t element : {element::kEventType, element::kActionType})
    if (auto value = request.FindUs(element)) response.SetUs(element, *value);
  response.SetErrorComment(comment);
  return response;
}

CommandSet CEchoRsp(const CommandSet& request, uint16_t status) {
  return Response(request, status);
}

CommandSet CStoreRsp(const CommandSet& request, uint16_t status, std::string_view comment) {
  return Response(request, status, comment);
}

CommandSet CFindRsp(const CommandSet& request, uint16_t status, bool has_identifier,
                    std::string_view comment) {
  CommandSet response = Response(request, status, comment);
  response.SetHasDataSet(has_identifier);
  return response;
}

CommandSet CMoveRsp(const CommandSet& request, uint16_t status, const Suboperations& counts,
                    bool has_identifier, std::string_view comment) {
  return WithCounts(request, status, counts, has_identifier, comment);
}

CommandSet CGetRsp(const CommandSet& request, uint16_t status, const Suboperations& counts,
                   bool has_identifier, std::string_view comment) {
  return WithCounts(request, status, counts, has_identifier, comment);
}

}  // namespace router::dimse
