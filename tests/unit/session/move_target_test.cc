#include "router/session/move_target.h"

#include <gtest/gtest.h>

#include "router/config/load.h"
#include "router/dataset/identifier.h"

namespace router::session {
namespace {

constexpr std::string_view kSample = R"(
ae_title: SLUICE
listen: [{port: 51402}]
store: {directory: /var/lib/sluice}
applications:
  VMSDBD: {address: "10.1.0.4:51402", profile: aria}
  VMSFD-OUT: {address: "10.1.0.4:51405", also_called: [VMSFD], moves: forward}
  RTPACS: {address: "10.1.0.20:104", timeouts: {connect: 3s}}
  ARCHIVE: {address: "10.1.0.21:104", call_as: VMSDBD}
  QA: {move_to: [RTPACS, ARCHIVE]}
clients:
  - {ae_title: [DCMTK, DCMCTK], from: 10.1.0.0/24, receives_on: 50500}
  - {ae_title: AUTOSEG, from: 10.1.0.31, may: [store]}
)";

class MoveTargetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config::Loaded loaded = config::LoadText("sample", kSample);
    ASSERT_TRUE(loaded.config) << ::testing::PrintToString(loaded.errors);
    config_ = loaded.config;
  }
  std::optional<config::Destination> Find(std::string_view title,
                                          std::string_view from = "10.1.0.7") {
    return config_->FindDestination(AeTitle::FromWire(title), *config::IpAddress::Parse(from));
  }
  MoveTarget Target(std::string_view title) {
    return TargetsOfMove(*config_, *Find(title), AeTitle::FromWire("VMSDBD1")).front();
  }

  std::shared_ptr<const config::Config> config_;
};

TEST_F(MoveTargetTest, AnApplicationIsCalledByTheTitleThatTheClientCalled) {
  MoveTarget target = Target("RTPACS");
  EXPECT_EQ(target.endpoint.host, "10.1.0.20");
  EXPECT_EQ(target.endpoint.port, 104);
  EXPECT_EQ(target.called.view(), "RTPACS");
  EXPECT_EQ(target.calling.view(), "VMSDBD1");
  EXPECT_EQ(target.application, "RTPACS");
  EXPECT_EQ(target.timers.connect, net::Milliseconds(3000));
}

TEST_F(MoveTargetTest, CallAsSaysOtherwise) {
  EXPECT_EQ(Target("ARCHIVE").calling.view(), "VMSDBD");
}

TEST_F(MoveTargetTest, AClientReceivesAtTheAddressThatItCallsFrom) {
  MoveTarget target = Target("DCMCTK");
  EXPECT_EQ(target.endpoint.host, "10.1.0.7");
  EXPECT_EQ(target.endpoint.port, 50500);
  EXPECT_EQ(target.called.view(), "DCMCTK");
  EXPECT_EQ(target.application, "");
}

TEST_F(MoveTargetTest, ANameThatStandsForOthersIsAllOfThem) {
  auto targets = TargetsOfMove(*config_, *Find("QA"), AeTitle::FromWire("VMSDBD1"));
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_EQ(targets[0].label, "RTPACS");
  EXPECT_EQ(targets[1].label, "ARCHIVE");
  EXPECT_EQ(targets[1].endpoint.host, "10.1.0.21");
  EXPECT_EQ(FactOf(Find("QA")), rules::DestinationFact::kReachable);
}

TEST_F(MoveTargetTest, WhatIsKnownOfADestination) {
  using Fact = rules::DestinationFact;
  EXPECT_EQ(FactOf(Find("RTPACS")), Fact::kReachable);
  EXPECT_EQ(FactOf(Find("VMSFD")), Fact::kNamed) << "moves: forward";
  EXPECT_EQ(FactOf(Find("DCMTK")), Fact::kReachable);
  EXPECT_EQ(FactOf(Find("NOBODY")), Fact::kUnknown);
}

TEST_F(MoveTargetTest, TheNearestNameIsOneThatCanReceive) {
  EXPECT_EQ(NearestDestination(*config_, AeTitle::FromWire("RTPAC")), "RTPACS");
  EXPECT_EQ(NearestDestination(*config_, AeTitle::FromWire("VMSDF")), "VMSFD");
  EXPECT_NE(NearestDestination(*config_, AeTitle::FromWire("AUTOSEC")), "AUTOSEG");
}

TEST(MoveScope, NamesTheUidsOfTheIdentifierWithoutWildcards) {
  dataset::Identifier keys;
  const std::vector<Uid> series = {Uid("1.1"), Uid("1.2")};
  ASSERT_TRUE(keys.SetUids(0x0020000E, series));
  const Uid implicit("1.2.840.10008.1.2");
  auto encoded = keys.Encode(implicit);
  ASSERT_TRUE(encoded);
  MoveScope scope = ScopeOf(*encoded, implicit);
  EXPECT_EQ(scope.series, (std::set<Uid>{Uid("1.1"), Uid("1.2")}));
  EXPECT_TRUE(scope.studies.empty());
  EXPECT_TRUE(scope.instances.empty());
}

TEST(MoveScope, OfWhatCannotBeReadIsEmpty) {
  const Buffer garbage(40, std::byte{0xFF});
  MoveScope scope = ScopeOf(garbage, Uid("1.2.840.10008.1.2"));
  EXPECT_TRUE(scope.studies.empty() && scope.series.empty() && scope.instances.empty());
}

}  // namespace
}  // namespace router::session
