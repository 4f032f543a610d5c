#include "rules/decisions.h"

#include "rules/command.h"
#include "rules/then.h"

namespace rules {

std::string_view NameOf(Topic topic) {
  constexpr std::array<std::string_view, kTopics> kNames = {
      "to",   "calling",           "called", "move_to",  "copy_to",     "hold", "queue", "outcome",
      "edit", "retrieve_ae_title", "limit",  "priority", "acknowledge", "log"};
  return kNames[static_cast<size_t>(topic)];
}

Phase LatestFor(Topic topic) {
  return topic == Topic::kCalling || topic == Topic::kCalled ? Phase::kAssociation : Phase::kEnd;
}

uint32_t TopicsOf(uint16_t command_field) {
  constexpr uint32_t kAlways = BitOf(Topic::kTo) | BitOf(Topic::kCalling) | BitOf(Topic::kCalled) |
                               BitOf(Topic::kOutcome) | BitOf(Topic::kLimit) | BitOf(Topic::kLog);
  constexpr uint32_t kOfStore = BitOf(Topic::kCopyTo) | BitOf(Topic::kHold) | BitOf(Topic::kQueue) |
                                BitOf(Topic::kPriority) | BitOf(Topic::kAcknowledge);
  const size_t command = CommandIndex(command_field);
  uint32_t topics = kAlways;
  if (HasDataSet(command)) topics |= BitOf(Topic::kEdit);
  if (command == kStore) topics |= kOfStore;
  if (command == kMove) topics |= BitOf(Topic::kMoveTo);
  if (command == kFind) topics |= BitOf(Topic::kRetrieveAeTitle);
  return topics;
}

}  // namespace rules
