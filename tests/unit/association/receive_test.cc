// What a peer sends on an established association, and what our end makes of it: Sta6, DT-2, AA-3,
// AA-8. Each transcript is played to our end as acceptor and as requestor.
#include "tests/unit/association/association_fixture.h"
#include "tests/unit/ul/hex.h"

namespace router::association {
namespace {

class ReceiveTest : public AssociationTest, public testing::WithParamInterface<ul::Role> {
 protected:
  Lines Hearing(Lines transcript) {
    return Established(GetParam(), std::move(transcript), Listening());
  }
  // The peer sends `hex`, and is aborted.
  std::string Broken(const std::string& hex, const std::string& abort) {
    Lines told = Hearing({"> " + hex, "< " + abort, "close"});
    return told.empty() ? "nothing" : told.back();
  }
  std::string Peer(const char* what) const {
    return "receive: " + std::string(what) +
           (GetParam() == kAcceptor ? ", downstream" : ", upstream");
  }
  const Lines kOrderlyEnd = {"> " + kReleaseRq, "< " + kReleaseRp, "close"};
  Lines HearingWhole(const std::string& step) {
    Lines transcript = kOrderlyEnd;
    transcript.insert(transcript.begin(), step);
    Lines told = Hearing(std::move(transcript));
    EXPECT_GE(told.size(), 2U);
    if (told.size() < 2) return told;
    EXPECT_EQ(told.back(), "confirmed");
    told.resize(told.size() - 2);
    return told;
  }
};
INSTANTIATE_TEST_SUITE_P(As, ReceiveTest, testing::Values(kAcceptor, kRequestor),
                         [](const auto& it) {
                           return it.param == kAcceptor ? "Acceptor" : "Requestor";
                         });

// One PDV for every `size` bytes of `hex`.
std::vector<std::string> Cut(int context, bool is_command, const std::string& hex, size_t size) {
  std::vector<std::string> pdvs;
  const Buffer bytes = Hex(hex);
  for (size_t at = 0; at < bytes.size(); at += size) {
    std::string piece;
    for (size_t i = at; i < std::min(at + size, bytes.size()); ++i)
      piece += Number(std::to_integer<uint8_t>(bytes[i]), 1);
    const bool last = at + size >= bytes.size();
    pdvs.push_back(Pdv(context, (is_command ? 1 : 0) + (last ? 2 : 0), piece));
  }
  return pdvs;
}
std::string EachInItsPdu(const std::vector<std::string>& pdvs) {
  std::string all;
  for (const std::string& pdv : pdvs) all += Pdu(4, pdv);
  return all;
}
std::string AllInOnePdu(const std::vector<std::string>& pdvs) {
  std::string all;
  for (const std::string& pdv : pdvs) all += pdv;
  return Pdu(4, all);
}

// ---- fragments

TEST_P(ReceiveTest, ACommandIsTheSameHoweverItIsCut) {
  for (size_t size : {1, 2, 7, 67, 1000}) {
    auto pdvs = Cut(1, true, EchoRq(7), size);
    for (const std::string& bytes : {EachInItsPdu(pdvs), AllInOnePdu(pdvs)})
      EXPECT_THAT(HearingWhole("> " + bytes), ElementsAre("C-ECHO-RQ 7 on 1")) << size;
  }
}

TEST_P(ReceiveTest, AMessageIsTheSameHoweverTheNetworkCutsIt) {
  auto store = EachInItsPdu(Cut(3, true, StoreRq(8), 50)) + AllInOnePdu(Cut(3, false, "'abcd'", 3));
  EXPECT_THAT(HearingWhole(">1 " + store),
              ElementsAre("C-STORE-RQ 8 on 3, a data set follows", "data abcd"));
}

TEST_P(ReceiveTest, CommandAndDataSetMayShareAPdu) {
  EXPECT_THAT(
      HearingWhole("> " + Pdu(4, Pdv(3, 3, StoreRq(8)) + Pdv(3, 0, "'ab'") + Pdv(3, 2, "'cd'") +
                                     Pdv(1, 3, EchoRq(9)))),
      ElementsAre("C-STORE-RQ 8 on 3, a data set follows", "data abcd", "C-ECHO-RQ 9 on 1"));
}

TEST_P(ReceiveTest, TheLastFragmentMayBeEmpty) {
  EXPECT_THAT(HearingWhole("> " + Data(3, 1, StoreRq(8)) + Data(3, 3, "") + Data(3, 0, "'abcd'") +
                           Data(3, 2, "")),
              ElementsAre("C-STORE-RQ 8 on 3, a data set follows", "data abcd"));
  EXPECT_THAT(HearingWhole("> " + Data(3, 3, StoreRq(8)) + Data(3, 2, "")),
              ElementsAre("C-STORE-RQ 8 on 3, a data set follows", "data "));
}

TEST_P(ReceiveTest, FragmentsInTheMiddleMayBeEmptyOrOdd) {
  EXPECT_THAT(HearingWhole("> " + Data(3, 3, StoreRq(8)) + Data(3, 0, "") + Data(3, 0, "'abc'") +
                           Data(3, 0, "") + Data(3, 2, "'d'")),
              ElementsAre("C-STORE-RQ 8 on 3, a data set follows", "data abcd"));
}

// PS3.8 E.2: bits 2 to 7 shall be zero and are not tested.
TEST_P(ReceiveTest, UnusedBitsOfTheMessageControlHeaderMeanNothing) {
  EXPECT_THAT(HearingWhole("> " + Data(3, 0xFF, StoreRq(8)) + Data(3, 0xFC, "'ab'") +
                           Data(3, 0x42, "'cd'")),
              ElementsAre("C-STORE-RQ 8 on 3, a data set follows", "data abcd"));
}

TEST_P(ReceiveTest, APduAsLongAsWasAnnouncedIsTaken) {
  const std::string zeros(2 * (16384 - 6), '0');
  Lines told = HearingWhole("> " + Data(3, 3, StoreRq(8)) + Data(3, 2, zeros));
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[1].size(), 5U + 16384 - 6);
}

// ---- against PS3.8 or PS3.7

TEST_P(ReceiveTest, APduLongerThanAnnouncedIsAbortedAtItsHeader) {
  EXPECT_EQ(Broken("04 00 00004001", kUnrecognized), Peer("PDU too large"));
  EXPECT_EQ(Broken(Data(3, 3, StoreRq(8)) + "04 00 FFFFFFFF", kUnrecognized),
            Peer("PDU too large"));
}

TEST_P(ReceiveTest, WithoutALimitAPduIsAsLongAsItSays) {
  announced_ = 0;
  EXPECT_THAT(
      Hearing({"> " + Data(3, 3, StoreRq(8)) + "04 00 FFFFFFFF FFFFFFFB 03 00 'abc'", "close"}),
      ElementsAre("C-STORE-RQ 8 on 3, a data set follows", Peer("closed")));
}

TEST_P(ReceiveTest, LengthsThatFitNothingAreUnrecognized) {
  for (const char* list : {"00000000 01 03", "00000001 01 03", "00000003 01 03"})
    EXPECT_EQ(Broken(Pdu(4, list), kUnrecognized), Peer("malformed PDU")) << list;
  // Beyond the end, and with something left that holds no PDV.
  EXPECT_EQ(Broken(Pdu(4, "0000000A 01 03 00 00"), kUnrecognized), Peer("malformed PDU"));
  EXPECT_EQ(Broken(Pdu(4, Pdv(1, 1, "00") + "0000"), kUnrecognized), Peer("malformed PDU"));
  EXPECT_EQ(Broken(Pdu(4, ""), kUnrecognized), Peer("malformed PDU"));
  EXPECT_EQ(Broken(Pdu(5, "0000"), kUnrecognized), Peer("malformed PDU"));
}

TEST_P(ReceiveTest, AnUnknownPduIsUnrecognizedWhereverItComes) {
  EXPECT_EQ(Broken("00", kUnrecognized), Peer("malformed PDU"));
  EXPECT_EQ(Broken("08 00 00000000", kUnrecognized), Peer("malformed PDU"));
  EXPECT_EQ(Broken(Data(1, 1, EchoRq(1)) + "47", kUnrecognized), Peer("malformed PDU"));
  EXPECT_EQ(Broken(Data(3, 3, StoreRq(8)) + Data(3, 0, "'ab'") + "FF", kUnrecognized),
            Peer("malformed PDU"));
}

TEST_P(ReceiveTest, APduThatDoesNotBelongHereIsUnexpected) {
  for (const std::string& pdu : {PeersRequest(), Acceptance(Answers()), Rejection("01 01 01"),
                                 kReleaseRp, Data(3, 3, StoreRq(8)) + kReleaseRp})
    EXPECT_EQ(Broken(pdu, kUnexpected), Peer("unexpected PDU")) << pdu;
}

TEST_P(ReceiveTest, AMessageOnAContextThatWasNotAcceptedIsInvalid) {
  for (int context : {5, 7, 255, 2, 0})
    EXPECT_EQ(Broken(Data(context, 3, EchoRq(1)), kInvalidValue), Peer("malformed DIMSE"));
}

TEST_P(ReceiveTest, AMessageThatChangesItsContextIsInvalid) {
  EXPECT_EQ(Broken(Data(3, 3, StoreRq(8)) + Data(1, 2, "'ab'"), kInvalidValue),
            Peer("malformed DIMSE"));
  EXPECT_EQ(Broken(Data(3, 3, StoreRq(8)) + Data(3, 0, "'ab'") + Data(1, 2, "'cd'"), kInvalidValue),
            Peer("malformed DIMSE"));
  EXPECT_EQ(Broken(Data(3, 1, "0000") + Data(1, 3, "0000"), kInvalidValue),
            Peer("malformed DIMSE"));
}

TEST_P(ReceiveTest, FragmentsThatMakeNoMessageAreInvalid) {
  EXPECT_EQ(Broken(Data(3, 2, "'data without a command'"), kInvalidValue), Peer("malformed DIMSE"));
  EXPECT_EQ(Broken(Data(1, 3, EchoRq(1)) + Data(1, 2, "'none was announced'"), kInvalidValue),
            Peer("malformed DIMSE"));
  EXPECT_EQ(Broken(Data(3, 3, StoreRq(8)) + Data(3, 3, EchoRq(9)), kInvalidValue),
            Peer("malformed DIMSE"));
  EXPECT_EQ(Broken(Data(3, 1, "0000") + Data(3, 0, "0000"), kInvalidValue),
            Peer("malformed DIMSE"));
  EXPECT_EQ(Broken(Data(1, 3, "'no command set'"), kInvalidValue), Peer("malformed DIMSE"));
  EXPECT_EQ(Broken(Data(1, 3, ""), kInvalidValue), Peer("malformed DIMSE"));
}

TEST_P(ReceiveTest, ACommandSetWithoutEndIsInvalid) {
  const std::string part = Data(1, 1, std::string(2 * 16000, '0'));
  EXPECT_EQ(Broken(part + part + part + part + part, kInvalidValue), Peer("malformed DIMSE"));
}

// ---- how it may end

TEST_P(ReceiveTest, AnAbortEndsEverythingAtOnce) {
  for (const std::string& before :
       {std::string(), Data(1, 1, "0000"), Data(3, 3, StoreRq(8)) + Data(3, 0, "'ab'")}) {
    Lines told = Hearing({"> " + before + Aborted("02 05"), "end"});
    ASSERT_FALSE(told.empty());
    EXPECT_EQ(told.back(), Peer("aborted"));
    EXPECT_THAT(detail_, HasSubstr("service provider: unexpected PDU parameter (2/5)"));
  }
}

TEST_P(ReceiveTest, AConnectionThatEndsIsSaid) {
  for (const std::string& before :
       {std::string("04"), Data(1, 1, "0000"), Data(3, 3, StoreRq(8))}) {
    for (const char* how : {"close", "reset"}) {
      Lines told = Hearing({">1 " + before, how});
      ASSERT_FALSE(told.empty());
      EXPECT_EQ(told.back(), Peer("closed"));
    }
  }
}

TEST_P(ReceiveTest, SilenceIsSaidAndTheAssociationLivesOn) {
  silence_ = Milliseconds(30);
  Lines told = Established(GetParam(), {"< " + kUserAbort, "close"}, [this](Association& ours) {
    return [](Task<> listen, Association& association) -> Task<> {
      co_await listen;
      EXPECT_TRUE(association.IsEstablished());
      co_await association.Abort();
    }(Listen(ours), ours);
  });
  EXPECT_THAT(told, ElementsAre(Peer("timeout")));
}

// ---- looked at and given back

Task<> LookAtDataSets(AssociationTest* test, Association* association) {
  for (;;) {
    auto incoming = co_await association->Receive(kNever);
    if (!test->Good("receive", incoming)) co_return;
    if (incoming->kind == Incoming::Kind::kReleaseRequest) break;
    if (incoming->kind != Incoming::Kind::kData) continue;
    const std::string seen(reinterpret_cast<const char*>(incoming->bytes.data()),
                           incoming->bytes.size());
    test->Say("data " + seen + (incoming->last ? ", the last" : ""));
    if (!seen.starts_with("ab")) continue;
    const bool last = incoming->last;
    Buffer other = Hex("'xyz'");
    association->PutBack(std::move(other), last);
    test->Say(association->BetweenMessages() ? "nothing to come" : "something to come");
  }
  auto confirmed = co_await association->ConfirmRelease();
  test->Good("confirm", confirmed);
}

TEST_P(ReceiveTest, WhatIsPutBackComesNextAndThenTheRest) {
  Lines transcript = kOrderlyEnd;
  transcript.insert(transcript.begin(), "> " + Data(3, 1, StoreRq(8)) + Data(3, 3, "") +
                                            Data(3, 0, "'ab'") + Data(3, 2, "'cd'") +
                                            Data(3, 1, StoreRq(9)) + Data(3, 3, "") +
                                            Data(3, 2, "'ab'"));
  Lines told = Established(GetParam(), std::move(transcript), [this](Association& association) {
    return LookAtDataSets(this, &association);
  });
  EXPECT_THAT(told, ElementsAre("data ab", "something to come", "data xyz", "data cd, the last",
                                "data ab, the last", "something to come", "data xyz, the last"));
}

}  // namespace
}  // namespace router::association
