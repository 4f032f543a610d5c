#include "router/dimse/status.h"

#include <algorithm>
#include <array>

namespace router::dimse {
namespace {

bool HasPending(Command request) {
  return request == Command::kCFindRq || request == Command::kCMoveRq ||
         request == Command::kCGetRq;
}

struct Named {
  uint16_t status;
  std::string_view name;
};

// PS3.7 Annex C.
constexpr std::array<Named, 27> kGeneral = {{
    {0x0000, "success"},
    {0x0001, "requested optional attributes not supported"},
    {0x0105, "no such attribute"},
    {0x0106, "invalid attribute value"},
    {0x0107, "attribute list error"},
    {0x0110, "processing failure"},
    {0x0111, "duplicate SOP instance"},
    {0x0112, "no such SOP instance"},
    {0x0113, "no such event type"},
    {0x0114, "no such argument"},
    {0x0115, "invalid argument value"},
    {0x0116, "attribute value out of range"},
    {0x0117, "invalid SOP instance"},
    {0x0118, "no such SOP class"},
    {0x0119, "class-instance conflict"},
    {0x0120, "missing attribute"},
    {0x0121, "missing attribute value"},
    {0x0122, "SOP class not supported"},
    {0x0123, "no such action"},
    {0x0124, "not authorized"},
    {0x0210, "duplicate invocation"},
    {0x0211, "unrecognized operation"},
    {0x0212, "mistyped argument"},
    {0x0213, "resource limitation"},
    {0xFE00, "cancelled"},
    {0xFF00, "pending"},
    {0xFF01, "pending, optional keys not supported"},
}};

// PS3.4 B.2.3.
std::string_view StoreName(uint16_t status) {
  if (status == 0xB000) return "coercion of data elements";
  if (status == 0xB006) return "elements discarded";
  if (status == 0xB007) return "data set does not match SOP class (warning)";
  if ((status & 0xFF00) == 0xA700) return "out of resources";
  if ((status & 0xFF00) == 0xA900) return "data set does not match SOP class";
  if ((status & 0xF000) == 0xC000) return "cannot understand";
  return {};
}

// PS3.4 C.4.1.1.4, C.4.2.1.5, C.4.3.1.4.
std::string_view QueryName(uint16_t status) {
  if (status == 0xB000) return "sub-operations complete, one or more failures or warnings";
  if (status == 0xA700) return "out of resources";
  if (status == 0xA701) return "out of resources: unable to count matches";
  if (status == 0xA702) return "out of resources: unable to perform sub-operations";
  if (status == 0xA801) return "move destination unknown";
  if (status == 0xA900) return "identifier does not match SOP class";
  if ((status & 0xF000) == 0xC000) return "unable to process";
  return {};
}

}  // namespace

StatusClass ClassOf(Command command, uint16_t status) {
  if (status == status::kSuccess) return StatusClass::kSuccess;
  if (HasPending(RequestOf(command))) {
    if (status == status::kPending || status == status::kPendingOptionalKeys)
      return StatusClass::kPending;
    if (status == status::kCancelled) return StatusClass::kCancel;
  }
  bool warns = status == 0x0001 || status == 0x0107 || status == 0x0116 ||
               (status & 0xF000) == 0xB000;  // PS3.7 C
  return warns ? StatusClass::kWarning : StatusClass::kFailure;
}

std::string_view NameOf(StatusClass status_class) {
  constexpr std::array<std::string_view, 5> kNames = {"success", "pending", "warning", "failure",
                                                      "cancel"};
  return kNames[static_cast<size_t>(status_class)];
}

std::string_view StatusName(Command command, uint16_t status) {
  Command request = RequestOf(command);
  std::string_view name;
  if (request == Command::kCStoreRq) name = StoreName(status);
  if (HasPending(request)) name = QueryName(status);
  if (!name.empty()) return name;
  auto found = std::ranges::find(kGeneral, status, &Named::status);
  bool is_general = found != kGeneral.end() && (status < 0xFE00 || HasPending(request));
  return is_general ? found->name : NameOf(ClassOf(command, status));
}

}  // namespace router::dimse
