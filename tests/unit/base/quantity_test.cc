#include "router/base/quantity.h"

#include <gtest/gtest.h>

namespace router {
namespace {

using std::chrono::milliseconds;

TEST(Quantity, IsWhatPeopleWriteAndNothingElse) {
  EXPECT_EQ(DurationIn("500ms"), milliseconds(500));
  EXPECT_EQ(DurationIn("7d"), std::chrono::hours(7 * 24));
  EXPECT_EQ(BytesIn("64MiB"), uint64_t{64} << 20);
  EXPECT_EQ(BytesIn("0B"), 0u);
  for (const char* text : {"", "5", "s", "5 s", "-5s", "5S", "1.5h", "0x5s", "5sec", "64MB"}) {
    EXPECT_EQ(DurationIn(text), std::nullopt) << text;
    EXPECT_EQ(BytesIn(text), std::nullopt) << text;
  }
}

TEST(Quantity, NeverWraps) {
  EXPECT_EQ(BytesIn("999999999999TiB"), std::nullopt);
  EXPECT_EQ(BytesIn("1000000000000B"), std::nullopt);  // 13 digits
  EXPECT_EQ(DurationIn("999999999999d"), std::nullopt);
}

TEST(Quantity, IsWrittenInTheLargestUnitWithoutARest) {
  EXPECT_EQ(TextOf(milliseconds(90'000)), "90s");
  EXPECT_EQ(TextOf(milliseconds(7'200'000)), "2h");
  EXPECT_EQ(TextOf(milliseconds(0)), "0ms");
  EXPECT_EQ(TextOfBytes(128 << 10), "128KiB");
  EXPECT_EQ(TextOfBytes(1000), "1000B");
}

}  // namespace
}  // namespace router
