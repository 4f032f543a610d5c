// Our A-ABORT in every state, and End(): PS3.8 Evt15, AA-1, and Sta13.
#include "router/dimse/messages.h"
#include "tests/unit/association/association_fixture.h"

namespace router::association {
namespace {

const Error kEnough{Errc::kInterrupted, Blame::kInternal, false, "enough"};

class AbortTest : public AssociationTest {
 public:
  Task<> AbortAndEndTwice(Association& association) {
    co_await association.Abort();
    co_await association.Abort();
    co_await association.End();
    co_await association.End();
    EXPECT_FALSE(association.IsEstablished());
    Say("ended");
  }
  Task<> ReceiveAndAbort(Association& association) {
    auto rq = co_await association.ReceiveRequest();
    Good("request", rq);
    co_await AbortAndEndTwice(association);
  }
  Task<> ListenAndAbort(Association& association) {
    co_await Listen(association);
    co_await AbortAndEndTwice(association);
  }
  Task<> ReleaseAndAbort(Association& association) {
    co_await Release(association);
    co_await AbortAndEndTwice(association);
  }
  Act ListeningAndAborting() {
    return [this](Association& association) { return ListenAndAbort(association); };
  }
};

// Sta1: nothing has been said, the connection is just closed.
TEST_F(AbortTest, BeforeAnythingWasSaid) {
  EXPECT_THAT(Accepting({"end"}, [&](Association& ours) { return AbortAndEndTwice(ours); }),
              ElementsAre("ended"));
}

// Sta2 knows no A-ABORT of ours.
TEST_F(AbortTest, WhileARequestIsAwaited) {
  EXPECT_THAT(Accepting({"end"},
                        [&](Association& ours) {
                          return Together(ReceiveAndAbort(ours),
                                          net::NextTurnThen([&] { ours.Interrupt(kEnough); }));
                        }),
              ElementsAre("request: interrupted, internal", "ended"));
}

TEST_F(AbortTest, InsteadOfAnAnswer) {
  EXPECT_THAT(Accepting({"> " + PeersRequest(), "< " + kUserAbort, "close"},
                        [&](Association& ours) { return ReceiveAndAbort(ours); }),
              ElementsAre("ended"));
}

TEST_F(AbortTest, OnAnEstablishedAssociation) {
  for (ul::Role role : {kAcceptor, kRequestor})
    EXPECT_THAT(Established(role, {"< " + kUserAbort, "close"},
                            [&](Association& ours) { return AbortAndEndTwice(ours); }),
                ElementsAre("ended"));
}

TEST_F(AbortTest, WithAReason) {
  EXPECT_THAT(Established(kAcceptor, {"< " + kInvalidValue, "close"},
                          [&](Association& ours) { return ours.Abort({2, 6}); }),
              IsEmpty());
}

TEST_F(AbortTest, AfterAnInterrupt) {
  EXPECT_THAT(Established(kAcceptor, {"< " + kUserAbort, "close"},
                          [&](Association& ours) {
                            return Together(ListenAndAbort(ours),
                                            net::NextTurnThen([&] { ours.Interrupt(kEnough); }));
                          }),
              ElementsAre("receive: interrupted, internal", "ended"));
}

TEST_F(AbortTest, APeerThatDoesNotCloseIsClosedByArtim) {
  timers_.artim = Milliseconds(50);
  EXPECT_THAT(Established(kRequestor, {"< " + kUserAbort, "end"},
                          [&](Association& ours) { return AbortAndEndTwice(ours); }),
              ElementsAre("ended"));
}

// AA-2: two that abort each other must not wait for each other to close.
TEST_F(AbortTest, APeerThatAbortsTooIsNotWaitedFor) {
  timers_.artim = Milliseconds(600'000);
  EXPECT_THAT(Established(kAcceptor,
                          {"< " + kUserAbort, "> " + Data(1, 3, EchoRq(1)) + kReleaseRq,
                           "> " + kUserAbort, "end"},
                          [&](Association& ours) { return AbortAndEndTwice(ours); }),
              ElementsAre("ended"));
}

// AA-6, AA-7: until the peer closes.
TEST_F(AbortTest, WhatStillComesIsDropped) {
  EXPECT_THAT(Established(kAcceptor,
                          {"< " + kUserAbort, "> " + Data(1, 3, EchoRq(1)) + kReleaseRq + "FFFF",
                           "> " + kUserAbort, "close"},
                          [&](Association& ours) { return AbortAndEndTwice(ours); }),
              ElementsAre("ended"));
}

TEST_F(AbortTest, ADrainDoesNotWaitForArtim) {
  struct Both {
    static Task<> Interrupts(AbortTest& test, Association& ours) {
      co_await test.script_->UntilDone(3);
      for (int i = 0; i < 3; ++i) co_await net::NextTurn{};
      ours.Interrupt(kEnough);
    }
  };
  EXPECT_THAT(Established(kAcceptor, {"< " + kUserAbort, "end"},
                          [&](Association& ours) {
                            return Together(AbortAndEndTwice(ours), Both::Interrupts(*this, ours));
                          }),
              ElementsAre("ended"));
}

// ---- where there is nobody to tell any more, or the peer has been told

TEST_F(AbortTest, AfterThePeersAbort) {
  EXPECT_THAT(Established(kRequestor, {"> " + kUserAbort, "end"}, ListeningAndAborting()),
              ElementsAre("receive: aborted, upstream", "ended"));
}

TEST_F(AbortTest, AfterThePeerHasGone) {
  for (const char* how : {"close", "reset"})
    EXPECT_THAT(Established(kRequestor, {how}, ListeningAndAborting()),
                ElementsAre("receive: closed, upstream", "ended"));
}

// Found by a write, not by a read.
TEST_F(AbortTest, AfterThePeerWasFoundGone) {
  struct Then {
    static Task<> Aborts(AbortTest& test, Association& ours) {
      co_await test.script_->UntilDone(3);
      bool sent = true;
      while (sent) {
        auto flushed = co_await ours.Send(1, dimse::CEchoRq(1));
        sent = test.Good("send", flushed);
      }
      co_await test.AbortAndEndTwice(ours);
    }
  };
  EXPECT_THAT(Established(kRequestor, {"reset"},
                          [&](Association& ours) { return Then::Aborts(*this, ours); }),
              ElementsAre("send: closed, upstream", "ended"));
}

TEST_F(AbortTest, ThenNothingIsReceived) {
  struct Then {
    static Task<> Listens(AbortTest& test, Association& ours) {
      for (int i = 0; i < 2; ++i) co_await test.Listen(ours);
      co_await test.AbortAndEndTwice(ours);
      co_await test.Listen(ours);
    }
  };
  EXPECT_THAT(Established(kAcceptor, {"> " + kUserAbort + Data(1, 3, EchoRq(1)), "end"},
                          [&](Association& ours) { return Then::Listens(*this, ours); }),
              ElementsAre("receive: aborted, downstream", "receive: closed, downstream", "ended",
                          "receive: closed, downstream"));
}

TEST_F(AbortTest, AfterAnAbortThatTheTableDemanded) {
  EXPECT_THAT(Established(kRequestor, {"> " + kReleaseRp, "< " + kUnexpected, "shut", "end"},
                          ListeningAndAborting()),
              ElementsAre("receive: unexpected PDU, upstream", "ended"));
  EXPECT_THAT(Established(kRequestor, {"> FF", "< " + kUnrecognized, "shut", "end"},
                          ListeningAndAborting()),
              ElementsAre("receive: malformed PDU, upstream", "ended"));
}

TEST_F(AbortTest, AfterAConfirmedRelease) {
  EXPECT_THAT(Established(kAcceptor, {"> " + kReleaseRq, "< " + kReleaseRp, "shut", "end"},
                          ListeningAndAborting()),
              ElementsAre("release asked for", "confirmed", "ended"));
}

TEST_F(AbortTest, AfterARelease) {
  EXPECT_THAT(Established(kAcceptor, {"< " + kReleaseRq, "> " + kReleaseRp, "end"},
                          [&](Association& ours) { return ReleaseAndAbort(ours); }),
              ElementsAre("released", "ended"));
}

TEST_F(AbortTest, AfterAReleaseThatFailed) {
  timers_.release = Milliseconds(50);
  EXPECT_THAT(Established(kAcceptor, {"< " + kReleaseRq, "< " + kUserAbort, "shut", "end"},
                          [&](Association& ours) { return ReleaseAndAbort(ours); }),
              ElementsAre("release: timeout, downstream", "ended"));
}

TEST_F(AbortTest, AfterARejection) {
  struct Then {
    static Task<> Aborts(AbortTest& test, Association& ours) {
      auto rq = co_await ours.ReceiveRequest();
      EXPECT_TRUE(rq);
      co_await ours.Reject({1, 1, 1});
      co_await test.AbortAndEndTwice(ours);
    }
  };
  EXPECT_THAT(Accepting({"> " + PeersRequest(), "< " + Rejection("01 01 01"), "shut", "end"},
                        [&](Association& ours) { return Then::Aborts(*this, ours); }),
              ElementsAre("ended"));
}

TEST_F(AbortTest, WithoutAnEndTheProcessEnds) {
  net::Pair pair = net::Connected();
  EXPECT_DEATH(Run(
                   [](net::Loop& loop, net::Pair& ends, Timers timers) -> Task<> {
                     Association association(net::Open(loop, ends), timers, 0);
                     co_return;
                   },
                   loop_, pair, timers_),
               "before it ended");
}

}  // namespace
}  // namespace router::association
