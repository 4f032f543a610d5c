#include "router/dimse/command.h"

#include <algorithm>
#include <array>

namespace router::dimse {
namespace {

struct Row {
  Command request;
  std::string_view request_name, response_name, service;
};
constexpr std::array<Row, 12> kRows = {{
    {Command::kCStoreRq, "C-STORE-RQ", "C-STORE-RSP", "C-STORE"},
    {Command::kCGetRq, "C-GET-RQ", "C-GET-RSP", "C-GET"},
    {Command::kCFindRq, "C-FIND-RQ", "C-FIND-RSP", "C-FIND"},
    {Command::kCMoveRq, "C-MOVE-RQ", "C-MOVE-RSP", "C-MOVE"},
    {Command::kCEchoRq, "C-ECHO-RQ", "C-ECHO-RSP", "C-ECHO"},
    {Command::kNEventReportRq, "N-EVENT-REPORT-RQ", "N-EVENT-REPORT-RSP", "N-EVENT-REPORT"},
    {Command::kNGetRq, "N-GET-RQ", "N-GET-RSP", "N-GET"},
    {Command::kNSetRq, "N-SET-RQ", "N-SET-RSP", "N-SET"},
    {Command::kNActionRq, "N-ACTION-RQ", "N-ACTION-RSP", "N-ACTION"},
    {Command::kNCreateRq, "N-CREATE-RQ", "N-CREATE-RSP", "N-CREATE"},
    {Command::kNDeleteRq, "N-DELETE-RQ", "N-DELETE-RSP", "N-DELETE"},
    {Command::kCCancelRq, "C-CANCEL-RQ", "", "C-CANCEL"},
}};

// nullptr also for 8FFFH: C-CANCEL has no response.
const Row* Find(Command command) {
  auto found = std::ranges::find(kRows, RequestOf(command), &Row::request);
  if (found == kRows.end()) return nullptr;
  if (IsResponse(command) && found->response_name.empty()) return nullptr;
  return found;
}

}  // namespace

bool IsKnown(Command command) { return Find(command) != nullptr; }

std::string_view NameOf(Command command) {
  const Row* row = Find(command);
  if (!row) return "unknown";
  return IsResponse(command) ? row->response_name : row->request_name;
}

std::string_view ServiceOf(Command command) {
  const Row* row = Find(command);
  return row ? row->service : "unknown";
}

}  // namespace router::dimse
