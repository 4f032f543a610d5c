#include "router/session/moves.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace router::session {
namespace {

using config::MoveOriginator;
using std::chrono::seconds;
using ::testing::IsEmpty;
using Move = std::shared_ptr<OpenMove>;

const AeTitle kOne = AeTitle::FromWire("SLUICE1");
const AeTitle kTwo = AeTitle::FromWire("SLUICE2");
const AeTitle kCalling = AeTitle::FromWire("SLUICE");

class TurnedClock : public Clock {
 public:
  SteadyTime Now() const override { return now; }
  SteadyTime now{std::chrono::hours(1)};
};

class MovesTest : public ::testing::Test {
 protected:
  MoveRequest Request(std::string destination = "RTPACS") {
    MoveRequest request;
    request.upstream = "VMSDBD";
    request.upstream_title = AeTitle::FromWire("ARIADB");
    request.titles = {kOne};
    request.originator = originator_;
    request.settle = seconds(5);
    request.late = seconds(60);
    request.client = AeTitle::FromWire("DCMTK");
    request.calling = kCalling;
    request.destination = std::move(destination);
    request.loop = &loop_;
    request.on_change = [this] { ++changes_; };
    return request;
  }
  // One who waits: the request, and its place in the line.
  struct Waiting {
    Waiting(Moves& moves, MoveRequest asked) : request(std::move(asked)), ticket(moves, request) {}
    const MoveRequest request;
    Moves::Ticket ticket;
  };
  std::unique_ptr<Waiting> Wait(MoveRequest request, int* woken = nullptr) {
    request.on_change = [woken] {
      if (woken) ++*woken;
    };
    return std::make_unique<Waiting>(moves_, std::move(request));
  }
  Moves::Opened TryOpen(const std::unique_ptr<Waiting>& waiting) {
    return moves_.TryOpen(waiting->ticket);
  }
  // Opens one, with its C-MOVE-RQ sent under `message_id`.
  Move Open(MoveRequest request, uint16_t message_id) {
    Moves::Ticket ticket(moves_, request);
    auto opened = moves_.TryOpen(ticket);
    if (!opened.move) return nullptr;
    EXPECT_TRUE(moves_.AddMessageId(opened.move, message_id));
    return opened.move;
  }
  Move OpenFor(MoveScope scope, uint16_t message_id) {
    MoveRequest request = Request();
    request.scope = std::move(scope);
    return Open(std::move(request), message_id);
  }
  static Moves::Clues From(uint16_t message_id, const AeTitle& originator = kCalling) {
    Moves::Clues clues;
    clues.originator = originator;
    clues.originator_message_id = message_id;
    clues.instance = Uid("1.2.3");
    return clues;
  }
  static Moves::Clues Read(Uid study, Uid series, Uid instance) {
    Moves::Clues clues;
    clues.study = std::move(study);
    clues.series = std::move(series);
    clues.instance = std::move(instance);
    clues.head_read = true;
    return clues;
  }
  Moves::Attribution Attribute(const Moves::Clues& clues, const AeTitle& title = kOne) {
    return moves_.Attribute("VMSDBD", title, clues);
  }
  void Bring(const Move& move, SuboperationOutcome outcome) {
    moves_.Begin(move);
    moves_.End(move, outcome, Uid("1.2.3"));
  }
  void TearDown() override { loop_.RunUntilIdle(); }

  MoveOriginator originator_ = MoveOriginator::kYes;
  TurnedClock clock_;
  net::Loop loop_;
  int changes_ = 0;
  Moves moves_{clock_};
};

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
  request.keep_arrived = true;
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
