#include <algorithm>

#include "rules/checks.h"
#include "rules/element_path.h"

namespace rules {
namespace {

using Kind = router::ElementEdit::Kind;

constexpr std::string_view kHalcyonPlan = "1.2.246.352.70.1.70";  // private, of Varian

// An application with profile `aria` to which what the rule edits may go, and that does not allow
// edits itself.
const KnownApplication* ClinicalTarget(const Rule& rule, const World& world) {
  const auto is_target = [&](const KnownApplication& application) {
    if (application.profile != Profile::kAria || application.clinical_edit) return false;
    const auto& copies = rule.then.copy_to;
    if (copies && std::ranges::find(*copies, application.name) != copies->end()) return true;
    if (rule.then.to) return *rule.then.to == application.name;
    return !rule.when || rule.when->Suppose({.application = &application.name}) != Truth::kNo;
  };
  auto found = std::ranges::find_if(world.applications, is_target);
  return found == world.applications.end() ? nullptr : &*found;
}

// May an instance that the rule is about be a plan? By its SOP class, or by its Modality where the
// class is not known.
bool MayBePlan(const Rule& rule, const Dictionary& dictionary) {
  if (!(rule.commands & (1u << kStore))) return false;
  if (!rule.when) return true;
  std::vector<std::string> plans = dictionary.SopClassesOf("plan");
  plans.emplace_back(kHalcyonPlan);
  std::vector<std::string> named, known;
  rule.when->AddSopClasses(named);
  for (const std::string& word : dictionary.SopClassWords())
    for (std::string& uid : dictionary.SopClassesOf(word)) known.push_back(std::move(uid));
  for (std::string& uid : named)
    if (std::ranges::find(known, uid) == known.end()) plans.push_back(std::move(uid));
  return std::ranges::any_of(plans, [&](const std::string& uid) {
    return rule.when->Suppose({.sop_class = &uid}) != Truth::kNo;
  });
}

// Does the edit change a UID, or take some away?
bool ChangesUids(const router::ElementEdit& edit, const Dictionary& dictionary) {
  if (edit.kind == Kind::kRemovePrivate || edit.kind == Kind::kCharacterSet) return false;
  const std::string vr = VrOf(edit.path, dictionary);
  return vr == "UI" ||
         (vr == "SQ" && dictionary.KeywordOf(edit.path.steps.back().tag).starts_with("Referenced"));
}

}  // namespace

void CheckClinicalEdits(const ReadRule& read, Scope& scope) {
  const Rule& rule = read.rule;
  if (read.draft.clinical_edit && rule.then.edits.empty())
    scope.problems.Warn(read.PlaceOf("clinical_edit"),
                        "clinical_edit has no effect: the rule edits nothing");
  if (read.draft.clinical_edit || rule.then.edits.empty() || rule.commands == 0) return;
  const KnownApplication* target = ClinicalTarget(rule, scope.world);
  if (!target) return;
  const std::string allow = "; \"clinical_edit: true\" allows it";
  const bool plans = MayBePlan(rule, scope.dictionary);
  for (size_t i = 0; i < rule.then.edits.size(); ++i) {
    const router::ElementEdit& edit = rule.then.edits[i];
    const Positioned& place = *read.draft.edit_places[i];
    if (ChangesUids(edit, scope.dictionary))
      scope.problems.Error(place, "\"" + edit.text + "\" changes UIDs on the way to " +
                                      Quoted(target->name) + " (profile aria)" + allow);
    else if (plans)
      scope.problems.Error(place, "\"" + edit.text + "\" may change a plan on the way to " +
                                      Quoted(target->name) +
                                      " (profile aria): exclude plans by sop_class" + allow);
  }
}

}  // namespace rules
