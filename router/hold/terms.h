#pragma once
#include <optional>

#include "router/config/config.h"

namespace router::hold {

// What is settled for one instance in place of what its application's configuration says; what is
// absent stays as configured. Only judging needs them: what they decide later is in the verdict,
// and through the Acceptance in the row, so neither a restart nor another configuration changes it.
// What they leave as configured follows the configuration, as it does for a row without any.
struct Terms {
  // In place of config::Requirements.
  std::optional<config::Strength> structure_set_images, plan_structure_set, dose_plan,
      dose_structure_set, record_plan, registration_images;
  std::optional<config::MatchImages> match_images;
  std::optional<config::MatchStructureSets> match_structure_sets;
  std::optional<config::NoImages> no_images;
  // In place of config::Hold.
  std::optional<config::Duration> warn_after, at_most;
  std::optional<config::AfterDeadline> then;
  // False: it waits for nothing. What it refers to is noted and not asked about; its machine and
  // its patient are looked at all the same.
  bool hold = true;
  // In place of the client's: `wait` here goes before Judge's `patience`; `then` is the caller's.
  std::optional<config::Acknowledge> acknowledge;

  bool operator==(const Terms&) const = default;
};

// What the application's are, under these terms.
config::Requirements Under(const Terms& terms, config::Requirements of);
config::Hold Under(const Terms& terms, config::Hold of);

}  // namespace router::hold
