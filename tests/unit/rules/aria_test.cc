#include "rules/profiles/aria.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace rules {
namespace {

using router::Kind;

const ReferenceRule* RuleAt(Kind object, std::string_view path) {
  for (const ReferenceRule& rule : AriaReferences())
    if (rule.object == object && rule.path == path) return &rule;
  return nullptr;
}

TEST(AriaProfile, PathsAreTagsOfEightHexDigits) {
  for (const ReferenceRule& rule : AriaReferences()) {
    std::string path(rule.path);
    if (path.starts_with("*/")) path.erase(0, 2);
    ASSERT_EQ(path.size() % 9, 8u) << path;
    for (size_t i = 0; i < path.size(); ++i) {
      if (i % 9 == 8) {
        EXPECT_EQ(path[i], '/') << path;
      } else {
        EXPECT_NE(std::string("0123456789ABCDEF").find(path[i]), std::string::npos) << path;
      }
    }
  }
}

TEST(AriaProfile, EachPathOfAnObjectStandsOnceAndObjectsStandTogether) {
  std::set<std::pair<Kind, std::string_view>> seen;
  std::vector<Kind> order;
  for (const ReferenceRule& rule : AriaReferences()) {
    EXPECT_TRUE(seen.emplace(rule.object, rule.path).second) << rule.path;
    if (order.empty() || order.back() != rule.object) order.push_back(rule.object);
  }
  EXPECT_EQ(std::set<Kind>(order.begin(), order.end()).size(), order.size());
}

TEST(AriaProfile, EndsOfPathsSuitTheirTargets) {
  for (const ReferenceRule& rule : AriaReferences()) {
    std::string_view last = rule.path.substr(rule.path.size() - 8);
    switch (rule.target) {
      case Target::kInstance:
        EXPECT_EQ(last, "00081155");
        break;
      case Target::kSeries:
        EXPECT_EQ(last, "0020000E");
        break;
      case Target::kFrameOfReference:
        EXPECT_TRUE(last == "00200052" || last == "30060024") << last;
        break;
      case Target::kMachine:
        EXPECT_EQ(last, "300A00B2");
        break;
    }
  }
}

// A required reference from a later to an earlier object only: otherwise two instances could wait
// for each other for ever (a plan names its dose, the dose its plan).
TEST(AriaProfile, WhatIsRequiredAlwaysComesEarlierSoNothingWaitsInACircle) {
  for (const ReferenceRule& rule : AriaReferences()) {
    if (rule.target != Target::kInstance || rule.strength != Strength::kRequired) continue;
    EXPECT_LT(AriaRank(rule.to), AriaRank(rule.object)) << rule.path;
    EXPECT_TRUE(AriaMayHold(rule.object)) << rule.path;
  }
}

TEST(AriaProfile, ImagesComeFirstThenStructureSetPlanAndDose) {
  EXPECT_LT(AriaRank(Kind::kImage), AriaRank(Kind::kStructureSet));
  EXPECT_LT(AriaRank(Kind::kStructureSet), AriaRank(Kind::kPlan));
  EXPECT_LT(AriaRank(Kind::kPlan), AriaRank(Kind::kDose));
}

TEST(AriaProfile, ImagesAreNeverHeld) {
  EXPECT_FALSE(AriaMayHold(Kind::kImage));
  EXPECT_FALSE(AriaMayHold(Kind::kOther));
  EXPECT_TRUE(AriaMayHold(Kind::kDose));
}

TEST(AriaProfile, StudyUidOfTheReferencedStudyIsNoInstance) {
  // (0008,1155) directly in (3006,0012) is a Study Instance UID.
  EXPECT_EQ(RuleAt(Kind::kStructureSet, "30060010/30060012/00081155"), nullptr);
  for (const ReferenceRule& rule : AriaReferences())
    for (std::string_view tag : {"00081110", "00081111", "00081120"})
      EXPECT_EQ(rule.path.find(tag), std::string_view::npos) << rule.path;
}

TEST(AriaProfile, DanglingReferencesOfPlansAreOnlyNoted) {
  for (std::string_view path :
       {"300C0002/00081155", "*/300C0080/00081155", "*/300C0042/00081155"}) {
    const ReferenceRule* rule = RuleAt(Kind::kPlan, path);
    ASSERT_NE(rule, nullptr) << path;
    EXPECT_EQ(rule->strength, Strength::kNoted) << path;
  }
}

TEST(AriaProfile, SitesMayDecideAllThatHoldsAndNothingElse) {
  EXPECT_EQ(RuleAt(Kind::kDose, "300C0060/00081155")->choice, Choice::kDoseStructureSet);
  EXPECT_EQ(RuleAt(Kind::kRecord, "300C0002/00081155")->choice, Choice::kRecordPlan);
  EXPECT_EQ(RuleAt(Kind::kRegistration, "00700308/00081140/00081155")->choice,
            Choice::kRegistrationImages);
  for (const ReferenceRule& rule : AriaReferences()) {
    const bool holds = rule.strength != Strength::kNoted && rule.target != Target::kMachine;
    EXPECT_EQ(rule.choice != Choice::kNone, holds) << rule.path;
  }
}

}  // namespace
}  // namespace rules
