#include "router/session/admit.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "router/base/text.h"
#include "router/dimse/sop_classes.h"

namespace router::session {
namespace {

using config::Application;
using config::Client;
using config::Config;
using config::IpAddress;
using config::Operation;

std::string Quoted(const AeTitle& title) { return "\"" + Printable(title.view()) + "\""; }

// PS3.8 Table 9-21: permanent, by the service user; 1: no reason given, 3: calling, 7: called AE
// title not recognized.
Rejected Reject(RejectReason why, std::string for_log) {
  constexpr uint8_t kPermanent = 1, kServiceUser = 1;
  constexpr std::array<uint8_t, 4> kReasons = {3, 3, 7, 1};  // by RejectReason
  return {kPermanent, kServiceUser, kReasons[static_cast<size_t>(why)], why, std::move(for_log)};
}

std::string Nearest(const AeTitle& title, const std::vector<std::string>& among) {
  std::string nearest = NearestOf(title.view(), among);
  return nearest.empty() ? "" : "; the nearest configured one is \"" + nearest + "\"";
}

std::vector<std::string> CalledTitles(const Config& config) {
  std::vector<std::string> titles;
  for (const Application& application : config.applications) {
    if (!application.address) continue;
    titles.push_back(application.ae_title.str());
    titles.push_back(application.name);
    for (const AeTitle& title : application.also_called) titles.push_back(title.str());
  }
  return titles;
}

std::vector<std::string> CallingTitles(const Config& config) {
  std::vector<std::string> titles;
  for (const Client& client : config.clients)
    titles.insert(titles.end(), client.ae_titles.begin(), client.ae_titles.end());
  for (const Application& application : config.applications)
    titles.push_back(application.ae_title.str());
  return titles;
}

std::string Listed(const std::vector<config::Cidr>& ranges) {
  std::string text;
  for (const config::Cidr& range : ranges) text += (text.empty() ? "" : ", ") + range.str();
  return text.empty() ? "nowhere" : text;
}

Rejected RejectCaller(const Config& config, const Caller& caller) {
  std::string from = Printable(caller.address);
  for (const Client& client : config.clients)
    if (client.HasTitle(caller.calling))
      return Reject(RejectReason::kAddressUnknown,
                    "client " + Quoted(caller.calling) + " may call from " + Listed(client.from) +
                        ", not from " + from + "; if it is meant to, add that to its from");
  const Application* application = config.FindApplicationByCalledTitle(caller.calling);
  if (!application)
    return Reject(RejectReason::kCallingUnknown,
                  "calling AE title " + Quoted(caller.calling) + " from " + from +
                      " is not configured" + Nearest(caller.calling, CallingTitles(config)) +
                      "; correct it at the caller or add it to clients");
  if (config.IsOurTitle(caller.called))
    return Reject(RejectReason::kAddressUnknown,
                  "application " + application->name + " calls us from " +
                      Listed(application->from) + ", not from " + from +
                      "; if that is its address, add it to its from");
  return Reject(RejectReason::kCallingUnknown, "application " + application->name +
                                                   " is not listed as a client, so it may not "
                                                   "call " +
                                                   Quoted(caller.called) +
                                                   "; if it is meant to, add it to clients");
}

Rejected RejectCalled(const Config& config, const Caller& caller, bool brings_sub_operations) {
  std::string text = "called AE title " + Quoted(caller.called);
  if (brings_sub_operations) {
    std::vector<std::string> ours;
    for (const AeTitle& title : config.OurTitles()) ours.push_back(title.str());
    return Reject(RejectReason::kCalledUnknown,
                  text + " is none of ours" + Nearest(caller.called, ours) +
                      "; if C-MOVEs are to use it, add it to move_as");
  }
  if (const Application* silent = config.FindApplicationByCalledTitle(caller.called))
    return Reject(RejectReason::kCalledUnknown,
                  text + " is application " + silent->name +
                      ", which has no address; add one if clients are to call it");
  return Reject(RejectReason::kCalledUnknown,
                text + " is no application" + Nearest(caller.called, CalledTitles(config)) +
                    "; correct it at the caller or add it to also_called");
}

// Ours by the implementation class UID, by a calling title of ours, and on its way to an
// application: it would go round for ever. Another Sluice has other titles.
bool IsLoop(const Config& config, const Caller& caller, const Uid& ours) {
  return !ours.empty() && caller.implementation_class == ours &&
         config.IsOurTitle(caller.calling) && config.FindApplicationByCalledTitle(caller.called);
}

Rejected RejectLoop(const Config& config, const Caller& caller) {
  const Application* application = config.FindApplicationByCalledTitle(caller.called);
  return Reject(RejectReason::kLoop,
                "this association is our own: calling " + application->name +
                    " led back to us. Let its address (" +
                    (application->address ? application->address->str() : "none") +
                    ") be that of the application, not of this router, and see that no port "
                    "forwarding leads here");
}

// Classes outside the families that dimse knows, with their C-FIND, C-MOVE or C-GET: Defined
// Procedure Protocol, Hanging Protocol, Color Palette, Implant Template (PS3.4), …
struct Service {
  std::string_view uid;
  Operation operation;
};
constexpr std::array kServices = std::to_array<Service>({
    {"1.2.840.10008.1.1", Operation::kEcho},
    {"1.2.840.10008.1.20.1", Operation::kCommit},
    {"1.2.840.10008.1.42", Operation::kNormalized},  // Substance Administration Logging
    {"1.2.840.10008.5.1.4.20.1", Operation::kFind},  // Defined Procedure Protocol
    {"1.2.840.10008.5.1.4.20.2", Operation::kMove},
    {"1.2.840.10008.5.1.4.20.3", Operation::kGet},
    {"1.2.840.10008.5.1.4.37.1", Operation::kFind},  // Relevant Patient Information
    {"1.2.840.10008.5.1.4.37.2", Operation::kFind},
    {"1.2.840.10008.5.1.4.37.3", Operation::kFind},
    {"1.2.840.10008.5.1.4.38.2", Operation::kFind},  // Hanging Protocol
    {"1.2.840.10008.5.1.4.38.3", Operation::kMove},
    {"1.2.840.10008.5.1.4.38.4", Operation::kGet},
    {"1.2.840.10008.5.1.4.39.2", Operation::kFind},  // Color Palette
    {"1.2.840.10008.5.1.4.39.3", Operation::kMove},
    {"1.2.840.10008.5.1.4.39.4", Operation::kGet},
    {"1.2.840.10008.5.1.4.41", Operation::kFind},    // Product Characteristics
    {"1.2.840.10008.5.1.4.42", Operation::kFind},    // Substance Approval
    {"1.2.840.10008.5.1.4.43.2", Operation::kFind},  // Implant Template, Assembly, Group
    {"1.2.840.10008.5.1.4.43.3", Operation::kMove},
    {"1.2.840.10008.5.1.4.43.4", Operation::kGet},
    {"1.2.840.10008.5.1.4.44.2", Operation::kFind},
    {"1.2.840.10008.5.1.4.44.3", Operation::kMove},
    {"1.2.840.10008.5.1.4.44.4", Operation::kGet},
    {"1.2.840.10008.5.1.4.45.2", Operation::kFind},
    {"1.2.840.10008.5.1.4.45.3", Operation::kMove},
    {"1.2.840.10008.5.1.4.45.4", Operation::kGet},
    {"1.2.840.10008.5.1.4.1.1.200.4", Operation::kFind},  // Protocol Approval
    {"1.2.840.10008.5.1.4.1.1.200.5", Operation::kMove},
    {"1.2.840.10008.5.1.4.1.1.200.6", Operation::kGet},
    {"1.2.840.10008.5.1.4.1.1.201.2", Operation::kFind},  // Inventory
    {"1.2.840.10008.5.1.4.1.1.201.3", Operation::kMove},
    {"1.2.840.10008.5.1.4.1.1.201.4", Operation::kGet},
    {"1.2.840.10008.5.1.4.1.1.201.5", Operation::kNormalized},
});

// The one operation that a class serves; nothing for storage, and for what serves several.
std::optional<Operation> ServiceOf(const Uid& abstract_syntax) {
  switch (dimse::QueryServiceOf(abstract_syntax.view())) {
    case dimse::QueryService::kFind:
      return Operation::kFind;
    case dimse::QueryService::kMove:
      return Operation::kMove;
    case dimse::QueryService::kGet:
      return Operation::kGet;
    case dimse::QueryService::kNone:
      break;
  }
  auto found = std::ranges::find(kServices, abstract_syntax.view(), &Service::uid);
  if (found == kServices.end()) return std::nullopt;
  return found->operation;
}

// N-services of the standard: procedure steps, print, instance availability, logging, display.
bool IsNormalizedClass(const Uid& uid) {
  constexpr std::array<std::string_view, 4> kRoots = {"1.2.840.10008.3.1.2.",
                                                      "1.2.840.10008.5.1.1.", "1.2.840.10008.1.40",
                                                      "1.2.840.10008.5.1.4.33"};
  return std::ranges::any_of(kRoots, [&](auto root) { return uid.view().starts_with(root); });
}

// Unified Procedure Steps (PS3.4 CC) and what belongs to them: N-services, with some C-FIND.
bool IsProcedureStepClass(const Uid& uid) {
  return uid.view().starts_with("1.2.840.10008.5.1.4.34.") && !dimse::IsStorage(uid.view());
}

}  // namespace

std::string_view NameOf(RejectReason reason) {
  constexpr std::array<std::string_view, 5> kNames = {"calling_unknown", "address_unknown",
                                                      "called_unknown", "loop", "limit"};
  return kNames[static_cast<size_t>(reason)];
}

Admission Admit(const Config& config, const Caller& caller, const Uid& ours,
                const Application* routed) {
  if (IsLoop(config, caller, ours)) return RejectLoop(config, caller);
  auto address = IpAddress::Parse(caller.address);
  if (!address) return RejectCaller(config, caller);

  const Client* client = config.FindClient(caller.calling, *address);
  const Application* upstream = config.FindApplicationByAddressAndCalling(*address, caller.calling);
  if (!client && !upstream) return RejectCaller(config, caller);

  // An application first: call_as may lend us the title of another one.
  const Application* called = config.FindApplicationByCalledTitle(caller.called);
  if (client && routed && routed->address) return AdmittedClient{client, routed};
  if (client && called && called->address) return AdmittedClient{client, called};
  if (config.IsOurTitle(caller.called)) {
    if (upstream) return SubOperations{upstream, caller.called};
    return OwnEcho{client, caller.called};
  }
  if (!client && called) return RejectCaller(config, caller);
  return RejectCalled(config, caller, !client);
}

bool MayUse(const Client& client, dimse::Command request, const Uid& abstract_syntax) {
  using enum dimse::Command;
  switch (request) {
    case kCStoreRq:
      return client.May(Operation::kStore);
    case kCGetRq:
      return client.May(Operation::kGet);
    case kCFindRq:
      return client.May(Operation::kFind);
    case kCMoveRq:
      return client.May(Operation::kMove);
    case kCEchoRq:
    case kCCancelRq:
      return true;
    case kNEventReportRq:
    case kNGetRq:
    case kNSetRq:
    case kNActionRq:
    case kNCreateRq:
    case kNDeleteRq:
      return client.May(ServiceOf(abstract_syntax) == Operation::kCommit ? Operation::kCommit
                                                                         : Operation::kNormalized);
    default:
      return false;  // no request, or none of PS3.7
  }
}

bool ContextPermitted(const Client& client, const Uid& abstract_syntax) {
  if (auto operation = ServiceOf(abstract_syntax))
    return *operation == Operation::kEcho || client.May(*operation);
  if (IsNormalizedClass(abstract_syntax)) return client.May(Operation::kNormalized);
  if (IsProcedureStepClass(abstract_syntax))
    return client.May(Operation::kNormalized) || client.May(Operation::kFind);
  // Sub-operations of a C-GET come on storage contexts of the client's.
  bool takes_instances = client.May(Operation::kStore) || client.May(Operation::kGet);
  if (dimse::IsStorage(abstract_syntax.view())) return takes_instances;
  return takes_instances || client.May(Operation::kNormalized);
}

}  // namespace router::session
