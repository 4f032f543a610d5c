#include "router/session/commitment_decision.h"

#include <gtest/gtest.h>

#include "router/dimse/status.h"

namespace router::session {
namespace {

using store::State;
namespace status = dimse::status;

const WallTime kNow = WallTime(std::chrono::hours(1000));
const Uid kCt("1.2.840.10008.5.1.4.1.1.2"), kMr("1.2.840.10008.5.1.4.1.1.4");

store::UndecidedInstance Instance(std::optional<State> state = std::nullopt) {
  store::UndecidedInstance one;
  one.sop = {kCt, Uid("1.1")};
  one.deadline = kNow + std::chrono::hours(1);
  one.state = state;
  if (state) one.held_class = kCt;
  return one;
}
store::UndecidedInstance Late(std::optional<State> state = std::nullopt) {
  store::UndecidedInstance one = Instance(state);
  one.deadline = kNow;
  return one;
}

constexpr State kOnTheirWay[] = {State::kWaiting, State::kReady, State::kSending,
                                 State::kVerifying};
constexpr State kEnded[] = {State::kDelivered, State::kDiscarded};

TEST(CommitmentDecision, WhatTheApplicationHasIsCommitted) {
  EXPECT_EQ(DecisionFor(Instance(), Presence::kFound, kNow), status::kSuccess);
  for (State state : kEnded)
    EXPECT_EQ(DecisionFor(Instance(state), Presence::kFound, kNow), status::kSuccess)
        << NameOf(state);
  store::UndecidedInstance believed = Instance();
  believed.believed_there = true;
  EXPECT_EQ(DecisionFor(believed, Presence::kUnknown, kNow), status::kSuccess);
  EXPECT_FALSE(IsToBeAskedAbout(believed));
}

TEST(CommitmentDecision, DeliveredAloneIsNoCommitment) {
  EXPECT_EQ(DecisionFor(Instance(State::kDelivered), Presence::kUnknown, kNow), std::nullopt);
  EXPECT_TRUE(IsToBeAskedAbout(Instance(State::kDelivered)));
}

TEST(CommitmentDecision, WhatTheApplicationHasNotIsNoSuchInstance) {
  EXPECT_TRUE(IsToBeAskedAbout(Instance()));
  EXPECT_EQ(DecisionFor(Instance(), Presence::kUnknown, kNow), std::nullopt);
  EXPECT_EQ(DecisionFor(Instance(), Presence::kAbsent, kNow), status::kNoSuchSopInstance);
  for (State state : kEnded)
    EXPECT_EQ(DecisionFor(Instance(state), Presence::kAbsent, kNow), status::kNoSuchSopInstance);
}

TEST(CommitmentDecision, WhatIsOnItsWayIsWaitedForWhateverIsFoundUntilTheDeadline) {
  for (State state : kOnTheirWay) {
    SCOPED_TRACE(NameOf(state));
    EXPECT_FALSE(IsToBeAskedAbout(Instance(state)));
    for (Presence presence : {Presence::kUnknown, Presence::kFound, Presence::kAbsent}) {
      EXPECT_EQ(DecisionFor(Instance(state), presence, kNow), std::nullopt)
          << "what was found may be what was there before it";
      EXPECT_EQ(DecisionFor(Late(state), presence, kNow), status::kProcessingFailure);
    }
    store::UndecidedInstance believed = Instance(state);
    believed.believed_there = true;
    EXPECT_EQ(DecisionFor(believed, Presence::kUnknown, kNow), std::nullopt);
  }
}

TEST(CommitmentDecision, QuarantineIsAProcessingFailureAtOnce) {
  store::UndecidedInstance quarantined = Instance(State::kQuarantined);
  quarantined.believed_there = true;
  EXPECT_FALSE(IsToBeAskedAbout(quarantined));
  EXPECT_EQ(DecisionFor(quarantined, Presence::kFound, kNow), status::kProcessingFailure);
}

TEST(CommitmentDecision, AnotherSopClassIsAConflictInAnyState) {
  for (int i = 0; i < static_cast<int>(store::kStates); ++i) {
    store::UndecidedInstance other = Instance(static_cast<State>(i));
    other.held_class = kMr;
    other.believed_there = true;
    EXPECT_FALSE(IsToBeAskedAbout(other));
    EXPECT_EQ(DecisionFor(other, Presence::kFound, kNow), status::kClassInstanceConflict);
  }
}

TEST(CommitmentDecision, WhatCannotBeAskedAboutFailsAtTheDeadlineButAYesGoesFirst) {
  EXPECT_EQ(DecisionFor(Late(), Presence::kUnknown, kNow), status::kProcessingFailure);
  EXPECT_EQ(DecisionFor(Late(), Presence::kFound, kNow), status::kSuccess);
  EXPECT_EQ(DecisionFor(Late(), Presence::kAbsent, kNow), status::kNoSuchSopInstance);
}

TEST(CommitmentByOriginal, WhatTheSpoolKeepsIsCommittedOnItsWayAndDelivered) {
  for (State state : kOnTheirWay)
    EXPECT_EQ(DecisionByOriginal(Instance(state), Original::kWhole, kNow), status::kSuccess)
        << NameOf(state);
  EXPECT_EQ(DecisionByOriginal(Instance(State::kDelivered), Original::kWhole, kNow),
            status::kSuccess);
}

TEST(CommitmentByOriginal, WhatItDoesNotKeepIsNot) {
  EXPECT_EQ(DecisionByOriginal(Instance(), Original::kGone, kNow), status::kNoSuchSopInstance);
  for (State state : kEnded)
    EXPECT_EQ(DecisionByOriginal(Instance(state), Original::kGone, kNow),
              status::kNoSuchSopInstance);
  for (State state : kOnTheirWay)
    EXPECT_EQ(DecisionByOriginal(Instance(state), Original::kGone, kNow),
              status::kProcessingFailure)
        << "it has lost its file";
}

TEST(CommitmentByOriginal, QuarantineAndAnotherClassFail) {
  EXPECT_EQ(DecisionByOriginal(Instance(State::kQuarantined), Original::kWhole, kNow),
            status::kProcessingFailure);
  store::UndecidedInstance other = Instance(State::kDelivered);
  other.held_class = kMr;
  EXPECT_EQ(DecisionByOriginal(other, Original::kWhole, kNow), status::kClassInstanceConflict);
}

TEST(CommitmentByOriginal, WhatIsDamagedFailsAndWhatCannotBeReadNowIsLookedAtAgain) {
  EXPECT_EQ(DecisionByOriginal(Instance(State::kDelivered), Original::kDamaged, kNow),
            status::kProcessingFailure);
  EXPECT_EQ(DecisionByOriginal(Instance(State::kDelivered), Original::kUnreadable, kNow),
            std::nullopt);
  EXPECT_EQ(DecisionByOriginal(Late(State::kDelivered), Original::kUnreadable, kNow),
            status::kProcessingFailure);
}

}  // namespace
}  // namespace router::session
