#pragma once
#include <cstdint>
#include <string_view>

#include "router/dimse/command_set.h"
#include "router/dimse/status.h"

// Command sets of messages that Sluice originates. PS3.7 9.3 (C), 10.3 (N).
namespace router::dimse {

struct MoveOriginator {
  AeTitle title;
  uint16_t message_id = 0;
};

CommandSet CEchoRq(uint16_t message_id);
CommandSet CStoreRq(uint16_t message_id, const Uid& sop_class, const Uid& sop_instance,
                    Priority priority = Priority::kMedium,
                    const std::optional<MoveOriginator>& originator = std::nullopt);
// Requests with an identifier: a data set follows.
CommandSet CFindRq(uint16_t message_id, const Uid& sop_class,
                   Priority priority = Priority::kMedium);
CommandSet CMoveRq(uint16_t message_id, const Uid& sop_class, const AeTitle& destination,
                   Priority priority = Priority::kMedium);
CommandSet CGetRq(uint16_t message_id, const Uid& sop_class, Priority priority = Priority::kMedium);
// With a data set: what happened.
CommandSet NEventReportRq(uint16_t message_id, const Uid& sop_class, const Uid& sop_instance,
                          uint16_t event_type);
CommandSet CCancelRq(uint16_t message_id_to_cancel);

// The response to any request, C or N, without a data set: message ID, SOP class and instance,
// event and action type as the request named them. `comment` is made fit for (0000,0902).
CommandSet Response(const CommandSet& request, uint16_t status, std::string_view comment = {});

CommandSet CEchoRsp(const CommandSet& request, uint16_t status = status::kSuccess);
CommandSet CStoreRsp(const CommandSet& request, uint16_t status, std::string_view comment = {});
// `has_identifier`: a pending C-FIND-RSP carries one.
CommandSet CFindRsp(const CommandSet& request, uint16_t status, bool has_identifier,
                    std::string_view comment = {});
// Identifier: the Failed SOP Instance UID List (0008,0058), never in a pending response.
CommandSet CMoveRsp(const CommandSet& request, uint16_t status, const Suboperations& counts,
                    bool has_identifier = false, std::string_view comment = {});
CommandSet CGetRsp(const CommandSet& request, uint16_t status, const Suboperations& counts,
                   bool has_identifier = false, std::string_view comment = {});

}  // namespace router::dimse
