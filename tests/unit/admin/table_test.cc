#include "router/admin/table.h"

#include <gmock/gmock.h>

#include "tests/unit/admin/fake_source.h"

namespace router::admin {
namespace {

using testing::HasSubstr;

Json Held(const store::HeldRow& row, const std::string& then = "quarantine") {
  return Json::array({HeldJson(row, [&](const std::string&) { return then; })});
}

TEST(HeldTable, SaysForWhatAnInstanceWaits) {
  EXPECT_EQ(HeldTable(Held(HeldDose()), kMonday + std::chrono::minutes(200)),
            "STATE    KIND  APPLICATION  CLIENT   HELD FOR  SOP INSTANCE UID\n"
            "waiting  dose  VMSDBD       AUTOSEG  3h 20m    1.2.3.4\n"
            "    waits for plan 1.2.3.9; 1 of what it needs exist; asked again "
            "2023-11-14T22:13:50Z; deadline 2023-11-21T22:13:20Z, then quarantined\n");
}

TEST(HeldTable, SaysThatAnInstanceIsSentAtItsDeadlineWhereItIs) {
  EXPECT_THAT(HeldTable(Held(HeldDose(), "send"), kMonday),
              HasSubstr("deadline 2023-11-21T22:13:20Z, then sent as it is\n"));
}

TEST(HeldTable, SaysWhyAnInstanceIsQuarantined) {
  store::HeldRow row = HeldDose();
  row.row.state = store::State::kQuarantined;
  row.row.reason = {store::Cause::kRefused, "upstream answered A900"};
  EXPECT_THAT(HeldTable(Held(row), kMonday), HasSubstr("\n    upstream answered A900\n"));
  EXPECT_THAT(HeldTable(Held(row), kMonday), HasSubstr("then sluice retry UID"));
  EXPECT_THAT(HeldTable(Held(HeldDose()), kMonday), Not(HasSubstr("sluice retry")));
}

TEST(HeldTable, CountsWhatItDoesNotName) {
  store::HeldRow row = HeldDose();
  row.missing.assign(3, row.missing[0]);
  row.row.missing = 60;
  EXPECT_THAT(HeldTable(Held(row), kMonday), HasSubstr("waits for plan 1.2.3.9 and 59 more;"));
}

TEST(HeldTable, IsNotEmptyWhenNothingIsHeld) {
  EXPECT_EQ(HeldTable(Json::array(), kMonday), "nothing is held\n");
}

TEST(HeldTable, SurvivesAnAnswerOfAnotherVersion) {
  Json odd = Json::array({Json::object(), {{"state", 5}, {"missing", "x"}, {"since", "soon"}}});
  EXPECT_THAT(HeldTable(odd, kMonday), HasSubstr("SOP INSTANCE UID"));
}

TEST(AgeText, IsShortAndNeverNegative) {
  using std::chrono::seconds;
  EXPECT_EQ(AgeText(seconds(-5)), "0s");
  EXPECT_EQ(AgeText(seconds(59)), "59s");
  EXPECT_EQ(AgeText(seconds(60)), "1m");
  EXPECT_EQ(AgeText(seconds(3 * 3600 + 60)), "3h 1m");
  EXPECT_EQ(AgeText(seconds(2 * 86400 + 3600)), "2d 1h");
}

TEST(Aligned, CountsCharactersNotBytes) {
  EXPECT_EQ(Aligned({{"\xC3\xBC", "a"}, {"bb", "c"}}), "\xC3\xBC   a\nbb  c\n");
}

}  // namespace
}  // namespace router::admin
