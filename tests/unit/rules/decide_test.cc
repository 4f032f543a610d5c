#include "rules/decide.h"

#include <gtest/gtest.h>

namespace rules {
namespace {

using router::Kind;

Facts StoreTo(Profile profile, std::optional<Kind> kind, Mode mode = Mode::kEnforce) {
  Facts facts;
  facts.profile = profile;
  facts.mode = mode;
  facts.command_field = 0x0001;
  facts.kind = kind;
  return facts;
}

Facts MoveTo(DestinationFact destination, Mode mode = Mode::kEnforce) {
  Facts facts;
  facts.profile = Profile::kAria;
  facts.mode = mode;
  facts.command_field = 0x0021;
  facts.destination = destination;
  return facts;
}

TEST(Decide, WhatCanHaveRequirementsIsHeldForAria) {
  for (Kind kind :
       {Kind::kStructureSet, Kind::kPlan, Kind::kDose, Kind::kRecord, Kind::kRegistration})
    EXPECT_EQ(Decide(StoreTo(Profile::kAria, kind)), (Plan{Hold{kind}, {}})) << NameOf(kind);
}

TEST(Decide, ImagesAreRelayedToAriaAsTheyCome) {
  EXPECT_EQ(Decide(StoreTo(Profile::kAria, Kind::kImage)), (Plan{Relay{}, {}}));
  EXPECT_EQ(Decide(StoreTo(Profile::kAria, Kind::kOther)), (Plan{Relay{}, {}}));
}

TEST(Decide, UnknownClassesAreDecidedByTheirModality) {
  EXPECT_EQ(Decide(StoreTo(Profile::kAria, std::nullopt)), (Plan{NeedModality{}, {}}));
}

TEST(Decide, WithoutProfileNothingIsHeldOrLookedInto) {
  EXPECT_EQ(Decide(StoreTo(Profile::kNone, Kind::kDose)), (Plan{Relay{}, {}}));
  EXPECT_EQ(Decide(StoreTo(Profile::kNone, std::nullopt)), (Plan{Relay{}, {}}));
}

TEST(Decide, ObservingRelaysAndSaysWhatItWouldHaveDone) {
  EXPECT_EQ(Decide(StoreTo(Profile::kAria, Kind::kPlan, Mode::kObserve)),
            (Plan{Relay{}, {Hold{Kind::kPlan}}}));
  EXPECT_EQ(Decide(StoreTo(Profile::kAria, Kind::kImage, Mode::kObserve)), (Plan{Relay{}, {}}));
}

TEST(Decide, MovesToWhatWeReachAreCarriedOthersAreForwarded) {
  EXPECT_EQ(Decide(MoveTo(DestinationFact::kReachable)), (Plan{CarryMove{}, {}}));
  EXPECT_EQ(Decide(MoveTo(DestinationFact::kNamed)), (Plan{ForwardMove{}, {}}));
  EXPECT_EQ(Decide(MoveTo(DestinationFact::kUnknown)), (Plan{ForwardMove{}, {}}));
  EXPECT_EQ(Decide(MoveTo(DestinationFact::kNone)), (Plan{ForwardMove{}, {}}));
}

TEST(Decide, UnknownDestinationsAreRefusedOnlyOnRequest) {
  Facts facts = MoveTo(DestinationFact::kUnknown);
  facts.refuse_unknown_destinations = true;
  Plan plan = Decide(facts);
  ASSERT_TRUE(std::holds_alternative<Refuse>(plan.step));
  EXPECT_EQ(std::get<Refuse>(plan.step).status, 0xA801);
  std::string comment = std::get<Refuse>(plan.step).comment;
  EXPECT_LE(comment.size(), 64u);
  EXPECT_EQ(comment.find('\\'), std::string::npos);
}

TEST(Decide, ObservingForwardsMovesThatItWouldCarryOrRefuse) {
  EXPECT_EQ(Decide(MoveTo(DestinationFact::kReachable, Mode::kObserve)),
            (Plan{ForwardMove{}, {CarryMove{}}}));
  Facts facts = MoveTo(DestinationFact::kUnknown, Mode::kObserve);
  facts.refuse_unknown_destinations = true;
  Plan plan = Decide(facts);
  EXPECT_EQ(plan.step, Step(ForwardMove{}));
  ASSERT_EQ(plan.observed.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<Refuse>(plan.observed[0]));
}

TEST(Decide, OtherCommandsAreRelayed) {
  for (uint16_t command : {0x0020, 0x0030, 0x0130}) {
    Facts facts = StoreTo(Profile::kAria, Kind::kPlan);
    facts.command_field = command;
    EXPECT_EQ(Decide(facts), (Plan{Relay{}, {}})) << command;
  }
}

}  // namespace
}  // namespace rules
