#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "router/base/kind.h"
#include "router/base/uid.h"
#include "router/config/config.h"
#include "router/dataset/references.h"
#include "router/store/row.h"
#include "rules/profiles/aria.h"

namespace router::hold {

// What an instance demands of the application that it is for.
struct Requirements {
  std::vector<store::Requirement> references;  // distinct by uid: the strongest; order of mention
  std::vector<std::string> machines;           // distinct names of treatment machines (300A,00B2)
  bool treatment_device = false;               // (300A,000C): geometry without a structure set
  bool names_no_images = false;                // a structure set that should, in any way
};

using store::kListOnly;  // given up once nothing has come for `quiet_for`

// The paths to harvest for an object of this kind, by the table of the profile; `id` is the index
// of the rule in AriaReferences(). Any thread.
std::vector<dataset::WantedPath> PathsFor(Kind object);

// Turns a harvest into requirements by the table (facts.md §3) and the application's choices:
//
// - images of a structure set are the union of list and contours, or in their place, by choice, the
//   series or the frame of reference;
// - what of these is not named is made up for by the next: images, series, frame of reference;
// - a structure set is that which is named or, by choice, any of `study`;
// - a plan with TREATMENT_DEVICE geometry needs no structure set;
// - what is no UID by its form ("UNKNOWN", "0"), or is `self`, is noted and never waited for.
//
// Pure. Any thread.
Requirements RequirementsOf(Kind object, const Uid& self, const dataset::Harvest& harvest,
                            const config::Requirements& choices, const Uid& study = Uid());

// Where a plan names treatment machines.
std::vector<std::vector<dataset::Tag>> MachinePaths();

// The machine of `named` that is not among `known`, or empty if all are (or if none is known, or
// none is named). Exact after trimming padding: VMSDBD's own rule.
std::string UnknownMachine(std::span<const std::string> named, std::span<const std::string> known);

}  // namespace router::hold
