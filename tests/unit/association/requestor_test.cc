// Our end as requestor, up to the answer: PS3.8 Sta4, Sta5, and Sta13 after what went wrong.
#include "tests/unit/association/association_fixture.h"

namespace router::association {
namespace {

class RequestorTest : public AssociationTest {
 protected:
  // The peer gets our request, and then plays.
  Lines Asking(Lines transcript) {
    transcript.insert(transcript.begin(), "< " + OurRequest());
    return Requesting(std::move(transcript),
                      [this](Association& association) { return SayAgreed(association); });
  }

 private:
  Task<> SayAgreed(Association& association) {
    EXPECT_TRUE(association.IsEstablished());
    for (const ul::AcceptedContext& context : association.agreed())
      Say(std::to_string(context.id) + " " + context.abstract_syntax.str() + " " +
          context.transfer_syntax.str());
    co_await Listen(association);
  }
};

const std::string kAgreedOn1 = "1 1.2.840.10008.1.1 1.2.840.10008.1.2";
const std::string kAgreedOn3 = "3 1.2.840.10008.5.1.4.1.1.2 1.2.840.10008.1.2";

TEST_F(RequestorTest, AnAcceptanceIsTaken) {
  EXPECT_THAT(Asking({"> " + Acceptance(Answers()), "> " + kReleaseRq, "< " + kReleaseRp, "close"}),
              ElementsAre(kAgreedOn1, kAgreedOn3, "release asked for", "confirmed"));
}

TEST_F(RequestorTest, AnAcceptanceComesInAnyNumberOfPieces) {
  EXPECT_THAT(
      Asking({">1 " + Acceptance(Answers()), "> " + kReleaseRq, "< " + kReleaseRp, "close"}),
      ElementsAre(kAgreedOn1, kAgreedOn3, "release asked for", "confirmed"));
}

TEST_F(RequestorTest, WhatComesWithTheAcceptanceIsKept) {
  EXPECT_THAT(
      Asking({"> " + Acceptance(Answers()) + Data(3, 3, EchoRq(7)) + kReleaseRq, "< " + kReleaseRp,
              "close"}),
      ElementsAre(kAgreedOn1, kAgreedOn3, "C-ECHO-RQ 7 on 3", "release asked for", "confirmed"));
}

// ---- answers that do not fit the request

TEST_F(RequestorTest, AContextThatWasNotProposedIsNotAgreedOn) {
  EXPECT_THAT(Asking({"> " + Acceptance({{1}, {7}}), "> " + Data(7, 3, EchoRq(1)),
                      "< " + kInvalidValue, "close"}),
              ElementsAre(kAgreedOn1, "receive: malformed DIMSE, upstream"));
}

TEST_F(RequestorTest, ATransferSyntaxThatWasNotProposedIsNotAgreedOn) {
  EXPECT_THAT(Asking({"> " + Acceptance({{1}, {3, 0, kExplicit}}), "> " + Data(3, 3, EchoRq(1)),
                      "< " + kInvalidValue, "close"}),
              ElementsAre(kAgreedOn1, "receive: malformed DIMSE, upstream"));
}

TEST_F(RequestorTest, OfTwoAnswersToOneContextTheFirstCounts) {
  EXPECT_THAT(
      Asking({"> " + Acceptance({{1}, {3, 3}, {1, 4}, {3, 0}}),
              "> " + Data(1, 3, EchoRq(1)) + Data(3, 3, EchoRq(2)), "< " + kInvalidValue, "close"}),
      ElementsAre(kAgreedOn1, "C-ECHO-RQ 1 on 1", "receive: malformed DIMSE, upstream"));
}

TEST_F(RequestorTest, AnAcceptanceOfNothingIsAnAssociation) {
  EXPECT_THAT(Asking({"> " + Acceptance({{1, 1}, {3, 2}, {5, 4}}), "> " + kReleaseRq,
                      "< " + kReleaseRp, "close"}),
              ElementsAre("release asked for", "confirmed"));
}

// ---- rejections: AE-4, our end closes

struct Rejected {
  const char* bytes;
  const char* said;
};
class RejectionTest : public RequestorTest, public testing::WithParamInterface<Rejected> {};

TEST_P(RejectionTest, IsSaidWithItsSourceAndReason) {
  EXPECT_THAT(Asking({"> " + Rejection(GetParam().bytes), "end"}),
              ElementsAre("request: rejected, upstream"));
  EXPECT_THAT(detail_, HasSubstr(GetParam().said));
  EXPECT_TRUE(retryable_);
  EXPECT_EQ(
      Number(rejection_.result, 1) + Number(rejection_.source, 1) + Number(rejection_.reason, 1),
      std::string(GetParam().bytes) + " ");
}

INSTANTIATE_TEST_SUITE_P(
    Reasons, RejectionTest,
    testing::Values(
        Rejected{"01 01 01", "permanent, service user: no reason given"},
        Rejected{"01 01 02", "permanent, service user: application context name not supported"},
        Rejected{"01 01 03", "permanent, service user: calling AE title not recognized"},
        Rejected{"01 01 07", "permanent, service user: called AE title not recognized"},
        Rejected{"01 02 01", "permanent, service provider (ACSE): no reason given"},
        Rejected{"01 02 02", "permanent, service provider (ACSE): protocol version not supported"},
        Rejected{"02 03 01", "transient, service provider (presentation): temporary congestion"},
        Rejected{"02 03 02", "transient, service provider (presentation): local limit exceeded"},
        Rejected{"09 08 07", "unknown result, unknown source: unknown reason (9/8/7)"}));

// ---- aborts and wrong PDUs

TEST_F(RequestorTest, AnAbortIsSaidWithItsSourceAndReason) {
  const std::vector<std::pair<std::string, std::string>> aborts = {
      {"00 00", "service user"},
      {"02 00", "service provider: reason not specified (2/0)"},
      {"02 01", "service provider: unrecognized PDU (2/1)"},
      {"02 06", "service provider: invalid PDU parameter value (2/6)"},
      {"05 05", "unknown source (5/5)"}};
  for (const auto& [bytes, said] : aborts) {
    EXPECT_THAT(Asking({"> " + Aborted(bytes), "end"}), ElementsAre("request: aborted, upstream"));
    EXPECT_THAT(detail_, HasSubstr(said));
  }
}

struct Wrong {
  const char* name;
  std::string pdu, abort, told;
};
void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.name; }
class WrongAnswerTest : public RequestorTest, public testing::WithParamInterface<Wrong> {};

TEST_P(WrongAnswerTest, IsAborted) {
  EXPECT_THAT(Asking({"> " + GetParam().pdu, "< " + GetParam().abort, "close"}),
              ElementsAre("request: " + GetParam().told + ", upstream"));
}

INSTANTIATE_TEST_SUITE_P(
    Pdus, WrongAnswerTest,
    testing::Values(Wrong{"Request", PeersRequest(), kUnexpected, "unexpected PDU"},
                    Wrong{"Data", Data(1, 3, EchoRq(1)), kUnexpected, "unexpected PDU"},
                    Wrong{"ReleaseRequest", kReleaseRq, kUnexpected, "unexpected PDU"},
                    Wrong{"ReleaseResponse", kReleaseRp, kUnexpected, "unexpected PDU"},
                    Wrong{"Ssh", "'SSH-2.0'", kUnrecognized, "malformed PDU"},
                    Wrong{"OversizedAcceptance", "02 00 7FFFFFFF", kUnrecognized, "PDU too large"},
                    Wrong{"CutAcceptance", Pdu(2, "0001 0000 41"), kUnrecognized, "malformed PDU"},
                    Wrong{"LongRejection", "03 00 00000008", kUnrecognized, "malformed PDU"}),
    [](const auto& it) { return it.param.name; });

TEST_F(RequestorTest, AfterAWrongAnswerOurEndWaitsForArtimAtMost) {
  timers_.artim = Milliseconds(50);
  EXPECT_THAT(Asking({"> " + kReleaseRp, "< " + kUnexpected, "end"}),
              ElementsAre("request: unexpected PDU, upstream"));
}

// ---- silence, and peers that go or never came

TEST_F(RequestorTest, SilenceIsAbortedByTheUser) {
  timers_.negotiation = Milliseconds(50);
  EXPECT_THAT(Asking({"< " + kUserAbort, "close"}), ElementsAre("request: timeout, upstream"));
  EXPECT_TRUE(retryable_);
}

TEST_F(RequestorTest, HalfAnAnswerIsAbortedByTheUser) {
  timers_.negotiation = Milliseconds(50);
  EXPECT_THAT(Asking({"> " + Acceptance(Answers()).substr(0, 60), "< " + kUserAbort, "close"}),
              ElementsAre("request: timeout, upstream"));
}

TEST_F(RequestorTest, APeerThatIsSilentAndDoesNotCloseIsClosedByArtim) {
  timers_.negotiation = timers_.artim = Milliseconds(50);
  EXPECT_THAT(Asking({"< " + kUserAbort, "end"}), ElementsAre("request: timeout, upstream"));
}

TEST_F(RequestorTest, APeerThatClosesInsteadOfAnsweringIsSaid) {
  const std::string half = Acceptance(Answers()).substr(0, 90);
  for (const Lines& transcript : {Lines{"close"}, Lines{"reset"}, Lines{"shut", "end"},
                                  Lines{"> " + half, "close"}, Lines{">1 " + half, "reset"}}) {
    EXPECT_THAT(Asking(transcript), ElementsAre("request: closed, upstream"));
    EXPECT_TRUE(retryable_);
  }
}

TEST_F(RequestorTest, AConnectionThatIsRefusedIsSaid) {
  net::Socket bound = net::BoundTo("127.0.0.1", 0);
  std::string said;
  Run(
      [](net::Loop& loop, uint16_t port, Timers timers, std::string& told) -> Task<> {
        Association::Endpoint endpoint{"127.0.0.1", port};
        ul::AssociateRq rq;
        auto got = co_await Association::Request(loop, endpoint, std::move(rq), timers);
        told = got ? "an association" : Text(got.error());
      },
      loop_, net::PortOf(bound), timers_, said);
  EXPECT_EQ(said, "no connection, upstream");
}

}  // namespace
}  // namespace router::association
