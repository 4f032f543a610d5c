// What somebody copies by hand into another system's dialog: word for word.
#include "router/worksheet.h"

#include <gtest/gtest.h>

#include "router/config/load.h"

namespace router {
namespace {

std::shared_ptr<const config::Config> Load(const std::string& more,
                                           const std::string& listen = "[{port: 51402}]") {
  auto loaded = config::LoadText(
      "/etc/sluice/sluice.yaml",
      "ae_title: SLUICE\nlisten: " + listen + "\nstore: {directory: /var/lib/sluice}\n" + more);
  EXPECT_TRUE(loaded.config) << ::testing::PrintToString(loaded.errors);
  return loaded.config;
}

OurAddress Always(std::string address) {
  return [address](const config::Endpoint&) { return Result<std::string>(address); };
}

constexpr const char* kAria =
    "applications:\n"
    "  VMSDBD: {address: '10.1.0.4:51402', profile: aria}\n"
    "  RTPACS: {address: '10.1.0.20:104'}\n";

TEST(Worksheet, OneTitleDoesForAnInstallationWithoutFurtherOnes) {
  auto sheet = Worksheet(*Load(kAria), Always("10.1.0.40"));
  ASSERT_TRUE(sheet) << sheet.error().detail;
  EXPECT_EQ(*sheet,
            R"(What to enter in Varian's DICOM configuration, under "Trusted Application Entities".

Add these entries. Leave every entry that is there already as it is: existing entries are the way
back, with them clients can call the service without Sluice again. AE titles are written exactly as
here, case counts. The service restarts when its configuration is saved, and breaks off what is
under way: do it when nobody imports or exports.

VMSDBD at 10.1.0.4:51402

  AE title          address          port   used when
  SLUICE            10.1.0.40        51402  Sluice calls, and receives what is moved

Then, on this machine:

  sluice test --config /etc/sluice/sluice.yaml VMSDBD
)");
}

TEST(Worksheet, EveryTitleThatIsUsedTowardsItIsAnEntryAndNoOther) {
  auto sheet =
      Worksheet(*Load("applications:\n"
                      "  Aria East: {address: 'aria.local:105', profile: aria, ae_title: VMSDBD1,\n"
                      "    from: 10.1.0.4, call_as: SLUICE-A, move_as: [SLUICE1, SLUICE2]}\n"
                      "clients:\n"
                      "  - {ae_title: DCMTK, from: 10.1.0.0/24}\n"
                      "  - {ae_title: AUTOSEG, from: 10.1.0.31, call_as: SLUICE-LATIN1}\n"
                      "  - {ae_title: OTHER, from: 10.1.0.32, call_as: SLUICE-LATIN1}\n"),
                Always("fd00::4"));
  ASSERT_TRUE(sheet) << sheet.error().detail;
  EXPECT_EQ(sheet->substr(sheet->find("VMSDBD1 at")),
            R"(VMSDBD1 at aria.local:105

  AE title          address          port   used when
  SLUICE-A          fd00::4          51402  Sluice calls
  SLUICE-LATIN1     fd00::4          51402  Sluice calls
  SLUICE1           fd00::4          51402  Sluice receives what is moved
  SLUICE2           fd00::4          51402  Sluice receives what is moved

Then, on this machine:

  sluice test --config /etc/sluice/sluice.yaml 'Aria East'
)");
}

TEST(Worksheet, ThePortIsThatOfTheListenerAtTheAddressThatItCalls) {
  const std::string two = "[{address: 10.2.0.1, port: 104}, {address: 10.1.0.40, port: 51402}]";
  auto sheet = Worksheet(*Load(kAria, two), Always("10.1.0.40"));
  ASSERT_TRUE(sheet) << sheet.error().detail;
  EXPECT_NE(sheet->find("  SLUICE            10.1.0.40        51402  "), std::string::npos)
      << *sheet;
}

TEST(Worksheet, WhatCannotBeEnteredIsSaidInPlaceOfAnEntryThatDoesNotWork) {
  auto other = Worksheet(*Load(kAria, "[{address: 10.2.0.1, port: 104}]"), Always("10.1.0.40"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().detail,
            "nothing of ours listens at 10.1.0.40, where it would call us: add that to listen, or "
            "name another --address");
  auto any = Worksheet(*Load(kAria, "[{port: 0}]"), Always("10.1.0.40"));
  ASSERT_FALSE(any);
  EXPECT_EQ(any.error().detail,
            "listen has port 0, which is another one after each start: write a port");
  auto none =
      Worksheet(*Load("applications: {RTPACS: {address: '10.1.0.20:104'}}\n"), Always("10.1.0.40"));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().detail, "no application has profile: aria, so there is nothing to enter");
  auto lost = Worksheet(*Load(kAria), [](const config::Endpoint&) -> Result<std::string> {
    return Fail(Errc::kConnect, Blame::kInternal, "no route");
  });
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().detail, "no route");
}

TEST(RoutedFrom, IsTheLoopbackAddressForWhatIsHere) {
  auto four = RoutedFrom({"127.0.0.1", 104});
  ASSERT_TRUE(four) << four.error().detail;
  EXPECT_EQ(*four, "127.0.0.1");
  auto unknown = RoutedFrom({"no.such.name.invalid", 104});
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().detail.find("name it with --address"), std::string::npos);
}

}  // namespace
}  // namespace router
