#include "rules/actions.h"

#include <algorithm>

#include "rules/actions/acknowledge.h"
#include "rules/actions/called.h"
#include "rules/actions/calling.h"
#include "rules/actions/character_set.h"
#include "rules/actions/copy.h"
#include "rules/actions/copy_to.h"
#include "rules/actions/drop.h"
#include "rules/actions/hold.h"
#include "rules/actions/limit.h"
#include "rules/actions/log.h"
#include "rules/actions/move_to.h"
#include "rules/actions/priority.h"
#include "rules/actions/queue.h"
#include "rules/actions/refuse.h"
#include "rules/actions/remove.h"
#include "rules/actions/remove_private.h"
#include "rules/actions/replace.h"
#include "rules/actions/retrieve_ae_title.h"
#include "rules/actions/set.h"
#include "rules/actions/to.h"
#include "rules/values.h"

namespace rules {
namespace {

constexpr Action kActions[] = {
    {"to", Topic::kTo, ParseTo},
    {"calling", Topic::kCalling, ParseCalling},
    {"called", Topic::kCalled, ParseCalled},
    {"move_to", Topic::kMoveTo, ParseMoveTo},
    {"copy_to", Topic::kCopyTo, ParseCopyTo},
    {"hold", Topic::kHold, ParseHold},
    {"queue", Topic::kQueue, ParseQueue},
    {"refuse", Topic::kOutcome, ParseRefuse},
    {"drop", Topic::kOutcome, ParseDrop},
    {"set", Topic::kEdit, ParseSet},
    {"remove", Topic::kEdit, ParseRemove},
    {"copy", Topic::kEdit, ParseCopy},
    {"replace", Topic::kEdit, ParseReplace},
    {"character_set", Topic::kEdit, ParseCharacterSet},
    {"remove_private", Topic::kEdit, ParseRemovePrivate},
    {"retrieve_ae_title", Topic::kRetrieveAeTitle, ParseRetrieveAeTitle},
    {"limit", Topic::kLimit, ParseLimit},
    {"priority", Topic::kPriority, ParsePriority},
    {"acknowledge", Topic::kAcknowledge, ParseAcknowledge},
    {"log", Topic::kLog, ParseLog},
};
constexpr std::string_view kClinicalEdit = "clinical_edit";  // allows edits; is none itself

bool ParseClinicalEdit(const Positioned& node, Scope& scope, Draft& draft) {
  if (!IsScalar(kClinicalEdit, node, scope.problems)) return false;
  auto value = ParseBool(node.scalar);
  if (!value) scope.problems.Error(node, "clinical_edit: " + value.error().detail);
  draft.clinical_edit = value && *value;
  return value.has_value();
}

bool ParseUnknown(const Positioned& key, Scope& scope) {
  std::vector<std::string> known;
  for (const Action& action : kActions) known.emplace_back(action.key);
  known.emplace_back(kClinicalEdit);
  scope.problems.Error(key, "unknown action " + Quoted(key.scalar) + Suggest(key.scalar, known));
  return false;
}

}  // namespace

std::span<const Action> Actions() { return kActions; }

bool ParseThen(const Positioned& node, Scope& scope, Draft& draft) {
  if (!IsMap("then", node, scope.problems)) return false;
  bool good = true;
  for (size_t i = 0; i < node.keys.size(); ++i) {
    const Positioned &key = node.keys[i], &value = node.values[i];
    auto action = std::ranges::find(kActions, key.scalar, &Action::key);
    if (action != std::end(kActions)) {
      good &= action->parse(value, scope, draft);
      draft.then.topics |= BitOf(action->topic);
    } else {
      good &= key.scalar == kClinicalEdit ? ParseClinicalEdit(value, scope, draft)
                                          : ParseUnknown(key, scope);
    }
  }
  if (good && draft.then.topics == 0) {
    scope.problems.Error(node, "then has no action");
    return false;
  }
  return good;
}

}  // namespace rules
