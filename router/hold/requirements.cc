#include "router/hold/requirements.h"

#include <algorithm>
#include <map>

#include "router/base/log.h"
#include "router/base/text.h"

namespace router::hold {
namespace {

using rules::ReferenceRule;
using rules::Target;
using store::Requirement;
using store::Strength;

constexpr std::string_view kListPath = "30060010/30060012/30060014/30060016/";
constexpr std::string_view kContourPath = "30060039/";
constexpr std::string_view kTreatmentDevice = "TREATMENT_DEVICE";

// What the application says where it may choose, else the table.
Strength StrengthOf(const ReferenceRule& rule, const config::Requirements& choices) {
  auto chosen = [](config::Strength strength) {
    return strength == config::Strength::kRequired ? Strength::kRequired : Strength::kNoted;
  };
  switch (rule.choice) {
    case rules::Choice::kDoseStructureSet:
      return chosen(choices.dose_structure_set);
    case rules::Choice::kRecordPlan:
      return chosen(choices.record_plan);
    case rules::Choice::kRegistrationImages:
      return chosen(choices.registration_images);
    case rules::Choice::kNone:
      break;
  }
  return rule.strength == rules::Strength::kRequired ? Strength::kRequired : Strength::kNoted;
}

// Collects references, one for each UID, and what the whole of them says.
class Collector {
 public:
  Collector(Uid self, const dataset::Harvest& harvest, const config::Requirements& choices)
      : self_(std::move(self)), choices_(choices) {
    all_.treatment_device = TrimSpaces(harvest.plan_geometry) == kTreatmentDevice;
  }

  void Add(const dataset::Found& found, const ReferenceRule& rule) {
    switch (rule.target) {
      case Target::kMachine:
        return AddMachine(found);
      case Target::kSeries:
        if (std::ranges::find(series_, found.uid) == series_.end()) series_.push_back(found.uid);
        return;
      case Target::kFrameOfReference:
        return Merge(Make(found, rule, store::Level::kFrameOfReference, Strength::kNoted));
      case Target::kInstance:
        break;
    }
    Strength strength = StrengthOf(rule, choices_);
    if (rule.to == Kind::kStructureSet && all_.treatment_device) strength = Strength::kNoted;
    if (rule.path.starts_with(kContourPath)) contours_.push_back(found.uid);
    if (rule.path.starts_with(kListPath)) listed_.push_back(found.uid);
    Merge(Make(found, rule, store::Level::kInstance, strength));
  }

  Requirements Finish() {
    FallBackToSeries();
    MarkListOnly();
    // A contour tells the image and not its series; where there is one series, that is it.
    if (series_.size() == 1 && series_.front().IsValid()) {
      for (Requirement& one : all_.references) {
        const bool image = one.kind == Kind::kImage && one.level == store::Level::kInstance;
        if (image && one.series.empty()) one.series = series_.front();
      }
    }
    return std::move(all_);
  }

 private:
  void AddMachine(const dataset::Found& found) {
    std::string name(TrimSpaces(found.uid.view()));
    if (!name.empty() && std::ranges::find(all_.machines, name) == all_.machines.end()) {
      all_.machines.push_back(std::move(name));
    }
  }

  Requirement Make(const dataset::Found& found, const ReferenceRule& rule, store::Level level,
                   Strength strength) const {
    // "UNKNOWN" and "0" occur in real files; nobody will ever send such an instance.
    const bool can_come = found.uid.IsValid() && found.uid.view() != "0" && found.uid != self_;
    std::string site(rule.note);
    if (!found.relationship.empty()) site = found.relationship;
    return {.uid = found.uid,
            .kind = rule.to,
            .level = level,
            .strength = can_come ? strength : Strength::kNoted,
            .series = found.series,
            .study = {},
            .site = std::move(site)};
  }

  void Merge(Requirement one) {
    auto [at, is_new] = place_.try_emplace(one.uid, all_.references.size());
    if (is_new) {
      all_.references.push_back(std::move(one));
      return;
    }
    Requirement& first = all_.references[at->second];
    if (one.strength == Strength::kRequired && first.strength == Strength::kNoted) {
      std::swap(first, one);
    }
    if (first.series.empty()) first.series = one.series;
  }

  bool RequiresImage() const {
    return std::ranges::any_of(all_.references, [](const Requirement& one) {
      return one.kind == Kind::kImage && one.level == store::Level::kInstance &&
             one.strength == Strength::kRequired;
    });
  }

  void FallBackToSeries() {
    const bool named = RequiresImage();
    for (const Uid& uid : series_) {
      const bool required = !named && uid.IsValid() && uid.view() != "0";
      if (!required) continue;
      Merge({.uid = uid,
             .kind = Kind::kImage,
             .level = store::Level::kSeries,
             .strength = Strength::kRequired,
             .series = uid,
             .study = {},
             .site = "no image is named: any of the series"});
    }
  }

  // Only where contours name images at all: a list alone is all there is to go by.
  void MarkListOnly() {
    if (contours_.empty()) return;
    std::ranges::sort(contours_);
    for (const Uid& uid : listed_) {
      if (std::ranges::binary_search(contours_, uid)) continue;
      all_.references[place_.at(uid)].site = kListOnly;
    }
  }

  const Uid self_;
  const config::Requirements& choices_;
  Requirements all_;
  std::map<Uid, size_t> place_;
  std::vector<Uid> series_, contours_, listed_;
};

}  // namespace

std::vector<dataset::WantedPath> PathsFor(Kind object) {
  std::vector<dataset::WantedPath> paths;
  const auto all = rules::AriaReferences();
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].object != object) continue;
    auto tags = dataset::ParsePath(all[i].path);
    if (!tags) log::Fatal("a path of the profile is none", {{"path", all[i].path}});
    paths.push_back({std::move(*tags), static_cast<int>(i)});
  }
  return paths;
}

Requirements RequirementsOf(Kind object, const Uid& self, const dataset::Harvest& harvest,
                            const config::Requirements& choices) {
  Collector collector(self, harvest, choices);
  const auto all = rules::AriaReferences();
  for (const dataset::Found& found : harvest.found) {
    const ReferenceRule& rule = all[static_cast<size_t>(found.id)];
    if (rule.object == object) collector.Add(found, rule);
  }
  return collector.Finish();
}

std::string UnknownMachine(std::span<const std::string> named, std::span<const std::string> known) {
  if (known.empty()) return {};
  for (const std::string& name : named) {
    const bool is_known = std::ranges::any_of(
        known, [&](const std::string& one) { return TrimSpaces(one) == TrimSpaces(name); });
    if (!is_known) return name;
  }
  return {};
}

}  // namespace router::hold
