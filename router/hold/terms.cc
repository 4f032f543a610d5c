#include "router/hold/terms.h"

namespace router::hold {

config::Requirements Under(const Terms& terms, config::Requirements of) {
  of.structure_set_images = terms.structure_set_images.value_or(of.structure_set_images);
  of.plan_structure_set = terms.plan_structure_set.value_or(of.plan_structure_set);
  of.dose_plan = terms.dose_plan.value_or(of.dose_plan);
  of.dose_structure_set = terms.dose_structure_set.value_or(of.dose_structure_set);
  of.record_plan = terms.record_plan.value_or(of.record_plan);
  of.registration_images = terms.registration_images.value_or(of.registration_images);
  of.match_images = terms.match_images.value_or(of.match_images);
  of.match_structure_sets = terms.match_structure_sets.value_or(of.match_structure_sets);
  of.no_images = terms.no_images.value_or(of.no_images);
  return of;
}

config::Hold Under(const Terms& terms, config::Hold of) {
  of.warn_after = terms.warn_after.value_or(of.warn_after);
  of.at_most = terms.at_most.value_or(of.at_most);
  of.then = terms.then.value_or(of.then);
  return of;
}

}  // namespace router::hold
