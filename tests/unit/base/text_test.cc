#include "router/base/text.h"

#include <gtest/gtest.h>

#include <vector>

namespace router {
namespace {

TEST(NearestOf, FindsTheTypingErrorsOfTheVarianDocument) {
  std::vector<std::string> known = {"VMSDBD", "VMSFD-OUT", "RTPACS", "DCMTK"};
  EXPECT_EQ(NearestOf("VMSSDBD", known), "VMSDBD");
  EXPECT_EQ(NearestOf("DCMCTK", known), "DCMTK");
  EXPECT_EQ(NearestOf("vmsdbd", known), "VMSDBD");
  EXPECT_EQ(NearestOf("ORTHANC", known), "");
}
TEST(EditDistance, CountsASwapOfNeighboursOnceAndCaseATenth) {
  EXPECT_EQ(EditDistance("VMSBDD", "VMSDBD"), 1u);
  EXPECT_EQ(EditDistance("ab", "AB"), 1u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
}
TEST(AsErrorComment, IsALongStringOfPs35) {
  EXPECT_EQ(AsErrorComment("a\\b\nc"), "a/b?c");
  EXPECT_EQ(AsErrorComment(std::string(80, 'x')).size(), 64u);
}

}  // namespace
}  // namespace router
