#include "router/delivery/contexts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "router/dimse/sop_classes.h"

namespace router::delivery {
namespace {

using ::testing::ElementsAre;

const Uid kPlan(dimse::uid::kRtPlan);
const Uid kCt(dimse::uid::kCtImage);
const Uid kImplicit("1.2.840.10008.1.2");
const Uid kExplicit("1.2.840.10008.1.2.1");
const Uid kBig("1.2.840.10008.1.2.2");
const Uid kJpeg("1.2.840.10008.1.2.4.70");

std::vector<Uid> SyntaxesFor(const std::vector<ul::ProposedContext>& contexts, const Uid& of) {
  std::vector<Uid> all;
  for (const auto& context : contexts) {
    if (context.abstract_syntax != of) continue;
    EXPECT_EQ(context.transfer_syntaxes.size(), 1u);  // or the answer would not tell
    all.push_back(context.transfer_syntaxes.front());
  }
  return all;
}

TEST(Contexts, StoredSyntaxComesFirstThenWhatItCanBecome) {
  const std::vector<Cargo> cargo = {{kPlan, kBig}};
  const auto contexts = Propose(cargo);
  EXPECT_THAT(SyntaxesFor(contexts, kPlan), ElementsAre(kBig, kExplicit, kImplicit));
  EXPECT_THAT(SyntaxesFor(contexts, Uid(dimse::uid::kVerification)), ElementsAre(kImplicit));
}

TEST(Contexts, CompressedPixelDataHasNoFallBack) {
  const std::vector<Cargo> cargo = {{kCt, kJpeg}};
  EXPECT_THAT(SyntaxesFor(Propose(cargo), kCt), ElementsAre(kJpeg));
}

TEST(Contexts, TheSameContextIsProposedOnce) {
  const std::vector<Cargo> cargo = {{kPlan, kExplicit}, {kPlan, kImplicit}, {kPlan, kExplicit}};
  EXPECT_THAT(SyntaxesFor(Propose(cargo), kPlan), ElementsAre(kExplicit, kImplicit));
}

TEST(Contexts, NeverMoreThanTheStandardHasRoomForAndAllIdsAreOddAndDistinct) {
  std::vector<Cargo> cargo;
  for (int i = 0; i < 200; ++i) cargo.push_back({Uid("1.2.3." + std::to_string(i)), kExplicit});
  const auto contexts = Propose(cargo);
  EXPECT_LE(contexts.size(), 128u);
  std::set<int> ids;
  for (const auto& context : contexts) {
    EXPECT_EQ(context.id % 2, 1);
    ids.insert(context.id);
  }
  EXPECT_EQ(ids.size(), contexts.size());
  EXPECT_TRUE(Covers(contexts, cargo.front()));
  EXPECT_FALSE(Covers(contexts, cargo.back()));
}

TEST(Contexts, AnAssociationCoversWhatItAskedFor) {
  const std::vector<Cargo> cargo = {{kPlan, kExplicit}};
  const auto contexts = Propose(cargo);
  EXPECT_TRUE(Covers(contexts, {kPlan, kExplicit}));
  EXPECT_TRUE(Covers(contexts, {kPlan, kImplicit}));  // proposed as a fall-back
  EXPECT_FALSE(Covers(contexts, {kPlan, kBig}));
  EXPECT_FALSE(Covers(contexts, {kCt, kExplicit}));
}

ul::AcceptedContext Accepted(ul::ContextId id, const Uid& of, const Uid& syntax) {
  return {id, of, syntax};
}

TEST(Contexts, AsStoredGoesBeforeConverting) {
  const std::vector<ul::AcceptedContext> agreed = {Accepted(1, kPlan, kExplicit),
                                                   Accepted(3, kPlan, kBig)};
  const auto choice = Choose(agreed, {kPlan, kBig});
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->context->id, 3);
  EXPECT_FALSE(choice->convert);
}

TEST(Contexts, ExplicitGoesBeforeImplicitWhereItMustBeConverted) {
  const std::vector<ul::AcceptedContext> agreed = {Accepted(1, kPlan, kImplicit),
                                                   Accepted(3, kPlan, kExplicit)};
  const auto choice = Choose(agreed, {kPlan, kBig});
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->context->id, 3);
  EXPECT_TRUE(choice->convert);
}

TEST(Contexts, WhatCannotBeConvertedAndIsNotTakenHasNoChoice) {
  const std::vector<ul::AcceptedContext> agreed = {Accepted(1, kCt, kExplicit)};
  EXPECT_FALSE(Choose(agreed, {kCt, kJpeg}));
  EXPECT_FALSE(Choose(agreed, {kPlan, kExplicit}));
}

TEST(Contexts, AContextOnWhichWeMayNotRequestIsNoChoice) {
  ul::AcceptedContext scp_only = Accepted(1, kPlan, kExplicit);
  scp_only.requestor_is_scu = false;
  const std::vector<ul::AcceptedContext> agreed = {scp_only};
  EXPECT_FALSE(Choose(agreed, {kPlan, kExplicit}));
}

}  // namespace
}  // namespace router::delivery
