#include "router/session/get_identifier.h"

#include <gtest/gtest.h>

namespace router::session {
namespace {

using dataset::Identifier;
constexpr dataset::Tag kLevel = 0x00080052, kPatient = 0x00100020, kStudy = 0x0020000D,
                       kSeries = 0x0020000E;

TEST(GetIdentifierTest, AStudyOfAPatientIsTheStudyAlone) {
  auto keys = Identifier::Of({{kLevel, "STUDY"}, {kPatient, "P1"}, {kStudy, "1.2.3"}});
  EXPECT_EQ(PatientAskedFor(keys), "");
  ASSERT_TRUE(ToStudyRoot(keys, {}));
  EXPECT_EQ(keys.Text(kLevel), "STUDY");
  EXPECT_FALSE(keys.Has(kPatient));
  EXPECT_EQ(keys.Text(kStudy), "1.2.3");
}

TEST(GetIdentifierTest, ASeriesNamedAloneStaysNamedAlone) {
  auto keys = Identifier::Of({{kLevel, "SERIES"}, {kPatient, "P1"}, {kSeries, "1.2.4"}});
  ASSERT_TRUE(ToStudyRoot(keys, {}));
  EXPECT_FALSE(keys.Has(kPatient));
  EXPECT_EQ(keys.Text(kSeries), "1.2.4");
}

TEST(GetIdentifierTest, APatientIsAskedForByTheNamesOfItsStudies) {
  auto keys = Identifier::Of({{kLevel, "PATIENT"}, {kPatient, "P1"}});
  EXPECT_EQ(PatientAskedFor(keys), "P1");
  const std::vector<Uid> studies = {Uid("1.2.3"), Uid("1.2.5")};
  ASSERT_TRUE(ToStudyRoot(keys, studies));
  EXPECT_EQ(keys.Text(kLevel), "STUDY");
  EXPECT_EQ(keys.Uids(kStudy), studies);
  EXPECT_FALSE(keys.Has(kPatient));
}

TEST(GetIdentifierTest, APatientWithoutKnownStudiesIsAskedForByItsIdAsVmsdbdTakesIt) {
  auto keys = Identifier::Of({{kLevel, "PATIENT"}, {kPatient, "P1"}});
  ASSERT_TRUE(ToStudyRoot(keys, {}));
  EXPECT_EQ(keys.Text(kLevel), "STUDY");
  EXPECT_EQ(keys.Text(kPatient), "P1");
}

}  // namespace
}  // namespace router::session
