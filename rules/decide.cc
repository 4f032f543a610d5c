#include "rules/decide.h"

#include <optional>
#include <utility>

#include "rules/profiles/aria.h"

namespace rules {
namespace {

constexpr uint16_t kCStoreRq = 0x0001, kCMoveRq = 0x0021;  // PS3.7 E.1
constexpr uint16_t kMoveDestinationUnknown = 0xA801;       // PS3.4 C.4.2.1.5

Step DecideStore(const Facts& facts) {
  if (facts.profile != Profile::kAria) return Relay{};
  if (!facts.kind) return NeedModality{};
  if (!AriaMayHold(*facts.kind)) return Relay{};
  return Hold{*facts.kind};
}

Step DecideMove(const Facts& facts) {
  switch (facts.destination) {
    case DestinationFact::kReachable:
      return CarryMove{};
    case DestinationFact::kNamed:
      return ForwardMove{};
    case DestinationFact::kNone:
    case DestinationFact::kUnknown:
      break;
  }
  if (facts.refuse_unknown_destinations)
    return Refuse{kMoveDestinationUnknown, "this move destination is not configured"};
  return ForwardMove{};
}

// What `mode: observe` does in place of a step: nothing that anybody could notice but the titles.
std::optional<Step> Instead(const Step& step, const Facts& facts) {
  if (facts.mode == Mode::kEnforce) return std::nullopt;
  bool is_move = facts.command_field == kCMoveRq;
  Step harmless = is_move ? Step(ForwardMove{}) : Step(Relay{});
  if (step == harmless) return std::nullopt;
  return harmless;
}

}  // namespace

Plan Decide(const Facts& facts) {
  Step step = Relay{};
  if (facts.command_field == kCStoreRq) step = DecideStore(facts);
  if (facts.command_field == kCMoveRq) step = DecideMove(facts);
  if (auto instead = Instead(step, facts)) return {std::move(*instead), {std::move(step)}};
  return {std::move(step), {}};
}

}  // namespace rules
