#include "router/hold/unrest.h"

#include <gtest/gtest.h>

#include <string>

namespace router::hold {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr minutes kQuiet(1);
const SteadyTime kStart{minutes(1000)};

Uid Series(size_t i) { return Uid("1.2." + std::to_string(i)); }

TEST(Unrest, WhatWasAddedToIsQuietAfterAWhileAndNothingElseIsConcerned) {
  Unrest unrest;
  unrest.Stir(Series(1), kStart, kQuiet);
  EXPECT_EQ(unrest.Left(Series(1), kStart + milliseconds(1), kQuiet), kQuiet - milliseconds(1));
  EXPECT_EQ(unrest.Left(Series(2), kStart, kQuiet), milliseconds(0));
  unrest.Stir(Series(1), kStart + minutes(1), kQuiet);
  EXPECT_EQ(unrest.Left(Series(1), kStart + minutes(1), kQuiet), kQuiet);
  EXPECT_EQ(unrest.Left(Series(1), kStart + minutes(2), kQuiet), milliseconds(0));
}

TEST(Unrest, WhateverComesItIsBoundedAndNothingThatWasAddedToCountsAsQuiet) {
  Unrest unrest;
  for (size_t i = 0; i < 3 * Unrest::kMost; ++i) {
    unrest.Stir(Series(i), kStart, kQuiet);
    ASSERT_LE(unrest.size(), Unrest::kMost);
  }
  for (size_t i = 0; i < 3 * Unrest::kMost; ++i)
    ASSERT_EQ(unrest.Left(Series(i), kStart, kQuiet), kQuiet) << i;
  EXPECT_EQ(unrest.Left(Series(1), kStart + kQuiet, kQuiet), milliseconds(0));
}

TEST(Unrest, OverTheYearsNothingIsDisturbedByWhatWasQuietLongSince) {
  Unrest unrest;
  SteadyTime now = kStart;
  for (size_t i = 0; i < 3 * Unrest::kMost; ++i, now += milliseconds(100)) {
    unrest.Stir(Series(i), now, kQuiet);
    ASSERT_EQ(unrest.Left(Uid("1.3"), now, kQuiet), milliseconds(0)) << i;
  }
  EXPECT_LE(unrest.size(), Unrest::kMost);
}

}  // namespace
}  // namespace router::hold
