#include "router/delivery/status_table.h"

#include <gtest/gtest.h>

namespace router::delivery {
namespace {

struct Case {
  uint16_t status;
  Verdict verdict;
};

TEST(StatusTable, DefaultsTellWhatIsDeliveredRetriedAndRefused) {
  const config::Statuses defaults;
  for (auto [status, verdict] : {
           Case{0x0000, Verdict::kDelivered},
           Case{0xB000, Verdict::kDelivered},
           Case{0xB006, Verdict::kDelivered},
           Case{0xB007, Verdict::kDelivered},
           Case{0x0111, Verdict::kDuplicate},
           Case{0xA700, Verdict::kAgain},
           Case{0xA7FF, Verdict::kAgain},
           Case{0x0110, Verdict::kAgain},
           Case{0xA900, Verdict::kPermanent},
           Case{0xC000, Verdict::kPermanent},
           Case{0x0122, Verdict::kPermanent},
           Case{0x0124, Verdict::kPermanent},
           Case{0xFF00, Verdict::kPermanent},  // pending means nothing in a C-STORE response
           Case{0xFE00, Verdict::kPermanent},
           Case{0x4242, Verdict::kPermanent},
       }) {
    EXPECT_EQ(VerdictOf(defaults, status), verdict) << std::hex << status;
  }
}

TEST(StatusTable, NotYetGoesBeforeAgainAndBeforeDuplicate) {
  config::Statuses statuses;
  statuses.not_yet = {{0xA700, 0xFF00}, {0x0111, 0xFFFF}};
  EXPECT_EQ(VerdictOf(statuses, 0xA712), Verdict::kNotYet);
  EXPECT_EQ(VerdictOf(statuses, 0x0111), Verdict::kNotYet);
  EXPECT_EQ(VerdictOf(statuses, 0x0110), Verdict::kAgain);
}

TEST(StatusTable, WhatWasStoredCannotBeConfiguredAway) {
  config::Statuses statuses;
  statuses.not_yet = {{0x0000, 0x0000}};  // matches everything
  EXPECT_EQ(VerdictOf(statuses, 0x0000), Verdict::kDelivered);
  EXPECT_EQ(VerdictOf(statuses, 0xB000), Verdict::kDelivered);
  EXPECT_EQ(VerdictOf(statuses, 0xC001), Verdict::kNotYet);
}

TEST(StatusTable, PatternsOfConfigurationAreMasks) {
  config::Statuses statuses;
  statuses.again = {{0xC100, 0xFF00}};
  EXPECT_EQ(VerdictOf(statuses, 0xC1AB), Verdict::kAgain);
  EXPECT_EQ(VerdictOf(statuses, 0xC2AB), Verdict::kPermanent);
  EXPECT_EQ(VerdictOf(statuses, 0xA700), Verdict::kPermanent);  // the defaults were replaced
}

}  // namespace
}  // namespace router::delivery
