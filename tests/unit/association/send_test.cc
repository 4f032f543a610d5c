// What our end sends on an established association: cut to what the peer takes, one message after
// another, and never waiting for ever.
#include "router/dimse/messages.h"
#include "tests/unit/association/association_fixture.h"
#include "tests/unit/ul/hex.h"

namespace router::association {
namespace {

Bytes Content(size_t size) { return net::Pattern::At(0, size); }
std::string ContentHex(size_t from, size_t size) {
  std::string hex;
  for (std::byte byte : net::Pattern::At(from, size)) hex += Number(std::to_integer<int>(byte), 1);
  return hex;
}

const Uid kCt("1.2.840.10008.5.1.4.1.1.2");
dimse::CommandSet Store(uint16_t id) { return dimse::CStoreRq(id, kCt, Uid("1.2.3")); }
const Error kEnough{Errc::kInterrupted, Blame::kInternal, false, "enough"};

class SendTest : public AssociationTest {
 public:
  // Sends, and releases if it could.
  Task<> Send(Association& association, dimse::CommandSet command, Buffer data_set) {
    const uint16_t id = command.message_id();
    const ul::ContextId context = command.command() == dimse::Command::kCEchoRq ? 1 : 3;
    auto sent = co_await association.Send(context, std::move(command), std::move(data_set));
    if (Good("send", sent)) Say("sent " + std::to_string(id));
  }
  Task<> StoreAndRelease(Association& association, size_t size) {
    Bytes content = Content(size);
    co_await Send(association, Store(8), Buffer(content.begin(), content.end()));
    co_await Release(association);
  }
  // A C-STORE-RQ with a data set of `size` bytes, against a peer that takes PDUs of `limit`; the
  // peer wants them cut into `payload` bytes.
  void ExpectCut(uint32_t limit, uint32_t cap, size_t payload, size_t size) {
    peer_max_length_ = limit;
    send_cap_ = cap;
    Lines transcript;
    const Buffer command = Hex(StoreRq(8));
    std::string expected;
    for (size_t at = 0; at < command.size(); at += payload) {
      std::string piece;
      for (size_t i = at; i < std::min(at + payload, command.size()); ++i)
        piece += Number(std::to_integer<int>(command[i]), 1);
      expected += Data(3, at + payload >= command.size() ? 3 : 1, piece);
    }
    for (size_t at = 0; at < size; at += payload)
      expected +=
          Data(3, at + payload >= size ? 2 : 0, ContentHex(at, std::min(payload, size - at)));
    transcript = {"< " + expected, "< " + kReleaseRq, "> " + kReleaseRp, "end"};
    EXPECT_THAT(Established(kAcceptor, std::move(transcript),
                            [&](Association& ours) { return StoreAndRelease(ours, size); }),
                ElementsAre("sent 8", "released"))
        << "limit " << limit << ", cap " << cap;
  }
};

TEST_F(SendTest, MessagesAreCutToWhatThePeerTakes) {
  ExpectCut(16384, 131072, 16378, 40001);
  ExpectCut(64, 131072, 58, 1000);
  ExpectCut(65, 131072, 58, 59);  // no odd fragment but the last
}

TEST_F(SendTest, WithoutALimitOurOwnCapCounts) {
  ExpectCut(0, 4096, 4090, 10000);
  ExpectCut(0xFFFFFFFF, 4096, 4090, 10000);
}

// Nothing fits into these: two bytes a PDU are what every implementation reads.
TEST_F(SendTest, LimitsThatNothingFitsIntoAreTakenAsTheLeastThatHelps) {
  for (uint32_t limit : {1, 6, 7, 8, 9}) ExpectCut(limit, 131072, 2, 5);
}

TEST_F(SendTest, AMessageWithoutDataSetSaysSo) {
  EXPECT_THAT(Established(kRequestor, {"< " + Data(1, 3, EchoRq(7)), "end"},
                          [&](Association& ours) { return Send(ours, dimse::CEchoRq(7), {}); }),
              ElementsAre("sent 7"));
}

// ---- turns

TEST_F(SendTest, AMessageWaitsForTheEndOfTheOneBefore) {
  struct Sender {
    static Task<> InPieces(Association& ours, SendTest& test) {
      Buffer command = Hex(StoreRq(8)), one = Hex("'ab'"), two = Hex("'cd'");
      auto turn = co_await ours.TakeTurn();
      ours.Append(3, true, command, true);
      for (const Buffer* piece : {&one, &two}) {
        ours.Append(3, false, *piece, piece == &two);
        EXPECT_TRUE(ours.HasAppended());
        auto sent = co_await ours.Flush();
        EXPECT_FALSE(ours.HasAppended());
        if (test.Good("send", sent)) test.Say("sent a piece of 8");
        for (int i = 0; i < 5; ++i) co_await net::NextTurn{};
      }
    }
    static Task<> All(Association& ours, SendTest& test) {
      std::vector<Task<>> senders;
      senders.push_back(InPieces(ours, test));
      senders.push_back(test.Send(ours, dimse::CEchoRq(9), {}));
      senders.push_back(test.Send(ours, Store(10), Hex("'ef'")));
      co_await net::All(std::move(senders));
    }
  };
  EXPECT_THAT(Established(kAcceptor,
                          {"< " + Data(3, 3, StoreRq(8)) + Data(3, 0, "'ab'") + Data(3, 2, "'cd'") +
                               Data(1, 3, EchoRq(9)) + Data(3, 3, StoreRq(10)) + Data(3, 2, "'ef'"),
                           "end"},
                          [&](Association& ours) { return Sender::All(ours, *this); }),
              ElementsAre("sent a piece of 8", "sent a piece of 8", "sent 9", "sent 10"));
}

// A message that its sender gave up: nobody goes on in the middle of it, and nobody sends what lay
// in buffers that are gone.
class BrokenOffTest : public SendTest {
 public:
  Task<> BreakOff(Association& association, bool in_the_data_set) {
    Buffer command = Hex(StoreRq(8)), piece = Hex("'abc'");
    auto turn = co_await association.TakeTurn();
    association.Append(3, true, command, true);
    association.Append(3, false, piece, false);
    if (in_the_data_set) {
      auto sent = co_await association.Flush();
      EXPECT_TRUE(sent);
    }
    co_await net::NextTurn{};
  }
  Task<> SendAfterIt(Association& association, bool in_the_data_set) {
    std::vector<Task<>> all;
    all.push_back(BreakOff(association, in_the_data_set));
    all.push_back(Send(association, dimse::CEchoRq(9), {}));
    all.push_back(Send(association, dimse::CEchoRq(10), {}));
    if (in_the_data_set) all.push_back(Listen(association));
    co_await net::All(std::move(all));
    co_await Release(association);
  }
};

TEST_F(BrokenOffTest, BeforeItsFirstByteIsForgotten) {
  EXPECT_THAT(Established(kAcceptor,
                          {"< " + Data(1, 3, EchoRq(9)) + Data(1, 3, EchoRq(10)), "< " + kReleaseRq,
                           "> " + kReleaseRp, "end"},
                          [&](Association& ours) { return SendAfterIt(ours, false); }),
              ElementsAre("sent 9", "sent 10", "released"));
}

TEST_F(BrokenOffTest, InTheMiddleEndsTheAssociation) {
  EXPECT_THAT(
      Established(kAcceptor,
                  {"< " + Data(3, 3, StoreRq(8)) + Data(3, 0, "'ab'") + kUserAbort, "close"},
                  [&](Association& ours) { return SendAfterIt(ours, true); }),
      testing::UnorderedElementsAre("send: interrupted, internal", "send: interrupted, internal",
                                    "receive: interrupted, internal",
                                    "release: interrupted, internal"));
}

// ---- peers that do not read

class StalledTest : public SendTest {
 public:
  StalledTest() {
    peer_receive_buffer_ = our_send_buffer_ = 4096;
    peer_max_length_ = send_cap_ = 131072;
  }
  Lines Stalled(Lines transcript, Act act) {
    return Established(kAcceptor, std::move(transcript), std::move(act));
  }
  Task<> SendMuch(Association& association) {
    co_await Send(association, Store(8), Buffer(8 << 20));
  }
  Task<> SendMuchAndAbort(Association& association) {
    co_await SendMuch(association);
    co_await association.Abort();
  }
  Task<> ListenAndSend(Association& association) {
    std::vector<Task<>> all;
    all.push_back(SendMuch(association));
    all.push_back(Send(association, dimse::CEchoRq(9), {}));
    all.push_back(Listen(association));
    all.push_back(net::NextTurnThen([&] { association.Interrupt(kEnough); }));
    co_await net::All(std::move(all));
  }
};

TEST_F(StalledTest, AWriteThatStallsEnds) {
  timers_.write_stall = Milliseconds(50);
  EXPECT_THAT(Stalled({}, [&](Association& ours) { return SendMuch(ours); }),
              ElementsAre("send: stalled, downstream"));
}

// Its bytes would stand in the middle of a PDU.
TEST_F(StalledTest, NothingIsSentAfterATornPdu) {
  timers_.write_stall = Milliseconds(50);
  EXPECT_THAT(Stalled({}, [&](Association& ours) { return SendMuchAndAbort(ours); }),
              ElementsAre("send: stalled, downstream"));
}

TEST_F(StalledTest, AnInterruptWakesReceiverAndSenders) {
  EXPECT_THAT(
      Stalled({}, [&](Association& ours) { return ListenAndSend(ours); }),
      testing::UnorderedElementsAre("send: interrupted, internal", "send: interrupted, internal",
                                    "receive: interrupted, internal"));
}

TEST_F(StalledTest, APeerThatGoesInTheMiddleOfAWriteIsSaid) {
  for (const char* how : {"close", "reset"})
    EXPECT_THAT(Stalled({how}, [&](Association& ours) { return SendMuch(ours); }),
                ElementsAre("send: closed, downstream"));
}

TEST_F(StalledTest, AProtocolFaultDuringAWriteEndsTheReceiverAndThenTheWrite) {
  struct Both {
    static Task<> Ends(StalledTest& test, Association& ours) {
      co_await test.Listen(ours);
      co_await ours.End();
    }
    static Task<> All(StalledTest& test, Association& ours) {
      std::vector<Task<>> all;
      all.push_back(test.SendMuch(ours));
      all.push_back(Ends(test, ours));
      co_await net::All(std::move(all));
    }
  };
  EXPECT_THAT(
      Stalled({"> " + kReleaseRp}, [&](Association& ours) { return Both::All(*this, ours); }),
      ElementsAre("receive: unexpected PDU, downstream", "send: closed, downstream"));
}

// ---- after the end

TEST_F(SendTest, AfterTheEndNothingIsSent) {
  struct Then {
    static Task<> Sends(SendTest& test, Association& ours) {
      co_await test.Listen(ours);
      co_await test.Send(ours, dimse::CEchoRq(9), {});
      co_await test.Release(ours);
      auto confirmed = co_await ours.ConfirmRelease();
      test.Good("confirm", confirmed);
    }
  };
  EXPECT_THAT(Established(kRequestor, {"> " + kUserAbort, "end"},
                          [&](Association& ours) { return Then::Sends(*this, ours); }),
              ElementsAre("receive: aborted, upstream", "send: closed, upstream",
                          "release: closed, upstream", "confirm: closed, upstream"));
}

}  // namespace
}  // namespace router::association
