#include "router/hold/requirements.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "router/dataset/head.h"
#include "router/dataset/part10.h"

namespace router::hold {
namespace {

using store::Level;
using store::Requirement;
using store::Strength;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const std::string kList = "30060010/30060012/30060014/30060016/00081155";
const std::string kContour = "30060039/30060040/30060016/00081155";
const std::string kSeries = "30060010/30060012/30060014/0020000E";
const std::string kFrame = "30060010/00200052";
const Uid kSelf("1.2.1");

int IdOf(Kind object, std::string_view path) {
  const auto all = rules::AriaReferences();
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].object == object && all[i].path == path) return static_cast<int>(i);
  }
  ADD_FAILURE() << "no rule for " << path;
  return 0;
}

// A harvest by hand: object, then path and UID of each mention.
struct Mention {
  std::string path, uid, series = {}, relationship = {};
};
Requirements Of(Kind object, std::vector<Mention> mentions, config::Requirements choices = {},
                std::string geometry = "", Uid study = Uid("1.6")) {
  dataset::Harvest harvest;
  harvest.plan_geometry = std::move(geometry);
  for (const Mention& mention : mentions) {
    dataset::Found found;
    found.id = IdOf(object, mention.path);
    found.uid = Uid(mention.uid);
    found.series = Uid(mention.series);
    found.relationship = mention.relationship;
    harvest.found.push_back(std::move(found));
  }
  return RequirementsOf(object, kSelf, harvest, choices, study);
}

std::vector<std::string> Required(const Requirements& all) {
  std::vector<std::string> uids;
  for (const Requirement& one : all.references) {
    if (one.strength == Strength::kRequired) uids.push_back(one.uid.str());
  }
  return uids;
}

TEST(Requirements, ImagesOfAStructureSetAreTheUnionOfListAndContours) {
  const auto all = Of(Kind::kStructureSet, {{kList, "1.3.1", "1.7"},
                                            {kList, "1.3.2", "1.7"},
                                            {kContour, "1.3.2"},
                                            {kContour, "1.3.3"},
                                            {kSeries, "1.7"}});
  EXPECT_THAT(Required(all), UnorderedElementsAre("1.3.1", "1.3.2", "1.3.3"));
  for (const Requirement& one : all.references) {
    EXPECT_EQ(one.series, Uid("1.7")) << one.uid.str();  // one series: a contour's image is in it
    EXPECT_EQ(one.site == kListOnly, one.uid == Uid("1.3.1")) << one.uid.str();
  }
}

TEST(Requirements, AListWithoutAnyContourIsNotListOnly) {
  const auto all = Of(Kind::kStructureSet, {{kList, "1.3.1"}, {kList, "1.3.2"}});
  for (const Requirement& one : all.references) EXPECT_NE(one.site, kListOnly);
}

TEST(Requirements, WhereNoImageIsNamedTheSeriesIs) {
  const auto all = Of(Kind::kStructureSet, {{kSeries, "1.7"}, {kFrame, "1.8"}});
  ASSERT_THAT(Required(all), ElementsAre("1.7"));
  const auto series = std::ranges::find(all.references, Uid("1.7"), &Requirement::uid);
  EXPECT_EQ(series->level, Level::kSeries);
  const auto frame = std::ranges::find(all.references, Uid("1.8"), &Requirement::uid);
  ASSERT_NE(frame, all.references.end());
  EXPECT_EQ(frame->strength, Strength::kNoted);
}

TEST(Requirements, AnImageThatIsNamedMakesTheSeriesNoRequirement) {
  const auto all = Of(Kind::kStructureSet, {{kContour, "1.3.1"}, {kSeries, "1.7"}});
  EXPECT_THAT(Required(all), ElementsAre("1.3.1"));
}

TEST(Requirements, WhereNeitherImageNorSeriesIsNamedTheFrameOfReferenceIs) {
  const auto all = Of(Kind::kStructureSet, {{kFrame, "1.8"}, {kSeries, "UNKNOWN"}});
  ASSERT_THAT(Required(all), ElementsAre("1.8"));
  EXPECT_EQ(all.references[0].level, Level::kFrameOfReference);
  EXPECT_EQ(all.references[0].kind, Kind::kImage);
  EXPECT_FALSE(all.names_no_images);
}

TEST(Requirements, WhatNamesNothingAtAllWaitsForNothingAndSaysSo) {
  const auto all = Of(Kind::kStructureSet, {{kFrame, "UNKNOWN"}, {kSeries, "0"}});
  EXPECT_THAT(Required(all), IsEmpty());
  EXPECT_TRUE(all.names_no_images);
  EXPECT_FALSE(Of(Kind::kPlan, {}).names_no_images);
}

TEST(Requirements, TheSeriesTakesThePlaceOfItsImagesByChoice) {
  config::Requirements choices;
  choices.match_images = config::MatchImages::kSeries;
  const std::vector<Mention> mentions = {
      {kList, "1.3.1", "1.7"}, {kContour, "1.3.2"}, {kSeries, "1.7"}, {kFrame, "1.8"}};
  const auto all = Of(Kind::kStructureSet, mentions, choices);
  EXPECT_THAT(Required(all), ElementsAre("1.7"));
  EXPECT_EQ(all.references.size(), 4u);  // the images stay noted
}

TEST(Requirements, TheFrameOfReferenceTakesThePlaceOfImagesByChoice) {
  config::Requirements choices;
  choices.match_images = config::MatchImages::kFrameOfReference;
  EXPECT_THAT(Required(Of(Kind::kStructureSet,
                          {{kContour, "1.3.2"}, {kSeries, "1.7"}, {kFrame, "1.8"}}, choices)),
              ElementsAre("1.8"));
}

TEST(Requirements, WhatIsToBeMatchedAndIsNotNamedIsMadeUpForByTheNext) {
  config::Requirements choices;
  choices.match_images = config::MatchImages::kFrameOfReference;
  EXPECT_THAT(Required(Of(Kind::kStructureSet, {{kContour, "1.3.2"}, {kSeries, "1.7"}}, choices)),
              ElementsAre("1.7"));
  EXPECT_THAT(Required(Of(Kind::kStructureSet, {{kContour, "1.3.2"}}, choices)),
              ElementsAre("1.3.2"));
  choices.match_images = config::MatchImages::kSeries;
  EXPECT_THAT(Required(Of(Kind::kStructureSet, {{kContour, "1.3.2"}, {kFrame, "1.8"}}, choices)),
              ElementsAre("1.3.2"));
}

TEST(Requirements, ImagesThatAreOnlyNotedLeaveNothingToFallBackTo) {
  config::Requirements choices;
  choices.structure_set_images = config::Strength::kNoted;
  const auto all =
      Of(Kind::kStructureSet, {{kContour, "1.3.2"}, {kSeries, "1.7"}, {kFrame, "1.8"}}, choices);
  EXPECT_THAT(Required(all), IsEmpty());
  EXPECT_FALSE(all.names_no_images);
}

TEST(Requirements, AnyStructureSetOfTheStudyTakesThePlaceOfTheNamedOneByChoice) {
  config::Requirements choices;
  choices.match_structure_sets = config::MatchStructureSets::kStudy;
  const auto all = Of(Kind::kPlan, {{"300C0060/00081155", "1.4.1"}}, choices);
  ASSERT_THAT(Required(all), ElementsAre("1.6"));
  EXPECT_EQ(all.references.back().level, Level::kStudy);
  EXPECT_EQ(all.references.back().kind, Kind::kStructureSet);
  // The dose names its plan all the same.
  EXPECT_THAT(
      Required(Of(Kind::kDose, {{"300C0002/00081155", "1.5.1"}, {"300C0060/00081155", "1.5.2"}},
                  choices)),
      ElementsAre("1.5.1", "1.6"));
  // Nothing named, nothing needed; without a study of its own, by the name alone.
  EXPECT_THAT(Required(Of(Kind::kPlan, {}, choices)), IsEmpty());
  EXPECT_THAT(Required(Of(Kind::kPlan, {{"300C0060/00081155", "1.4.1"}}, choices, "", Uid())),
              ElementsAre("1.4.1"));
}

TEST(Requirements, PlanAndDoseAreOnlyNotedByChoice) {
  config::Requirements choices;
  choices.plan_structure_set = config::Strength::kNoted;
  choices.dose_plan = config::Strength::kNoted;
  EXPECT_THAT(Required(Of(Kind::kPlan, {{"300C0060/00081155", "1.4.1"}}, choices)), IsEmpty());
  EXPECT_THAT(
      Required(Of(Kind::kDose, {{"300C0002/00081155", "1.5.1"}, {"300C0060/00081155", "1.5.2"}},
                  choices)),
      ElementsAre("1.5.2"));
}

TEST(Requirements, APlanNeedsItsStructureSetAndNeitherDoseNorOtherPlans) {
  const auto all = Of(Kind::kPlan, {{"300C0060/00081155", "1.4.1"},
                                    {"300C0002/00081155", "1.4.2", "", "VERIFIED_PLAN"},
                                    {"*/300C0080/00081155", "1.4.3"},
                                    {"*/300C0042/00081155", "1.4.4"}});
  EXPECT_THAT(Required(all), ElementsAre("1.4.1"));
  EXPECT_EQ(all.references.size(), 4u);
  EXPECT_EQ(all.references[1].site, "VERIFIED_PLAN");
}

TEST(Requirements, TreatmentDeviceGeometryNeedsNoStructureSet) {
  const auto all = Of(Kind::kPlan, {{"300C0060/00081155", "1.4.1"}}, {}, "TREATMENT_DEVICE ");
  EXPECT_TRUE(all.treatment_device);
  EXPECT_THAT(Required(all), IsEmpty());
}

TEST(Requirements, ADoseNeedsItsPlanAndByConfigurationItsStructureSet) {
  const std::vector<Mention> mentions = {{"300C0002/00081155", "1.5.1"},
                                         {"300C0060/00081155", "1.5.2"},
                                         {"30080030/00081155", "1.5.3"}};
  EXPECT_THAT(Required(Of(Kind::kDose, mentions)), ElementsAre("1.5.1", "1.5.2"));
  config::Requirements choices;
  choices.dose_structure_set = config::Strength::kNoted;
  EXPECT_THAT(Required(Of(Kind::kDose, mentions, choices)), ElementsAre("1.5.1"));
}

TEST(Requirements, RecordsAndRegistrationsFollowTheApplicationsChoice) {
  const std::string images = "00700308/00081140/00081155";
  EXPECT_THAT(Required(Of(Kind::kRecord, {{"300C0002/00081155", "1.5.1"}})), ElementsAre("1.5.1"));
  EXPECT_THAT(Required(Of(Kind::kRegistration, {{images, "1.3.1"}})), ElementsAre("1.3.1"));
  config::Requirements noted;
  noted.record_plan = noted.registration_images = config::Strength::kNoted;
  EXPECT_THAT(Required(Of(Kind::kRecord, {{"300C0002/00081155", "1.5.1"}}, noted)), IsEmpty());
  EXPECT_THAT(Required(Of(Kind::kRegistration, {{images, "1.3.1"}}, noted)), IsEmpty());
}

TEST(Requirements, WhatNobodyCanEverSendIsNotWaitedFor) {
  const auto all = Of(Kind::kDose, {{"300C0002/00081155", "UNKNOWN"},
                                    {"300C0002/00081155", "0"},
                                    {"300C0002/00081155", kSelf.str()},
                                    {"300C0002/00081155", "1.5.1"}});
  EXPECT_THAT(Required(all), ElementsAre("1.5.1"));
}

TEST(Requirements, OfTwoMentionsOfOneUidTheStrongerCounts) {
  const auto all =
      Of(Kind::kPlan, {{"300C0002/00081155", "1.4.1"}, {"300C0060/00081155", "1.4.1"}});
  ASSERT_EQ(all.references.size(), 1u);
  EXPECT_EQ(all.references[0].strength, Strength::kRequired);
  EXPECT_EQ(all.references[0].kind, Kind::kStructureSet);
}

TEST(Requirements, MachinesAreNamedOnceWithoutPadding) {
  const auto all = Of(Kind::kPlan, {{"300A00B0/300A00B2", "TrueBeam1 "},
                                    {"300A00B0/300A00B2", "TrueBeam1"},
                                    {"300A03A2/300A00B2", "Gantry 2"}});
  EXPECT_THAT(all.machines, ElementsAre("TrueBeam1", "Gantry 2"));
  EXPECT_THAT(all.references, IsEmpty());
}

TEST(Machines, ExactButForPadding) {
  const std::vector<std::string> known = {"TrueBeam1", "EDGE "};
  EXPECT_EQ(UnknownMachine(std::vector<std::string>{"TrueBeam1 ", "EDGE"}, known), "");
  EXPECT_EQ(UnknownMachine(std::vector<std::string>{"EDGE", "truebeam1"}, known), "truebeam1");
  EXPECT_EQ(UnknownMachine(std::vector<std::string>{"anything"}, {}), "");  // nobody said: no check
  EXPECT_EQ(UnknownMachine({}, known), "");
}

// ---- real files: every chain of tests/data has exactly the references that refclosure.py reports

Requirements OfFile(const std::string& name, Kind kind) {
  const std::string path = std::string(SLUICE_TEST_DATA) + "/" + name;
  auto header = dataset::ReadPart10Header(path);
  EXPECT_TRUE(header.has_value()) << name;
  const auto paths = PathsFor(kind);
  auto harvest = dataset::HarvestReferences(header->DatasetOf(path), paths);
  EXPECT_TRUE(harvest.has_value()) << name;
  return RequirementsOf(kind, header->meta.sop_instance, *harvest, {});
}

std::vector<std::string> ImagesIn(const std::string& folder) {
  std::vector<std::string> uids;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           std::string(SLUICE_TEST_DATA) + "/" + folder)) {
    if (entry.path().extension() != ".dcm") continue;
    auto header = dataset::ReadPart10Header(entry.path());
    if (!header) continue;
    auto head = dataset::ReadHead(header->DatasetOf(entry.path()));
    if (head && head->modality == "CT") uids.push_back(header->meta.sop_instance.str());
  }
  return uids;
}

TEST(RealFiles, EclipseChainRequiresEveryStepAndNothingThatDangles) {
  const std::string folder = "varian-eclipse-proton-headphantom";
  const auto plan = OfFile(folder + "/RN.dcm", Kind::kPlan);
  ASSERT_EQ(Required(plan).size(), 1u);  // VERIFIED_PLAN dangles
  EXPECT_FALSE(plan.machines.empty());
  const auto dose = OfFile(folder + "/RD.synthesised.dcm", Kind::kDose);
  EXPECT_THAT(Required(dose), ElementsAre("1.2.246.352.71.5.37402163639.265919.20240227185649"));
  const auto record = OfFile(folder + "/RIBT.synthesised.dcm", Kind::kRecord);
  EXPECT_THAT(Required(record), ElementsAre("1.2.246.352.71.5.37402163639.265919.20240227185649"));
}

TEST(RealFiles, RayStationStructureSetRequiresTheWholeSeries) {
  const std::string folder = "raystation-proton-waterbox";
  const auto all =
      OfFile(folder + "/RS1.2.752.243.1.1.20221205110227749.9000.25475.dcm", Kind::kStructureSet);
  EXPECT_THAT(Required(all), ::testing::UnorderedElementsAreArray(ImagesIn(folder)));
  const auto list_only = std::ranges::count(all.references, kListOnly, &Requirement::site);
  EXPECT_EQ(list_only, 61 - 45);  // contours on 45 of 61 slices
  for (const Requirement& one : all.references) {
    if (one.kind == Kind::kImage && one.level == Level::kInstance) {
      EXPECT_FALSE(one.series.empty());
    }
  }
}

TEST(RealFiles, MonacoAndMimStructureSetsRequireTheirImages) {
  EXPECT_THAT(Required(OfFile("monaco-struct-box/RS.dcm", Kind::kStructureSet)),
              ::testing::UnorderedElementsAreArray(ImagesIn("monaco-struct-box")));
  EXPECT_THAT(Required(OfFile("mim-ct-phantom/dummy_rt.dcm", Kind::kStructureSet)),
              ::testing::UnorderedElementsAreArray(ImagesIn("mim-ct-phantom")));
}

TEST(RealFiles, PinnaclePlanWithoutStructureSetWaitsForNothingAndItsDoseForThePlan) {
  const std::string folder = "pinnacle-plan-dose-no-struct";
  const std::string plan = "1.3.46.670589.13.997910418.20181018190715.112493";
  const auto of_plan = OfFile(folder + "/" + plan + ".dcm", Kind::kPlan);
  EXPECT_TRUE(of_plan.treatment_device);
  EXPECT_THAT(Required(of_plan), IsEmpty());
  const auto dose =
      OfFile(folder + "/1.3.46.670589.13.997910418.20181018190715.183309.dcm", Kind::kDose);
  EXPECT_THAT(Required(dose), ElementsAre(plan));
}

}  // namespace
}  // namespace router::hold
