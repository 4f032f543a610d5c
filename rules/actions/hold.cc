#include "rules/actions/hold.h"

#include "rules/words.h"

namespace rules {
namespace {

using Strength = HoldTerms::Strength;

template <class T, class Parse>
bool Optional(Fields& fields, std::string_view key, std::optional<T>& target, Parse parse) {
  T value{};
  if (fields.Value(key, value, parse)) target = std::move(value);
  return !fields.Written(key) || target.has_value();
}

bool ReadTerms(Fields& fields, HoldTerms& terms) {
  const auto strength =
      WordOf<Strength>({{"required", Strength::kRequired}, {"noted", Strength::kNoted}});
  bool good = Optional(fields, "warn_after", terms.warn_after, ParseDuration);
  good &= Optional(fields, "at_most", terms.at_most, ParseDuration);
  good &= Optional(fields, "then", terms.then,
                   WordOf<HoldTerms::Then>({{"quarantine", HoldTerms::Then::kQuarantine},
                                            {"send", HoldTerms::Then::kSend}}));
  good &= Optional(fields, "structure_set_images", terms.structure_set_images, strength);
  good &= Optional(fields, "plan_structure_set", terms.plan_structure_set, strength);
  good &= Optional(fields, "dose_plan", terms.dose_plan, strength);
  good &= Optional(fields, "dose_structure_set", terms.dose_structure_set, strength);
  good &= Optional(fields, "record_plan", terms.record_plan, strength);
  good &= Optional(fields, "registration_images", terms.registration_images, strength);
  using Images = HoldTerms::MatchImages;
  good &= Optional(fields, "match_images", terms.match_images,
                   WordOf<Images>({{"instance", Images::kInstance},
                                   {"series", Images::kSeries},
                                   {"frame_of_reference", Images::kFrameOfReference}}));
  using Sets = HoldTerms::MatchStructureSets;
  good &= Optional(fields, "match_structure_sets", terms.match_structure_sets,
                   WordOf<Sets>({{"instance", Sets::kInstance}, {"study", Sets::kStudy}}));
  return good && fields.AllKnown();
}

}  // namespace

bool ParseHold(const Positioned& node, Scope& scope, Draft& draft) {
  HoldTerms terms;
  if (node.form == Positioned::Form::kScalar) {
    terms.off = node.scalar == "off";
    if (!terms.off)
      scope.problems.Error(node,
                           "hold: " + Quoted(node.scalar) + " is neither off nor a map of terms");
    draft.then.hold = terms;
    return terms.off;
  }
  Fields fields("hold", node, scope.problems);
  if (!fields.is_map()) return false;
  const bool good = ReadTerms(fields, terms);
  if (good && terms.warn_after && terms.at_most && *terms.warn_after >= *terms.at_most)
    scope.problems.Warn(node,
                        "hold: warn_after is not before at_most, so nobody is warned in time");
  draft.then.hold = terms;
  return good;
}

}  // namespace rules
