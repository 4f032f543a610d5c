#include "router/base/uid.h"

#include <gtest/gtest.h>

namespace router {
namespace {

TEST(Uid, TrailingNulAndSpaceDoNotCount) {
  EXPECT_EQ(Uid(std::string_view("1.2.840\0", 8)), Uid("1.2.840"));
  EXPECT_EQ(Uid("1.2.840 "), Uid("1.2.840"));
}
TEST(Uid, KeepsWhatRealFilesCarryAndKnowsThatItIsNone) {
  for (const char* text : {"UNKNOWN", "", "1..2", "1.2.", ".1", "1.02",
                           "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22.23.24.25.26"})
    EXPECT_FALSE(Uid(text).IsValid()) << text;
  for (const char* text : {"0", "1.2.840.10008.1.1", "1.0.2"})
    EXPECT_TRUE(Uid(text).IsValid()) << text;
  EXPECT_EQ(Uid("UNKNOWN").str(), "UNKNOWN");
}

}  // namespace
}  // namespace router
