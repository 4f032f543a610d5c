// The orderly end, and what comes between: PS3.8 Sta7 to Sta12, and Sta13 after them.
#include "router/dimse/messages.h"
#include "tests/unit/association/association_fixture.h"

namespace router::association {
namespace {

class ReleaseTest : public AssociationTest, public testing::WithParamInterface<ul::Role> {
 public:
  Lines Releasing(Lines transcript) {
    return Established(GetParam(), std::move(transcript), AssociationTest::Releasing());
  }
  std::string Peer(const char* what) const {
    return std::string(what) + (GetParam() == kAcceptor ? ", downstream" : ", upstream");
  }
};
INSTANTIATE_TEST_SUITE_P(As, ReleaseTest, testing::Values(kAcceptor, kRequestor),
                         [](const auto& it) {
                           return it.param == kAcceptor ? "Acceptor" : "Requestor";
                         });

// ---- the peer asks

TEST_P(ReleaseTest, ThePeersReleaseIsConfirmedAndThePeerCloses) {
  EXPECT_THAT(Established(GetParam(), {"> " + kReleaseRq, "< " + kReleaseRp, "close"}, Listening()),
              ElementsAre("release asked for", "confirmed"));
}

TEST_P(ReleaseTest, APeerThatDoesNotCloseAfterItsReleaseIsClosedByArtim) {
  timers_.artim = Milliseconds(50);
  EXPECT_THAT(Established(GetParam(), {"> " + kReleaseRq, "< " + kReleaseRp, "end"}, Listening()),
              ElementsAre("release asked for", "confirmed"));
}

TEST_P(ReleaseTest, WhatComesAfterTheConfirmationIsDropped) {
  EXPECT_THAT(Established(GetParam(),
                          {"> " + kReleaseRq + Data(1, 3, EchoRq(1)) + "FF", "< " + kReleaseRp,
                           "> " + kReleaseRq, "close"},
                          Listening()),
              ElementsAre("release asked for", "confirmed"));
}

// Sta8: answers may still be sent (AR-7), but nothing may come.
class AskedTest : public ReleaseTest {
 public:
  Lines Asked(Lines transcript, std::function<Task<>(AskedTest&, Association&)> then) {
    transcript.insert(transcript.begin(), "> " + kReleaseRq);
    return Established(GetParam(), std::move(transcript),
                       [this, then](Association& ours) { return Then(ours, then); });
  }
  Task<> Then(Association& ours, std::function<Task<>(AskedTest&, Association&)> then) {
    auto asked = co_await ours.Receive(kNever);
    EXPECT_TRUE(asked && asked->kind == Incoming::Kind::kReleaseRequest);
    EXPECT_FALSE(ours.IsEstablished());
    co_await then(*this, ours);
  }
  static Task<> AnswerAndGoOn(AskedTest& test, Association& ours) {
    auto sent = co_await ours.Send(1, dimse::CEchoRq(7));
    EXPECT_TRUE(sent);
    co_await test.Listen(ours);
  }
  static Task<> GoOn(AskedTest& test, Association& ours) { co_await test.Listen(ours); }
  static Task<> Refuse(AskedTest&, Association& ours) { co_await ours.Abort(); }
  static Task<> ReleaseToo(AskedTest& test, Association& ours) { co_await test.Release(ours); }
};
INSTANTIATE_TEST_SUITE_P(As, AskedTest, testing::Values(kAcceptor, kRequestor), [](const auto& it) {
  return it.param == kAcceptor ? "Acceptor" : "Requestor";
});

TEST_P(AskedTest, AnswersMayStillBeSent) {
  EXPECT_THAT(Asked({"< " + Data(1, 3, EchoRq(7)), "> " + kUserAbort, "end"}, AnswerAndGoOn),
              ElementsAre(Peer("receive: aborted")));
}

TEST_P(AskedTest, WhatThePeerSendsBeforeItsAnswerIsUnexpected) {
  for (const std::string& pdu : {Data(1, 3, EchoRq(7)), Data(3, 0, "'ab'"), kReleaseRq, kReleaseRp})
    EXPECT_THAT(Asked({"> " + pdu, "< " + kUnexpected, "close"}, GoOn),
                ElementsAre(Peer("receive: unexpected PDU")))
        << pdu;
}

TEST_P(AskedTest, AnUnknownPduBeforeItsAnswerIsUnrecognized) {
  EXPECT_THAT(Asked({"> FF", "< " + kUnrecognized, "close"}, GoOn),
              ElementsAre(Peer("receive: malformed PDU")));
}

TEST_P(AskedTest, OurEndMayAbortInstead) {
  EXPECT_THAT(Asked({"< " + kUserAbort, "close"}, Refuse), IsEmpty());
}

TEST_P(AskedTest, OurEndCannotAskAnyMore) {
  EXPECT_THAT(Asked({"end"}, ReleaseToo), ElementsAre(Peer("release: closed")));
}

// ---- our end asks

TEST_P(ReleaseTest, OurReleaseIsAnsweredAndOurEndCloses) {
  EXPECT_THAT(Releasing({"< " + kReleaseRq, "> " + kReleaseRp, "end"}), ElementsAre("released"));
  EXPECT_THAT(Releasing({"< " + kReleaseRq, ">1 " + kReleaseRp, "end"}), ElementsAre("released"));
}

TEST_P(ReleaseTest, DataThatStillComesIsDropped) {
  EXPECT_THAT(Releasing({"< " + kReleaseRq,
                         "> " + Data(3, 3, StoreRq(8)) + Data(3, 2, "'ab'") + Data(7, 3, EchoRq(1)),
                         "> " + Data(1, 1, "00") + kReleaseRp, "end"}),
              ElementsAre("released"));
}

TEST_P(ReleaseTest, SilenceAfterOurReleaseIsAborted) {
  timers_.release = Milliseconds(50);
  EXPECT_THAT(Releasing({"< " + kReleaseRq, "< " + kUserAbort, "close"}),
              ElementsAre(Peer("release: timeout")));
  EXPECT_THAT(Releasing({"< " + kReleaseRq, "> 06 00", "< " + kUserAbort, "close"}),
              ElementsAre(Peer("release: timeout")));
}

TEST_P(ReleaseTest, APeerThatIsSilentAndDoesNotCloseIsClosedByArtim) {
  timers_.release = timers_.artim = Milliseconds(50);
  EXPECT_THAT(Releasing({"< " + kReleaseRq, "< " + kUserAbort, "end"}),
              ElementsAre(Peer("release: timeout")));
}

TEST_P(ReleaseTest, DataWithoutEndDoesNotPutOffTheTimer) {
  timers_.release = Milliseconds(50);
  EXPECT_THAT(
      Releasing({"< " + kReleaseRq, "flood " + Data(3, 0, "'ab'"), "< " + kUserAbort, "close"}),
      ElementsAre(Peer("release: timeout")));
}

TEST_P(ReleaseTest, APeerThatClosesInsteadIsSaid) {
  for (const char* how : {"close", "reset", "shut"})
    EXPECT_THAT(Releasing({"< " + kReleaseRq, how}), ElementsAre(Peer("release: closed")));
}

TEST_P(ReleaseTest, APeerThatHasGoneBeforeIsSaid) {
  EXPECT_THAT(Releasing({"shut", "< " + kReleaseRq, "end"}), ElementsAre(Peer("release: closed")));
}

TEST_P(ReleaseTest, AnAbortInsteadIsSaid) {
  EXPECT_THAT(Releasing({"< " + kReleaseRq, "> " + kUserAbort, "end"}),
              ElementsAre(Peer("release: aborted")));
}

TEST_P(ReleaseTest, AnotherPduInsteadIsAborted) {
  for (const std::string& pdu : {PeersRequest(), Acceptance(Answers()), Rejection("01 01 01")})
    EXPECT_THAT(Releasing({"< " + kReleaseRq, "> " + pdu, "< " + kUnexpected, "close"}),
                ElementsAre(Peer("release: unexpected PDU")));
  EXPECT_THAT(Releasing({"< " + kReleaseRq, "> FF", "< " + kUnrecognized, "close"}),
              ElementsAre(Peer("release: malformed PDU")));
  EXPECT_THAT(Releasing({"< " + kReleaseRq, "> 04 00 00004001", "< " + kUnrecognized, "close"}),
              ElementsAre(Peer("release: PDU too large")));
}

// ---- both ask: the requestor answers first (AR-9), the acceptor last (AR-10, AR-4)

class CollisionTest : public AssociationTest {};

TEST_F(CollisionTest, AsRequestorOurEndAnswersFirst) {
  EXPECT_THAT(Established(kRequestor,
                          {"< " + kReleaseRq, "> " + kReleaseRq, "< " + kReleaseRp,
                           "> " + kReleaseRp, "end"},
                          Releasing()),
              ElementsAre("released"));
}

TEST_F(CollisionTest, AsAcceptorOurEndAnswersLastAndThePeerCloses) {
  EXPECT_THAT(Established(kAcceptor,
                          {"< " + kReleaseRq, "> " + kReleaseRq, "> " + kReleaseRp,
                           "< " + kReleaseRp, "close"},
                          Releasing()),
              ElementsAre("released"));
}

TEST_F(CollisionTest, AsAcceptorOurEndWaitsForThePeersAnswer) {
  timers_.release = Milliseconds(50);
  EXPECT_THAT(
      Established(kAcceptor, {"< " + kReleaseRq, "> " + kReleaseRq, "< " + kUserAbort, "close"},
                  Releasing()),
      ElementsAre("release: timeout, downstream"));
}

TEST_F(CollisionTest, AsRequestorOurEndWaitsForThePeersAnswer) {
  timers_.release = Milliseconds(50);
  EXPECT_THAT(
      Established(kRequestor,
                  {"< " + kReleaseRq, "> " + kReleaseRq, "< " + kReleaseRp + kUserAbort, "close"},
                  Releasing()),
      ElementsAre("release: timeout, upstream"));
}

TEST_F(CollisionTest, AfterItNothingButTheAnswerMayCome) {
  const std::string data = Data(1, 3, EchoRq(1));
  for (const std::string& pdu : {data, kReleaseRq, PeersRequest()}) {
    EXPECT_THAT(Established(kRequestor,
                            {"< " + kReleaseRq, "> " + kReleaseRq + pdu,
                             "< " + kReleaseRp + kUnexpected, "close"},
                            Releasing()),
                ElementsAre("release: unexpected PDU, upstream"));
    EXPECT_THAT(
        Established(kAcceptor,
                    {"< " + kReleaseRq, "> " + kReleaseRq + pdu, "< " + kUnexpected, "close"},
                    Releasing()),
        ElementsAre("release: unexpected PDU, downstream"));
  }
}

TEST_F(CollisionTest, ThePeerMayStillAbortOrGo) {
  EXPECT_THAT(Established(kAcceptor, {"< " + kReleaseRq, "> " + kReleaseRq + kUserAbort, "end"},
                          Releasing()),
              ElementsAre("release: aborted, downstream"));
  EXPECT_THAT(
      Established(kRequestor, {"< " + kReleaseRq, "> " + kReleaseRq, "< " + kReleaseRp, "close"},
                  Releasing()),
      ElementsAre("release: closed, upstream"));
}

}  // namespace
}  // namespace router::association
