#include "tests/unit/session/moves_fixture.h"

namespace router::session {
namespace {

// ---- who may begin

TEST_F(MovesTest, WithoutMoveOriginatorATitleCarriesOneMoveAndSettles) {
  originator_ = MoveOriginator::kNo;
  Move first = Open(Request(), 11);
  ASSERT_TRUE(first);
  int woken = 0;
  auto waiting = Wait(Request(), &woken);
  auto second = TryOpen(waiting);
  EXPECT_FALSE(second.move);
  EXPECT_FALSE(second.retry) << "woken when the first ends";
  moves_.Close(first);
  loop_.RunUntilIdle();
  EXPECT_GE(woken, 1);
  second = TryOpen(waiting);
  EXPECT_FALSE(second.move);
  ASSERT_TRUE(second.retry);
  clock_.now += *second.retry;
  EXPECT_TRUE(TryOpen(waiting).move);
}

TEST_F(MovesTest, WhereUidsTellThemApartMovesShareATitle) {
  originator_ = MoveOriginator::kNo;
  Move series = OpenFor({{}, {Uid("1.1")}, {}}, 11);
  Move another = OpenFor({{Uid("1")}, {Uid("1.2")}, {}}, 12);
  ASSERT_TRUE(series && another);
  EXPECT_FALSE(OpenFor({{Uid("1")}, {}, {}}, 13)) << "the study may be theirs";
  EXPECT_FALSE(OpenFor({{}, {}, {Uid("1.1.1")}}, 14)) << "the instance may be of their series";
  EXPECT_EQ(Attribute(Read(Uid("1"), Uid("1.2"), Uid("9"))).move, another);
}

TEST_F(MovesTest, NobodyOvertakesOneWhoWaitsForTheSameInstances) {
  originator_ = MoveOriginator::kNo;
  Move narrow = OpenFor({{Uid("1")}, {Uid("1.1")}, {}}, 11);
  MoveRequest study = Request(), series = Request(), other = Request();
  study.scope = {{Uid("1")}, {}, {}};
  series.scope = {{Uid("1")}, {Uid("1.2")}, {}};
  other.scope = {{Uid("2")}, {}, {}};
  auto first = Wait(study), second = Wait(series), third = Wait(other);
  EXPECT_FALSE(TryOpen(second).move) << "it would keep the study waiting for ever";
  EXPECT_TRUE(TryOpen(third).move) << "it is in nobody's way";
  moves_.Close(narrow);
  clock_.now += seconds(6);
  EXPECT_TRUE(TryOpen(first).move);
  EXPECT_FALSE(TryOpen(second).move);
}

TEST_F(MovesTest, ATitleIsNotFreeWhileASuboperationIsUnderWayOnIt) {
  originator_ = MoveOriginator::kNo;
  Move first = Open(Request(), 11);
  moves_.Begin(first);
  moves_.Close(first);
  clock_.now += seconds(30);
  auto waiting = Wait(Request());
  EXPECT_FALSE(TryOpen(waiting).move);
  moves_.End(first, SuboperationOutcome::kCompleted, Uid("1.2.3"));
  EXPECT_EQ(TryOpen(waiting).retry, seconds(5) + config::Duration(1)) << "settles from then on";
  clock_.now += seconds(6);
  EXPECT_TRUE(TryOpen(waiting).move);
}

TEST_F(MovesTest, AnUpstreamThatWasLostMayStillSendWhileItHasAnAssociation) {
  originator_ = MoveOriginator::kNo;
  auto visit = std::make_unique<Moves::Visit>(moves_, "VMSDBD", kOne);
  Move lost = Open(Request(), 11);
  moves_.Close(lost, false);
  auto waiting = Wait(Request());
  clock_.now += seconds(30);
  EXPECT_FALSE(TryOpen(waiting).move);
  visit.reset();
  EXPECT_TRUE(TryOpen(waiting).move) << "what it was to send has come, or never will";
}

TEST_F(MovesTest, NoMoreThanTheLimitAreOpen) {
  MoveRequest request = Request();
  request.max_moves = 2;
  Move first = Open(request, 11), second = Open(request, 12);
  ASSERT_TRUE(first && second);
  int woken = 0;
  auto waiting = Wait(request, &woken);
  EXPECT_FALSE(TryOpen(waiting).move);
  moves_.Close(first);
  loop_.RunUntilIdle();
  EXPECT_GE(woken, 1);
  EXPECT_TRUE(TryOpen(waiting).move);
}

TEST_F(MovesTest, TheClientWithFewestUnderWayGoesNext) {
  MoveRequest busy = Request(), modest = Request();
  busy.max_moves = modest.max_moves = 2;
  modest.client = AeTitle::FromWire("OTHER");
  Move one = Open(busy, 11), two = Open(busy, 12);
  auto first = Wait(busy), second = Wait(busy), third = Wait(modest);
  moves_.Close(one);
  EXPECT_FALSE(TryOpen(first).move) << "it has one under way";
  EXPECT_TRUE(TryOpen(third).move) << "and this one has none";
  moves_.Close(two);
  EXPECT_TRUE(TryOpen(first).move);
  EXPECT_FALSE(TryOpen(second).move);
}

TEST_F(MovesTest, ADestinationIsAskedForNoMoreThanItTakes) {
  MoveRequest full = Request(), other = Request();
  full.target.application = "RTPACS";
  full.target_limit = 1;
  other.target.application = "OTHER";
  other.target_limit = 1;
  Move first = Open(full, 11);
  auto waiting = Wait(full);
  EXPECT_FALSE(TryOpen(waiting).move);
  EXPECT_TRUE(Open(other, 12)) << "another destination is not kept waiting";
  moves_.Close(first);
  EXPECT_TRUE(TryOpen(waiting).move);
}

TEST_F(MovesTest, TitlesOfThePoolAreTakenInTurn) {
  originator_ = MoveOriginator::kNo;
  MoveRequest request = Request();
  request.titles = {kOne, kTwo};
  Move first = Open(request, 11), second = Open(request, 12);
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->title, second->title);
  EXPECT_FALSE(Open(request, 13));
}

TEST_F(MovesTest, TheFirstInLineGoesFirst) {
  originator_ = MoveOriginator::kNo;
  int woken = 0;
  auto first = Wait(Request()), second = Wait(Request(), &woken);
  EXPECT_FALSE(TryOpen(second).move);
  EXPECT_TRUE(TryOpen(first).move);
  loop_.RunUntilIdle();
  woken = 0;
  first.reset();
  loop_.RunUntilIdle();
  EXPECT_EQ(woken, 1);
}

TEST_F(MovesTest, OneThatGivesUpItsPlaceLetsTheNextTry) {
  originator_ = MoveOriginator::kNo;
  int woken = 0;
  auto first = Wait(Request()), second = Wait(Request(), &woken);
  EXPECT_FALSE(TryOpen(second).move) << "the title was given to the first";
  first.reset();
  loop_.RunUntilIdle();
  EXPECT_EQ(woken, 1);
  EXPECT_TRUE(TryOpen(second).move) << "and upstream was never asked";
}

TEST_F(MovesTest, MovesShareATitleOnceUpstreamNamedTheOriginator) {
  originator_ = MoveOriginator::kLearn;
  Move first = Open(Request(), 11);
  ASSERT_TRUE(first);
  EXPECT_FALSE(Open(Request(), 12)) << "not known yet";
  EXPECT_EQ(Attribute(From(11)).move, first);
  EXPECT_TRUE(Open(Request(), 12));
}

TEST_F(MovesTest, AnUpstreamThatNamesNobodyAfterAllIsNoLongerBelievedTo) {
  originator_ = MoveOriginator::kLearn;
  Move first = Open(Request(), 11);
  EXPECT_EQ(Attribute(From(11)).move, first);
  Moves::Clues silent;
  silent.instance = Uid("1.2.3");
  EXPECT_EQ(Attribute(silent).move, first);
  EXPECT_FALSE(Open(Request(), 12));
}

TEST_F(MovesTest, WhatIsNotToBeBelievedIsNotRead) {
  originator_ = MoveOriginator::kNo;
  Move move = Open(Request(), 11);
  EXPECT_EQ(Attribute(From(1, AeTitle::FromWire("SOMEBODY"))).move, move);
}

TEST_F(MovesTest, TheTitleAloneTellsMovesOfTwoTitlesApart) {
  MoveRequest other = Request();
  other.calling = AeTitle::FromWire("LATIN1");
  Move first = Open(Request(), 11), second = Open(other, 12);
  Moves::Clues title_only;
  title_only.instance = Uid("1.2.3");
  title_only.originator = other.calling;
  EXPECT_EQ(Attribute(title_only).move, second);
  title_only.originator = AeTitle::FromWire("SOMEBODY");
  EXPECT_EQ(Attribute(title_only).move, nullptr);
}

TEST_F(MovesTest, AMessageIdIsNotUsedAgainBeforeItsMoveIsForgotten) {
  Move ended = Open(Request(), 11);
  moves_.Close(ended);
  Move open = Open(Request(), 12);
  EXPECT_FALSE(moves_.AddMessageId(open, 11));
  MoveRequest of_other_title = Request();
  of_other_title.calling = AeTitle::FromWire("LATIN1");
  Move other = Open(of_other_title, 11);
  EXPECT_TRUE(other) << "IDs are those of one title";
  clock_.now += seconds(61);
  EXPECT_TRUE(moves_.AddMessageId(open, 11));
}

// ---- destinations

TEST_F(MovesTest, WhoWaitsLongForADestinationIsGivenWay) {
  MoveTarget target, other;
  target.endpoint = {"10.1.0.20", 104};
  other.endpoint = {"10.1.0.20", 105};
  {
    Moves::Awaiting awaiting(moves_, target);
    EXPECT_FALSE(moves_.IsAwaited(target)) << "it has only just begun to";
    clock_.now += seconds(1);
    EXPECT_TRUE(moves_.IsAwaited(target));
    EXPECT_FALSE(moves_.IsAwaited(other));
  }
  EXPECT_FALSE(moves_.IsAwaited(target));
}

}  // namespace
}  // namespace router::session
