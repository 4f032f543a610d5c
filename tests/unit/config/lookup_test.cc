#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/config/load.h"

namespace router::config {
namespace {

using ::testing::ElementsAre;

AeTitle Title(std::string_view text) { return AeTitle::FromWire(text); }
IpAddress Ip(std::string_view text) { return *IpAddress::Parse(text); }

class LookupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Loaded loaded = LoadText("f", R"(
ae_title: SLUICE
listen: [51402]
store: {directory: /d}
applications:
  ARIA-DB: {ae_title: VMSDBD, address: "10.1.0.4:51402", profile: aria, machines: [M],
            also_called: VMSDBD1, move_as: [SLUICE2, SLUICE1]}
  PACS: {address: "10.1.0.20:104", call_as: VMSDBD}
  HERE: {address: "localhost:11112"}
  CONSOLE: {from: [10.1.8.0/24, "fd00::/8"]}
clients:
  - {ae_title: SCRIPT, from: 10.1.0.0/24, receives_on: 50500, call_as: LATIN1}
  - {ae_title: SCRIPT, from: 10.2.0.7, receives_on: 50501}
  - {ae_title: "PLAN*", from: 10.3.0.0/16, address: "10.3.0.1:104"}
  - {ae_title: "ST?RE[12]", from: 0.0.0.0/0}
)");
    ASSERT_TRUE(loaded.config) << ::testing::PrintToString(loaded.errors);
    config_ = loaded.config;
  }
  std::string Called(std::string_view title) {
    const Application* found = config_->FindApplicationByCalledTitle(Title(title));
    return found ? found->name : "none";
  }
  std::string Calls(std::string_view address, std::string_view calling) {
    const Application* found =
        config_->FindApplicationByAddressAndCalling(Ip(address), Title(calling));
    return found ? found->name : "none";
  }
  std::shared_ptr<const Config> config_;
};

TEST_F(LookupTest, ApplicationsAnswerToTitleNameAndAliases) {
  EXPECT_EQ(Called("VMSDBD"), "ARIA-DB");
  EXPECT_EQ(Called("ARIA-DB"), "ARIA-DB");
  EXPECT_EQ(Called("VMSDBD1"), "ARIA-DB");
  EXPECT_EQ(Called("vmsdbd"), "none");
  EXPECT_EQ(Called("SLUICE"), "none");
  EXPECT_EQ(config_->FindApplication("ARIA-DB"), &config_->applications[0]);
  EXPECT_EQ(config_->FindApplication("VMSDBD"), nullptr);
}

TEST_F(LookupTest, WhoBringsSubOperationsIsKnownByAddressAndTitle) {
  EXPECT_EQ(Calls("10.1.0.4", "VMSDBD"), "ARIA-DB");
  EXPECT_EQ(Calls("10.1.0.20", "VMSDBD"), "none");
  EXPECT_EQ(Calls("10.1.0.4", "PACS"), "none");
  EXPECT_EQ(Calls("127.0.0.1", "HERE"), "HERE");
  EXPECT_EQ(Calls("::1", "HERE"), "HERE");
  EXPECT_EQ(Calls("fd00::17", "CONSOLE"), "CONSOLE");
}

TEST_F(LookupTest, OurTitlesAreAllUnderWhichWeCallOrAreCalled) {
  std::vector<std::string> titles;
  for (const AeTitle& title : config_->OurTitles()) titles.push_back(title.str());
  EXPECT_THAT(titles, ElementsAre("LATIN1", "SLUICE", "SLUICE1", "SLUICE2", "VMSDBD"));
  EXPECT_TRUE(config_->IsOurTitle(Title("SLUICE2")));
  EXPECT_FALSE(config_->IsOurTitle(Title("PACS")));
}

TEST_F(LookupTest, TheFirstClientWithTitleAndAddressIsTheOne) {
  EXPECT_EQ(config_->FindClient(Title("SCRIPT"), Ip("10.1.0.9")), &config_->clients[0]);
  EXPECT_EQ(config_->FindClient(Title("SCRIPT"), Ip("10.2.0.7")), &config_->clients[1]);
  EXPECT_EQ(config_->FindClient(Title("SCRIPT"), Ip("10.2.0.8")), nullptr);
}

TEST_F(LookupTest, TitlesOfClientsAreGlobsAndCaseCounts) {
  EXPECT_NE(config_->FindClient(Title("PLANNING"), Ip("10.3.9.9")), nullptr);
  EXPECT_NE(config_->FindClient(Title("PLAN"), Ip("10.3.9.9")), nullptr);
  EXPECT_EQ(config_->FindClient(Title("plan"), Ip("10.3.9.9")), nullptr);
  EXPECT_NE(config_->FindClient(Title("STORE1"), Ip("8.8.8.8")), nullptr);
  EXPECT_EQ(config_->FindClient(Title("STORE3"), Ip("8.8.8.8")), nullptr);
  EXPECT_EQ(config_->FindClient(Title("STORE11"), Ip("8.8.8.8")), nullptr);
}

TEST_F(LookupTest, AMoveToAnApplicationGoesToItsAddressUnderItsRealTitle) {
  auto found = config_->FindDestination(Title("VMSDBD1"), Ip("10.1.0.9"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->application, &config_->applications[0]);
  EXPECT_EQ(found->client, nullptr);
  EXPECT_EQ(found->ae_title, Title("VMSDBD"));
  EXPECT_EQ(found->address, (Endpoint{"10.1.0.4", 51402}));
}

TEST_F(LookupTest, AMoveToTheClientItselfGoesWhereItCallsFrom) {
  auto found = config_->FindDestination(Title("SCRIPT"), Ip("10.1.0.9"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->client, &config_->clients[0]);
  EXPECT_EQ(found->address, (Endpoint{"10.1.0.9", 50500}));
  found = config_->FindDestination(Title("SCRIPT"), Ip("10.2.0.7"));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->address, (Endpoint{"10.2.0.7", 50501}));
}

TEST_F(LookupTest, AMoveToAnotherClientNeedsAFixedAddress) {
  auto fixed = config_->FindDestination(Title("PLANNING"), Ip("10.1.0.9"));
  ASSERT_TRUE(fixed);
  EXPECT_EQ(fixed->address, (Endpoint{"10.3.0.1", 104}));
  auto somewhere = config_->FindDestination(Title("SCRIPT"), Ip("10.9.0.9"));
  ASSERT_TRUE(somewhere);  // known, but one of 256 machines
  EXPECT_EQ(somewhere->address, std::nullopt);
}

TEST_F(LookupTest, AMoveToWhoReceivesNothingIsUnknownHere) {
  EXPECT_FALSE(config_->FindDestination(Title("STORE1"), Ip("8.8.8.8")));
  EXPECT_FALSE(config_->FindDestination(Title("NOBODY"), Ip("10.1.0.9")));
}

TEST_F(LookupTest, TheTitleWeUseIsTheClientsThenTheApplicationsThenTheCallers) {
  const Application &aria = config_->applications[0], &here = config_->applications[2];
  const Client &script = config_->clients[0], &plain = config_->clients[1];
  EXPECT_EQ(config_->CallingTitle(aria, &script, Title("SCRIPT")), Title("LATIN1"));
  EXPECT_EQ(config_->CallingTitle(aria, &plain, Title("SCRIPT")), Title("SLUICE"));
  EXPECT_EQ(config_->CallingTitle(here, &plain, Title("SCRIPT")), Title("SCRIPT"));
  EXPECT_EQ(config_->CallingTitle(here, nullptr, AeTitle()), Title("SLUICE"));
}

}  // namespace
}  // namespace router::config
