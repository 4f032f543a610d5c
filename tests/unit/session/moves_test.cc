#include "tests/unit/session/moves_fixture.h"

namespace router::session {
namespace {

// ---- whose it is

TEST_F(MovesTest, MessageIdNamesTheMoveWhereManyShareATitle) {
  Move first = Open(Request("A"), 11), second = Open(Request("B"), 12);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(Attribute(From(11)).move, first);
  EXPECT_EQ(Attribute(From(12)).move, second);
  EXPECT_EQ(Attribute(From(13)).move, nullptr);
}

TEST_F(MovesTest, AnotherOriginatorThanOurTitleBelongsToNone) {
  Move move = Open(Request(), 11);
  auto attribution = Attribute(From(11, AeTitle::FromWire("SOMEBODY")));
  EXPECT_EQ(attribution.move, nullptr);
  EXPECT_FALSE(attribution.needs_head);
}

TEST_F(MovesTest, AnUpstreamThatNamesItselfIsUnderstood) {
  Move first = Open(Request("A"), 11), second = Open(Request("B"), 12);
  EXPECT_EQ(Attribute(From(12, AeTitle::FromWire("ARIADB"))).move, second);
  EXPECT_EQ(Attribute(From(13, AeTitle::FromWire("ARIADB"))).move, nullptr);
}

TEST_F(MovesTest, AnotherTitleOrUpstreamBelongsToNone) {
  Move move = Open(Request(), 11);
  EXPECT_EQ(Attribute(From(11), kTwo).why, "no move is under way");
  EXPECT_EQ(moves_.Attribute("OTHER", kOne, From(11)).move, nullptr);
}

TEST_F(MovesTest, WithoutOriginatorTheOnlyMoveIsIt) {
  Move move = Open(Request(), 11);
  EXPECT_EQ(Attribute({}).move, move);
}

TEST_F(MovesTest, WithoutOriginatorTheHeadDecidesBetweenSeveral) {
  Move series = OpenFor({{}, {Uid("1.1")}, {}}, 11);
  Move study = OpenFor({{Uid("2")}, {}, {}}, 12);
  Moves::Clues unread;
  unread.instance = Uid("9");
  EXPECT_TRUE(Attribute(unread).needs_head);
  EXPECT_EQ(Attribute(Read(Uid("1"), Uid("1.1"), Uid("9"))).move, series);
  EXPECT_EQ(Attribute(Read(Uid("2"), Uid("2.1"), Uid("9"))).move, study);
}

TEST_F(MovesTest, TheOnlyMoveTakesNothingThatItDidNotAskFor) {
  Move move = OpenFor({{Uid("1")}, {}, {}}, 11);
  Moves::Clues unread;
  unread.instance = Uid("9");
  EXPECT_TRUE(Attribute(unread).needs_head);
  EXPECT_TRUE(Attribute(From(11)).needs_head) << "even if the message ID fits";
  EXPECT_EQ(Attribute(Read(Uid("1"), Uid("1.1"), Uid("9"))).move, move);
  EXPECT_EQ(Attribute(Read(Uid("9"), Uid("9.9"), Uid("9"))).move, nullptr);
}

TEST_F(MovesTest, WhatComesLateGoesToTheMoveThatAskedForIt) {
  Move ended = OpenFor({{Uid("1")}, {}, {}}, 11);
  moves_.Close(ended);
  Move open = OpenFor({{Uid("2")}, {}, {}}, 12);
  Moves::Clues unread;
  unread.instance = Uid("9");
  EXPECT_TRUE(Attribute(unread).needs_head);
  EXPECT_EQ(Attribute(Read(Uid("1"), Uid("1.1"), Uid("9"))).move, ended);
  EXPECT_EQ(Attribute(Read(Uid("2"), Uid("2.1"), Uid("9"))).move, open);
}

TEST_F(MovesTest, TheDestinationsOfEndedMovesAreAskedOnlyIfNoneIsOpen) {
  Move ended = Open(Request("A"), 11);
  moves_.Close(ended);
  EXPECT_EQ(moves_.Candidates("VMSDBD", kOne), std::vector<Move>{ended});
  Move open = Open(Request("B"), 12);
  EXPECT_EQ(moves_.Candidates("VMSDBD", kOne), std::vector<Move>{open});
}

TEST_F(MovesTest, WhatTwoMovesMayBringIsDeliveredToNeither) {
  OpenFor({{Uid("1")}, {}, {}}, 11);
  OpenFor({{}, {Uid("1.1")}, {}}, 12);
  auto attribution = Attribute(Read(Uid("1"), Uid("1.1"), Uid("9")));
  EXPECT_EQ(attribution.move, nullptr);
  EXPECT_FALSE(attribution.needs_head);
  EXPECT_NE(attribution.why, "");
}

TEST_F(MovesTest, AnInstanceThatAMoveNamesNeedsNoHead) {
  Move one = OpenFor({{}, {}, {Uid("9")}}, 11);
  OpenFor({{}, {}, {Uid("8")}}, 12);
  Moves::Clues unread;
  unread.instance = Uid("9");
  EXPECT_EQ(Attribute(unread).move, one);
}

// The message ID is ours alone; the identifier must agree with it, or something is wrong.
TEST_F(MovesTest, WhatTheIdentifierDidNotAskForIsNotDelivered) {
  OpenFor({{}, {}, {Uid("9")}}, 11);
  EXPECT_EQ(Attribute(From(11)).move, nullptr);
}

// ---- the end of a move, and after it

TEST_F(MovesTest, CountsTellWhatBecameOfEach) {
  Move move = Open(Request(), 11);
  Bring(move, SuboperationOutcome::kCompleted);
  Bring(move, SuboperationOutcome::kWarning);
  Bring(move, SuboperationOutcome::kFailed);
  moves_.Begin(move);
  MoveCounts counts = moves_.Counts(move);
  EXPECT_EQ(counts.begun, 4u);
  EXPECT_EQ(counts.answered(), 3u);
  EXPECT_EQ(counts.failed_instances, std::vector<Uid>{Uid("1.2.3")});
  loop_.RunUntilIdle();
  EXPECT_EQ(changes_, 3);
}

TEST_F(MovesTest, AnInstanceThatComesAgainCountsOnceWhereTheyAreKept) {
  MoveRequest request = Request();
  request.count_once = true;
  Move move = Open(request, 11);
  Bring(move, SuboperationOutcome::kFailed);
  Bring(move, SuboperationOutcome::kFailed);
  EXPECT_EQ(moves_.Counts(move).failed, 1u);
  Bring(move, SuboperationOutcome::kCompleted);
  Bring(move, SuboperationOutcome::kFailed);
  MoveCounts counts = moves_.Counts(move);
  EXPECT_EQ(counts.completed, 1u);
  EXPECT_EQ(counts.failed, 0u) << "it is there";
  EXPECT_THAT(counts.failed_instances, IsEmpty());
  EXPECT_EQ(counts.answered(), counts.begun);
  EXPECT_EQ(moves_.Arrived(move), std::set<Uid>{Uid("1.2.3")});
}

TEST_F(MovesTest, WhatComesLateIsStillItsOwn) {
  Move move = Open(Request(), 11);
  moves_.Close(move);
  clock_.now += seconds(59);
  EXPECT_EQ(Attribute(From(11)).move, move);
  moves_.Begin(move);
  EXPECT_TRUE(moves_.End(move, SuboperationOutcome::kCompleted, Uid("1.2.3")));
  clock_.now += seconds(2);
  EXPECT_EQ(Attribute(From(11)).move, nullptr);
  EXPECT_THAT(moves_.Candidates("VMSDBD", kOne), IsEmpty());
}

TEST_F(MovesTest, AMoveWhoseSuboperationIsUnderWayIsNotForgotten) {
  Move move = Open(Request(), 11);
  moves_.Begin(move);
  moves_.Close(move);
  clock_.now += seconds(600);
  EXPECT_EQ(moves_.Candidates("VMSDBD", kOne).size(), 1u);
}

TEST_F(MovesTest, AnEndedMoveGivesWayToAnOpenOne) {
  Move ended = Open(Request(), 11);
  moves_.Close(ended);
  Move open = Open(Request(), 12);
  Moves::Clues read;
  read.head_read = true;
  EXPECT_EQ(Attribute(read).move, open);
  EXPECT_EQ(moves_.InProgress("VMSDBD"), 1u);
}

TEST_F(MovesTest, TheFinalCountsAreThoseOfTheMomentInWhichItIsClosed) {
  Move move = Open(Request(), 11);
  Bring(move, SuboperationOutcome::kCompleted);
  moves_.Begin(move);
  const MoveCounts final = moves_.Close(move);
  EXPECT_TRUE(moves_.End(move, SuboperationOutcome::kFailed, Uid("1.2.4"))) << "it is late";
  EXPECT_EQ(final.completed, 1u);
  EXPECT_EQ(final.failed, 0u);
  EXPECT_THAT(final.failed_instances, IsEmpty());
}

}  // namespace
}  // namespace router::session
