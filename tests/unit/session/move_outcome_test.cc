#include "router/session/move_outcome.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/dimse/status.h"

namespace router::session {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

MoveFinal Theirs(uint16_t status, uint16_t completed, uint16_t failed = 0, uint16_t warning = 0) {
  MoveFinal final;
  final.status = status;
  final.comment = "upstream's comment";
  final.counts.completed = completed;
  final.counts.failed = failed;
  final.counts.warning = warning;
  return final;
}

MoveCounts Ours(uint32_t completed, uint32_t failed = 0, uint32_t warning = 0) {
  MoveCounts counts;
  counts.begun = completed + failed + warning;
  counts.completed = completed;
  counts.failed = failed;
  counts.warning = warning;
  for (uint32_t i = 1; i <= failed; ++i)
    counts.failed_instances.push_back(Uid("1." + std::to_string(i)));
  return counts;
}

TEST(MoveOutcome, AllThatArrivedIsSuccessWithoutAComment) {
  MoveFinal told = Conclude(Theirs(0x0000, 3), Ours(3), 0);
  EXPECT_EQ(told.status, 0x0000);
  EXPECT_EQ(told.counts.completed, 3);
  EXPECT_EQ(told.counts.failed, 0);
  EXPECT_FALSE(told.counts.remaining);
  EXPECT_EQ(told.comment, "");
}

TEST(MoveOutcome, NothingToMoveIsSuccess) {
  EXPECT_EQ(Conclude(Theirs(0x0000, 0), Ours(0), {}).status, 0x0000);
}

// Upstream counts what we answered, but it may count before or without our answer.
TEST(MoveOutcome, WhatUpstreamCountedAndNeverArrivedHasFailed) {
  MoveFinal told = Conclude(Theirs(0x0000, 5), Ours(3), 0);
  EXPECT_EQ(told.status, dimse::status::kSuboperationsFailed);
  EXPECT_EQ(told.counts.completed, 3);
  EXPECT_EQ(told.counts.failed, 2);
}

// Upstream waited less than the destination needed.
TEST(MoveOutcome, WhatUpstreamGaveUpAndArrivedAllTheSameHasNotFailed) {
  MoveFinal theirs = Theirs(0xB000, 2, 1);
  theirs.failed = {Uid("1.9")};
  MoveFinal told = Conclude(theirs, Ours(3), {}, {Uid("1.7"), Uid("1.8"), Uid("1.9")});
  EXPECT_EQ(told.status, 0x0000);
  EXPECT_EQ(told.counts.failed, 0);
  EXPECT_THAT(told.failed, IsEmpty());
}

TEST(MoveOutcome, AsManyAreCountedAsFailedAsAreNamed) {
  MoveFinal theirs = Theirs(0x0000, 3);
  theirs.failed = {Uid("1.9")};
  MoveFinal told = Conclude(theirs, Ours(3), {}, {Uid("1.7")});
  EXPECT_EQ(told.status, dimse::status::kSuboperationsFailed);
  EXPECT_EQ(told.counts.failed, 1);
  EXPECT_THAT(told.failed, ElementsAre(Uid("1.9")));
}

TEST(MoveOutcome, WhatArrivedBeyondUpstreamsCountIsCounted) {
  MoveFinal told = Conclude(Theirs(0x0000, 2), Ours(3), 0);
  EXPECT_EQ(told.status, 0x0000);
  EXPECT_EQ(told.counts.completed, 3);
}

TEST(MoveOutcome, SomeFailedIsB000WithTheirUids) {
  MoveFinal theirs = Theirs(0xB000, 1, 2);
  theirs.failed = {Uid("1.1"), Uid("1.9")};
  MoveFinal told = Conclude(theirs, Ours(1, 1), 0);
  EXPECT_EQ(told.status, 0xB000);
  EXPECT_EQ(told.counts.failed, 2);
  EXPECT_THAT(told.failed, ElementsAre(Uid("1.1"), Uid("1.9")));
  EXPECT_EQ(told.comment, "upstream's comment");
}

TEST(MoveOutcome, WithoutCountsWhatUpstreamNamesHasFailed) {
  MoveFinal theirs;
  theirs.status = 0xB000;
  theirs.failed = {Uid("1.1"), Uid("1.9")};
  MoveFinal told = Conclude(theirs, Ours(3, 1), {});
  EXPECT_EQ(told.status, 0xB000);
  EXPECT_EQ(told.counts.failed, 2);
  theirs.failed.clear();
  told = Conclude(theirs, Ours(3), {});
  EXPECT_EQ(told.status, 0xB000) << "some have failed, nobody knows how many";
  EXPECT_EQ(told.counts.failed, 1);
  EXPECT_EQ(Conclude(theirs, Ours(3, 0, 1), {}).counts.failed, 0) << "it speaks of the warning";
}

TEST(MoveOutcome, AllFailedIsA702WhateverUpstreamCalledIt) {
  for (uint16_t status : {0x0000, 0xB000, 0xC001})
    EXPECT_EQ(Conclude(Theirs(status, 0, 2), Ours(0, 2), 0).status, 0xA702) << status;
}

TEST(MoveOutcome, AllWarnedIsB000) {
  MoveFinal told = Conclude(Theirs(0x0000, 0, 0, 2), Ours(0, 0, 2), 0);
  EXPECT_EQ(told.status, 0xB000);
  EXPECT_EQ(told.counts.warning, 2);
  EXPECT_EQ(told.counts.failed, 0);
}

TEST(MoveOutcome, AFailureOfUpstreamsStaysWhatItWas) {
  for (uint16_t status : {0xA701, 0xA702, 0xA801, 0xA900, 0xC001}) {
    MoveFinal told = Conclude(Theirs(status, 0), Ours(0), {});
    EXPECT_EQ(told.status, status);
    EXPECT_EQ(told.comment, "upstream's comment");
  }
}

// Upstream was lost after three: that three arrived must not look like the end of the move.
TEST(MoveOutcome, AFailureHalfWayIsAFailureWithTrueCounts) {
  MoveFinal told = Conclude({0xA702, "upstream was lost", {}, {}, 4}, Ours(3, 1), 4);
  EXPECT_EQ(told.status, 0xA702);
  EXPECT_EQ(told.counts.completed, 3);
  EXPECT_EQ(told.counts.failed, 5) << "one that failed and four that never came";
  EXPECT_FALSE(told.counts.remaining);
}

TEST(MoveOutcome, ACancelledMoveTellsWhatRemains) {
  MoveFinal told = Conclude(Theirs(0xFE00, 2, 1), Ours(2, 1), 7);
  EXPECT_EQ(told.status, 0xFE00);
  EXPECT_EQ(told.counts.remaining, 7);
  EXPECT_EQ(told.counts.completed, 2);
  EXPECT_EQ(told.counts.failed, 1);
}

TEST(MoveOutcome, CountsEndWhereUsEnds) {
  MoveFinal told = Conclude(Theirs(0x0000, 0xFFFF), Ours(70'000), 0);
  EXPECT_EQ(told.counts.completed, 0xFFFF);
  EXPECT_EQ(told.status, 0x0000);
  EXPECT_THAT(told.failed, IsEmpty());
}

dimse::Suboperations Pending(uint16_t remaining, uint16_t completed, uint16_t failed = 0,
                             uint16_t warning = 0) {
  return {remaining, completed, failed, warning};
}

TEST(MoveProgress, IsUpstreamsWhereTheDestinationBearsItOut) {
  EXPECT_EQ(Progress(Pending(2, 1), Ours(1)), Pending(2, 1));
  EXPECT_EQ(Progress(Pending(2, 1), Ours(3)), Pending(2, 1));  // the next ones were quicker
  EXPECT_EQ(Progress(Pending(0, 1, 1, 1), Ours(1, 1, 1)), Pending(0, 1, 1, 1));
}

TEST(MoveProgress, NeverTellsOfMoreThanArrived) {
  EXPECT_EQ(Progress(Pending(2, 3), Ours(1)), Pending(2, 1));
  EXPECT_EQ(Progress(Pending(2, 1, 0, 2), Ours(1, 2)), Pending(2, 1, 2, 0));
}

TEST(MoveProgress, WhatUpstreamCouldNotSendHasFailed) {
  EXPECT_EQ(Progress(Pending(1, 1, 2), Ours(1)), Pending(1, 1, 2));
}

TEST(MoveProgress, ZeroRemainsOnlyWhenAllWasAnswered) {
  EXPECT_EQ(Progress(Pending(0, 3), Ours(3)), Pending(0, 3));
  EXPECT_EQ(Progress(Pending(0, 3), Ours(2)), Pending(1, 2));
  EXPECT_EQ(Progress({}, Ours(2, 1)), Pending(1, 2, 1));
}

}  // namespace
}  // namespace router::session
