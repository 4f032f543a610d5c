#include "router/session/observe.h"

#include <gtest/gtest.h>

namespace router::session {
namespace {

TEST(Tap, KeepsWhatPassesAndGivesTheRoomBack) {
  std::atomic<int64_t> all{0};
  {
    Tap tap(all);
    tap.Add(AsBytes("ab"));
    tap.Add(AsBytes("cd"));
    EXPECT_EQ(all, 4);
    std::shared_ptr<const Buffer> kept = tap.Take();
    ASSERT_TRUE(kept);
    EXPECT_EQ(AsText(*kept), "abcd");
    EXPECT_EQ(all, 4) << "until nobody has it any more";
  }
  EXPECT_EQ(all, 0);
}

TEST(Tap, IsChargedWhatItTakesNotWhatIsInIt) {
  std::atomic<int64_t> all{0};
  Tap tap(all);
  const Buffer piece(1000);
  for (int i = 0; i < 33; ++i) tap.Add(piece);
  std::shared_ptr<const Buffer> kept = tap.Take();
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->size(), 33'000u);
  EXPECT_EQ(all, static_cast<int64_t>(kept->capacity()));
}

TEST(Tap, DropsWhatIsTooLargeAndHoldsNothingOfIt) {
  std::atomic<int64_t> all{0};
  const Buffer piece(Tap::kMost / 2 + 1);
  Tap tap(all);
  tap.Add(piece);
  tap.Add(piece);
  EXPECT_EQ(all, 0);
  tap.Add(AsBytes("more"));
  EXPECT_EQ(all, 0);
  EXPECT_FALSE(tap.Take());
}

TEST(Tap, DropsWhatIsTooMuchForAllTogether) {
  std::atomic<int64_t> all{Tap::kMostOfAll - 1};
  Tap tap(all);
  tap.Add(AsBytes("ab"));
  EXPECT_FALSE(tap.Take());
  EXPECT_EQ(all, Tap::kMostOfAll - 1);
}

TEST(Observations, CountWhatIsTheSameOnce) {
  Observations observed;
  const WallTime first{std::chrono::seconds(10)}, last{std::chrono::seconds(20)};
  observed.Add({"hold", "plan", "structure_set"}, Uid("1.1"), first);
  observed.Add({"hold", "plan", "structure_set"}, Uid("1.2"), last);
  observed.Add({"pass", "plan", ""}, Uid("1.3"), last);
  ASSERT_EQ(observed.tallies().size(), 2u);
  const Observations::Tally& held = observed.tallies().begin()->second;
  EXPECT_EQ(held.count, 2);
  EXPECT_EQ(held.first, first);
  EXPECT_EQ(held.last, last);
  EXPECT_EQ(held.latest, Uid("1.2"));
}

}  // namespace
}  // namespace router::session
