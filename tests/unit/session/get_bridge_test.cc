#include "router/session/get_bridge.h"

#include <gtest/gtest.h>

#include "router/dimse/messages.h"
#include "router/dimse/sop_classes.h"

namespace router::session {
namespace {

namespace uid = dimse::uid;
using net::Task;

const Uid kImplicit(uid::kImplicitVrLittleEndian), kExplicit(uid::kExplicitVrLittleEndian);
const Uid kBigEndian(uid::kExplicitVrBigEndian), kJpeg("1.2.840.10008.1.2.4.70");
const Uid kCt(uid::kCtImage), kPlan(uid::kRtPlan), kDose(uid::kRtDose);

class GetBridgeTest : public ::testing::Test {
 protected:
  std::shared_ptr<GetBridge> Bridge(std::vector<ul::AcceptedContext> contexts) {
    return std::make_shared<GetBridge>(loop_, nullptr, std::move(contexts));
  }
  net::Loop loop_;
};

TEST_F(GetBridgeTest, AnInstanceGoesInItsOwnSyntaxWhereTheClientHasIt) {
  auto bridge = Bridge({{3, kCt, kJpeg}, {5, kCt, kExplicit}, {7, kPlan, kImplicit}});
  EXPECT_EQ(bridge->ContextFor(kCt, kJpeg)->id, 3);
  EXPECT_EQ(bridge->ContextFor(kCt, kExplicit)->id, 5);
  EXPECT_EQ(bridge->ContextFor(kCt, kImplicit)->id, 5) << "nothing is converted into JPEG";
  EXPECT_EQ(bridge->ContextFor(kDose, kImplicit), nullptr);
}

TEST_F(GetBridgeTest, UpstreamIsAskedForWhatTheClientTakesBeforeWhatIsConverted) {
  auto bridge = Bridge({{3, kCt, kImplicit}, {5, kPlan, kJpeg}});
  EXPECT_EQ(bridge->SyntaxFor({1, kCt, {kJpeg, kExplicit, kImplicit}}), kImplicit);
  EXPECT_EQ(bridge->SyntaxFor({1, kCt, {kJpeg, kBigEndian}}), kBigEndian);
  EXPECT_EQ(bridge->SyntaxFor({1, kCt, {kJpeg}}), std::nullopt);
  EXPECT_EQ(bridge->SyntaxFor({1, kPlan, {kImplicit}}), std::nullopt);
  EXPECT_EQ(bridge->SyntaxFor({1, kDose, {kImplicit}}), std::nullopt);
}

TEST(PatienceTest, EndsWithAClientThatNeitherReadsNorAnswers) {
  using std::chrono::milliseconds;
  const SteadyTime began{std::chrono::hours(1)};
  Patience patience(milliseconds(100), 5000, began);
  EXPECT_FALSE(patience.IsExhausted(5000, began + milliseconds(99)));
  EXPECT_TRUE(patience.IsExhausted(5000, began + milliseconds(100)));
}

TEST(PatienceTest, RunsAnewWithEveryByteThatASlowClientReads) {
  using std::chrono::milliseconds;
  const SteadyTime began{std::chrono::hours(1)};
  Patience patience(milliseconds(100), 5000, began);
  EXPECT_FALSE(patience.IsExhausted(4000, began + milliseconds(90)));
  EXPECT_FALSE(patience.IsExhausted(4000, began + milliseconds(189)));
  EXPECT_FALSE(patience.IsExhausted(0, began + milliseconds(189)));
  EXPECT_FALSE(patience.IsExhausted(0, began + milliseconds(288)));
  EXPECT_TRUE(patience.IsExhausted(0, began + milliseconds(289)));
}

TEST_F(GetBridgeTest, WhatComesAfterTheEndOfTheGetIsRefusedAndNobodyWaits) {
  auto bridge = Bridge({{3, kCt, kImplicit}});
  std::optional<StoreAnswer> answered;
  bool taken = true;
  auto act = [](std::shared_ptr<GetBridge> closed, bool* took,
                std::optional<StoreAnswer>* answer) -> Task<> {
    Crossing crossing(closed, 3, dimse::CStoreRq(1, kCt, Uid("1.2.3")));
    *took = co_await crossing.Send(Buffer(Crossing::kCredit), false);
    *answer = co_await crossing.Answer();
  };
  loop_.PostSpawn([&] { return act(bridge, &taken, &answered); });
  loop_.RunUntilIdle();
  EXPECT_FALSE(taken);
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->status, dimse::status::kOutOfResources);
}

}  // namespace
}  // namespace router::session
