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
    case rules::Choice::kStructureSetImages:
      return chosen(choices.structure_set_images);
    case rules::Choice::kPlanStructureSet:
      return chosen(choices.plan_structure_set);
    case rules::Choice::kDosePlan:
      return chosen(choices.dose_plan);
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

// "UNKNOWN" and "0" occur in real files; nobody will ever send such a thing.
bool CanCome(const Uid& uid) { return uid.IsValid() && uid.view() != "0"; }

bool IsRequiredImage(const Requirement& one) {
  return one.kind == Kind::kImage && one.level == store::Level::kInstance &&
         one.strength == Strength::kRequired;
}

// Collects references, one for each UID, and what the whole of them says.
class Collector {
 public:
  Collector(Kind object, Uid self, Uid study, const dataset::Harvest& harvest,
            const config::Requirements& choices)
      : object_(object), self_(std::move(self)), study_(std::move(study)), choices_(choices) {
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
        if (std::ranges::find(frames_, found.uid) == frames_.end()) frames_.push_back(found.uid);
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
    if (object_ == Kind::kStructureSet) MatchImages();
    if (choices_.match_structure_sets == config::MatchStructureSets::kStudy) MatchStructureSets();
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
    const bool can_come = CanCome(found.uid) && found.uid != self_;
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

  void MatchImages() {
    if (choices_.structure_set_images == config::Strength::kNoted) return;
    std::erase_if(series_, [](const Uid& uid) { return !CanCome(uid); });
    std::erase_if(frames_, [](const Uid& uid) { return !CanCome(uid); });
    const bool images = std::ranges::any_of(all_.references, IsRequiredImage);
    using enum config::MatchImages;
    config::MatchImages by = choices_.match_images;
    if (by == kFrameOfReference && frames_.empty()) by = kSeries;
    if (by == kSeries && series_.empty()) by = kInstance;
    if (by == kInstance && !images) by = series_.empty() ? kFrameOfReference : kSeries;
    if (by == kInstance) return;
    for (Requirement& one : all_.references)
      if (IsRequiredImage(one)) one.strength = Strength::kNoted;
    const std::string_view in_place = images ? "" : "no image is named: ";
    if (by == kSeries) {
      for (const Uid& uid : series_)
        Require(uid, Kind::kImage, store::Level::kSeries,
                std::string(in_place) + "any of the series");
    }
    if (by == kFrameOfReference) {
      for (const Uid& uid : frames_)
        Require(uid, Kind::kImage, store::Level::kFrameOfReference,
                std::string(in_place) + "any of the frame of reference");
      all_.names_no_images = frames_.empty();
    }
  }

  void MatchStructureSets() {
    bool required = false;
    if (!CanCome(study_)) return;
    for (Requirement& one : all_.references) {
      const bool it = one.kind == Kind::kStructureSet && one.strength == Strength::kRequired;
      if (it) one.strength = Strength::kNoted;
      required |= it;
    }
    if (required)
      Require(study_, Kind::kStructureSet, store::Level::kStudy, "any structure set of the study");
  }

  void Require(const Uid& uid, Kind kind, store::Level level, std::string site) {
    Requirement one{.uid = uid,
                    .kind = kind,
                    .level = level,
                    .strength = Strength::kRequired,
                    .series = {},
                    .study = {},
                    .site = std::move(site)};
    if (level == store::Level::kSeries) one.series = uid;
    Merge(std::move(one));
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

  const Kind object_;
  const Uid self_, study_;
  const config::Requirements& choices_;
  Requirements all_;
  std::map<Uid, size_t> place_;
  std::vector<Uid> series_, frames_, contours_, listed_;
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
                            const config::Requirements& choices, const Uid& study) {
  Collector collector(object, self, study, harvest, choices);
  const auto all = rules::AriaReferences();
  for (const dataset::Found& found : harvest.found) {
    const ReferenceRule& rule = all[static_cast<size_t>(found.id)];
    if (rule.object == object) collector.Add(found, rule);
  }
  return collector.Finish();
}

std::vector<std::vector<dataset::Tag>> MachinePaths() {
  std::vector<std::vector<dataset::Tag>> paths;
  const auto all = rules::AriaReferences();
  for (const dataset::WantedPath& path : PathsFor(Kind::kPlan))
    if (all[static_cast<size_t>(path.id)].target == Target::kMachine) paths.push_back(path.tags);
  return paths;
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
