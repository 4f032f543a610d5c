// Our end as acceptor, up to the answer: PS3.8 Sta2, Sta3, and Sta13 after what went wrong.
#include "tests/unit/association/association_fixture.h"
#include "tests/unit/ul/hex.h"

namespace router::association {
namespace {

class AcceptorTest : public AssociationTest {
 protected:
  Lines Receiving(Lines transcript) {
    return Accepting(std::move(transcript),
                     [this](Association& association) { return Receive(association); });
  }
  Lines Serving(Lines transcript) {
    return Accepting(std::move(transcript),
                     [this](Association& association) { return Serve(association); });
  }
  static std::string OurAcceptance() {
    Negotiation parts;
    parts.user = OurUserInformation(16384);
    return Acceptance(Answers(), parts);
  }

 private:
  Task<> Receive(Association& association) {
    auto rq = co_await association.ReceiveRequest();
    if (!Good("request", rq)) co_return;
    Say("request from " + rq->calling.title().str() + " to " + rq->called.title().str());
    co_await association.Reject({1, 1, 7});
  }
  Task<> Serve(Association& association) {
    const bool accepted = co_await Answer(association);
    EXPECT_EQ(association.IsEstablished(), accepted);
    if (accepted) co_await Listen(association);
    EXPECT_FALSE(association.IsEstablished());
  }
};

TEST_F(AcceptorTest, AGoodRequestIsAccepted) {
  EXPECT_THAT(Serving({"> " + PeersRequest(), "< " + OurAcceptance(), "> " + kReleaseRq,
                       "< " + kReleaseRp, "close"}),
              ElementsAre("release asked for", "confirmed"));
}

TEST_F(AcceptorTest, ARequestComesInAnyNumberOfPieces) {
  EXPECT_THAT(Serving({">1 " + PeersRequest(), "< " + OurAcceptance(), ">1 " + kReleaseRq,
                       "< " + kReleaseRp, "close"}),
              ElementsAre("release asked for", "confirmed"));
}

// What a client sends before it has its answer is read in Sta6.
TEST_F(AcceptorTest, WhatComesWithTheRequestIsKept) {
  EXPECT_THAT(Serving({"> " + PeersRequest() + Data(1, 3, EchoRq(7)) + kReleaseRq,
                       "< " + OurAcceptance() + kReleaseRp, "close"}),
              ElementsAre("C-ECHO-RQ 7 on 1", "release asked for", "confirmed"));
}

TEST_F(AcceptorTest, ARejectionIsSentAndThePeerCloses) {
  EXPECT_THAT(Receiving({"> " + PeersRequest(), "< " + Rejection("01 01 07"), "close"}),
              ElementsAre("request from TPS to SLUICE"));
}

TEST_F(AcceptorTest, APeerThatDoesNotCloseAfterARejectionIsClosedByArtim) {
  timers_.artim = Milliseconds(50);
  EXPECT_THAT(Receiving({"> " + PeersRequest(), "< " + Rejection("01 01 07"), "end"}),
              ElementsAre("request from TPS to SLUICE"));
}

// AA-6, AA-7: a reset would take the answer away with it.
TEST_F(AcceptorTest, WhatComesAfterARejectionIsDropped) {
  EXPECT_THAT(Receiving({"> " + PeersRequest() + PeersRequest() + "47 45 54",
                         "< " + Rejection("01 01 07"), "> " + Data(1, 3, EchoRq(1)), "close"}),
              ElementsAre("request from TPS to SLUICE"));
}

// ---- what PS3.8 itself forbids: AE-6, second branch

struct Bad {
  const char* name;
  std::string first, answer, told;
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.name; }

Bad Objectionable(const char* name, const std::string& reason, std::vector<Proposal> proposals,
                  Negotiation parts = {}) {
  return {name, Request(proposals, parts), Rejection(reason), "request: rejected, downstream"};
}
Negotiation Version(const char* version) {
  Negotiation parts;
  parts.version = version;
  return parts;
}
Negotiation ApplicationContext(const char* name) {
  Negotiation parts;
  parts.application_context = name;
  return parts;
}

class ObjectionTest : public AcceptorTest, public testing::WithParamInterface<Bad> {};

TEST_P(ObjectionTest, IsRejectedByTheProvider) {
  EXPECT_THAT(Receiving({"> " + GetParam().first, "< " + GetParam().answer, "close"}),
              ElementsAre(GetParam().told));
}

// Sta13: what comes then is read, and dropped.
TEST_P(ObjectionTest, IsFollowedByThePeersClose) {
  EXPECT_THAT(
      Receiving({"> " + GetParam().first, "< " + GetParam().answer, ">1 " + kReleaseRq, "close"}),
      ElementsAre(GetParam().told));
}

INSTANTIATE_TEST_SUITE_P(
    Requests, ObjectionTest,
    testing::Values(Objectionable("NoVersion", "01 02 02", {{}}, Version("0000")),
                    Objectionable("LaterVersionOnly", "01 02 02", {{}}, Version("0002")),
                    Objectionable("OtherApplicationContext", "01 01 02", {{}},
                                  ApplicationContext("'1.2.840.10008.3.1.1.2'")),
                    Objectionable("EmptyApplicationContext", "01 01 02", {{}},
                                  ApplicationContext("")),
                    Objectionable("NoContext", "01 02 01", {}),
                    Objectionable("EvenContextId", "01 02 01", {{1}, {2}}),
                    Objectionable("ContextIdZero", "01 02 01", {{0}}),
                    Objectionable("ContextIdTwice", "01 02 01", {{3}, {1}, {3, kCtImage}})),
    [](const auto& it) { return it.param.name; });

TEST_F(AcceptorTest, LaterVersionsThatIncludeTheFirstAreAccepted) {
  Negotiation parts;
  parts.version = "0003";
  EXPECT_THAT(Receiving({"> " + Request({{}}, parts), "< " + Rejection("01 01 07"), "close"}),
              ElementsAre("request from TPS to SLUICE"));
}

// ---- anything but a request: AA-1 says that the user aborts

class WrongFirstPduTest : public AcceptorTest, public testing::WithParamInterface<Bad> {};

TEST_P(WrongFirstPduTest, IsAborted) {
  EXPECT_THAT(Receiving({"> " + GetParam().first, "< " + kUserAbort, "close"}),
              ElementsAre(GetParam().told));
}

TEST_P(WrongFirstPduTest, InAnyNumberOfPiecesIsAborted) {
  EXPECT_THAT(Receiving({">1 " + GetParam().first, "< " + kUserAbort, "close"}),
              ElementsAre(GetParam().told));
}

const std::string kUnexpectedHere = "request: unexpected PDU, downstream";
const std::string kMalformedHere = "request: malformed PDU, downstream";
const std::string kTooLargeHere = "request: PDU too large, downstream";

INSTANTIATE_TEST_SUITE_P(
    Pdus, WrongFirstPduTest,
    testing::Values(Bad{"Acceptance", Acceptance({{}}), "", kUnexpectedHere},
                    Bad{"Rejection", Rejection("01 01 01"), "", kUnexpectedHere},
                    Bad{"Data", Data(1, 3, EchoRq(1)), "", kUnexpectedHere},
                    Bad{"ReleaseRequest", kReleaseRq, "", kUnexpectedHere},
                    Bad{"ReleaseResponse", kReleaseRp, "", kUnexpectedHere},
                    Bad{"TypeNought", "00", "", kMalformedHere},
                    Bad{"TypeEight", "08", "", kMalformedHere},
                    Bad{"Http", "'G'", "", kMalformedHere}, Bad{"Tls", "16", "", kMalformedHere},
                    Bad{"OversizedRequest", "01 00 00100001", "", kTooLargeHere},
                    Bad{"OversizedData", "04 00 00004001", "", kTooLargeHere},
                    Bad{"LongRelease", "05 00 00000005", "", kMalformedHere},
                    Bad{"EmptyRequest", Pdu(1, ""), "", kMalformedHere},
                    Bad{"ItemBeyondTheEnd", Pdu(1, std::string(136, '0') + "10 00 00FF 31"), "",
                        kMalformedHere},
                    Bad{"MaximumLengthTwice",
                        Request({{}}, {.contexts = "",
                                       .user = Item(0x51, "00004000") + Item(0x51, "00004000")}),
                        "", kMalformedHere}),
    [](const auto& it) { return it.param.name; });

TEST_F(AcceptorTest, AnAbortBeforeTheRequestIsNotAnswered) {
  EXPECT_THAT(Receiving({"> " + kUserAbort, "end"}), ElementsAre("request: aborted, downstream"));
}

TEST_F(AcceptorTest, AfterAnAbortOurEndWaitsForArtimAtMost) {
  timers_.artim = Milliseconds(50);
  EXPECT_THAT(Receiving({"> 08", "< " + kUserAbort, "> 'still here'", "end"}),
              ElementsAre("request: malformed PDU, downstream"));
}

// ---- ARTIM, and peers that go

TEST_F(AcceptorTest, SilenceIsClosedByArtimWithoutAWord) {
  timers_.artim = Milliseconds(50);
  const SteadyTime begun = Clock().Now();
  EXPECT_THAT(Receiving({"end"}), ElementsAre("request: timeout, downstream"));
  EXPECT_GE(Clock().Now() - begun, Milliseconds(45));
}

TEST_F(AcceptorTest, HalfARequestIsClosedByArtim) {
  timers_.artim = Milliseconds(50);
  const std::string request = PeersRequest();
  EXPECT_THAT(Receiving({"> " + request.substr(0, 60), "end"}),
              ElementsAre("request: timeout, downstream"));
}

TEST_F(AcceptorTest, ArtimIsNotPutOffByBytesThatTrickle) {
  timers_.artim = Milliseconds(50);
  EXPECT_THAT(Receiving({">~ " + PeersRequest()}), ElementsAre("request: timeout, downstream"));
}

TEST_F(AcceptorTest, APeerThatGoesBeforeItsRequestIsWholeIsSaid) {
  const std::string half = PeersRequest().substr(0, 100);
  for (const Lines& transcript : {Lines{"close"}, Lines{"reset"}, Lines{"shut", "end"},
                                  Lines{"> " + half, "close"}, Lines{">1 " + half, "reset"}}) {
    EXPECT_THAT(Receiving(transcript), ElementsAre("request: closed, downstream"));
  }
}

TEST_F(AcceptorTest, APeerThatGoesBeforeItIsAnsweredIsSaidAtTheNextStep) {
  EXPECT_THAT(Serving({"> " + PeersRequest(), "shut", "< " + OurAcceptance(), "end"}),
              ElementsAre("receive: closed, downstream"));
}

}  // namespace
}  // namespace router::association
