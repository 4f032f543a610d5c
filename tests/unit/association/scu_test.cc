// Our own service class user against scripted peers: one request at a time, and what its answer
// may be.
#include "router/association/scu.h"

#include <fmt/format.h>

#include "tests/unit/association/association_fixture.h"
#include "tests/unit/ul/hex.h"

namespace router::association {
namespace {

const Uid kImplicitUid("1.2.840.10008.1.2");

// A data set in the pieces of a test; waits before the second until the peer has done `steps`.
class Pieces : public ByteSource {
 public:
  explicit Pieces(std::vector<Buffer> pieces) : pieces_(std::move(pieces)) {}
  Task<Result<Bytes>> Next() override {
    if (next_ == 1 && script) co_await script->UntilDone(steps);
    if (next_ == fails_at) co_return Fail(Errc::kDisk, Blame::kInternal, "the disk is gone");
    if (next_ == pieces_.size() && at_end) at_end();
    if (next_ == pieces_.size() && !endless) co_return Bytes();
    co_return Bytes(pieces_[std::min(next_++, pieces_.size() - 1)]);
  }
  Script* script = nullptr;
  int steps = 0;
  size_t fails_at = SIZE_MAX;
  bool endless = false;
  std::function<void()> at_end;

 private:
  std::vector<Buffer> pieces_;
  size_t next_ = 0;
};

class ScuTest : public AssociationTest {
 public:
  using ScuAct = std::function<Task<>(Scu&)>;

  // The peer accepts all three contexts, and then plays.
  Lines With(Lines transcript, ScuAct act) {
    const std::vector<Proposal> proposals = {
        {1, kVerification, {kImplicit}}, {3, kCtImage, {kImplicit}}, {5, kFindClass, {kImplicit}}};
    Negotiation parts;
    parts.called = "'VMSDBD          '";
    parts.calling = "'SLUICE          '";
    parts.user = OurUserInformation(16384);
    transcript.insert(transcript.begin(),
                      {"< " + Request(proposals, parts), "> " + Acceptance({{1}, {3}, {5}})});
    net::Socket listening = net::ListenOn(), peer;
    lines_.clear();
    Run([](ScuTest& test, net::Socket& at, net::Socket& accepted, Lines& script,
           ScuAct& does) { return test.Both(at, accepted, script, does); },
        *this, listening, peer, transcript, act);
    return lines_;
  }

  static Task<> Nothing() { co_return; }
  Task<> Echo(Scu& scu) {
    auto status = co_await scu.Echo();
    SayStatus("echo", status);
  }
  Task<> Find(Scu& scu, size_t at_most = SIZE_MAX) {
    size_t count = 0;
    std::function<bool(Bytes)> on_answer = [&](Bytes answer) {
      lines_.push_back("match " + net::Text(answer));
      return ++count < at_most;
    };
    const ul::AcceptedContext* context = scu.Find(Uid("1.2.840.10008.5.1.4.1.2.2.1"));
    auto status = co_await scu.Find(*context, Hex("'keys'"), std::move(on_answer));
    SayStatus("find", status);
  }
  Task<> Store(Scu& scu, Pieces& pieces) {
    bool sent_whole = false;
    const Uid sop_class("1.2.840.10008.5.1.4.1.1.2"), sop_instance("1.2.3");
    const ul::AcceptedContext* context = scu.Find(sop_class, kImplicitUid);
    auto answer = co_await scu.Store(*context, sop_class, sop_instance, pieces, &sent_whole);
    const std::string whole = sent_whole ? ", sent whole" : ", not sent whole";
    if (answer)
      lines_.push_back(fmt::format("store {:04X}H '{}'", answer->status, answer->comment) + whole);
    else
      lines_.push_back("store: " + Text(answer.error()) + whole);
  }
  Lines Echoing(Lines transcript) {
    transcript.insert(transcript.begin(), "< " + Data(1, 3, EchoRq(1)));
    return With(std::move(transcript), [this](Scu& scu) { return Echo(scu); });
  }
  Lines Finding(Lines transcript, size_t at_most = SIZE_MAX) {
    transcript.insert(transcript.begin(), "< " + Data(5, 3, FindRq(1)) + Data(5, 2, "'keys'"));
    return With(std::move(transcript), [=, this](Scu& scu) { return Find(scu, at_most); });
  }
  Lines Storing(Lines transcript, Pieces& pieces) {
    return With(std::move(transcript), [&](Scu& scu) { return Store(scu, pieces); });
  }

  Milliseconds response_ = kNever;
  Lines lines_;

 private:
  void SayStatus(const char* what, const Result<uint16_t>& status) {
    lines_.push_back(status ? fmt::format("{} {:04X}H", what, *status)
                            : fmt::format("{}: {}", what, Text(status.error())));
  }
  Task<> Both(net::Socket& listening, net::Socket& peer, Lines& transcript, ScuAct& act) {
    script_.emplace(loop_);
    Task<> ours = OpenAndAct(net::PortOf(listening), act);
    Task<> theirs = script_->Answer(listening, peer, transcript);
    co_await net::Both(std::move(ours), std::move(theirs));
    script_.reset();
  }
  // As all of Sluice does it: released after an answer, aborted after an error.
  Task<> OpenAndAct(uint16_t port, ScuAct& act) {
    Peer peer;
    peer.endpoint = {"127.0.0.1", port};
    peer.calling = AeTitle::FromWire("SLUICE");
    peer.called = AeTitle::FromWire("VMSDBD");
    peer.timers = timers_;
    peer.response = response_;
    peer.max_pdu = 16384;
    std::vector<ul::ProposedContext> contexts = {
        {1, Uid("1.2.840.10008.1.1"), {kImplicitUid}},
        {3, Uid("1.2.840.10008.5.1.4.1.1.2"), {kImplicitUid}},
        {5, Uid("1.2.840.10008.5.1.4.1.2.2.1"), {kImplicitUid}}};
    auto scu = co_await Scu::Open(loop_, std::move(peer), std::move(contexts));
    EXPECT_TRUE(scu);
    if (!scu) co_return;
    EXPECT_TRUE((*scu)->IsOpen());
    co_await act(**scu);
    const bool good = !lines_.empty() && lines_.back().find(':') == std::string::npos;
    if (good)
      co_await (*scu)->Release();
    else
      co_await (*scu)->Abort();
    EXPECT_FALSE((*scu)->IsOpen());
  }
};

const Lines kReleased = {"< " + kReleaseRq, "> " + kReleaseRp, "end"};
Lines Released(Lines before) {
  before.insert(before.end(), kReleased.begin(), kReleased.end());
  return before;
}

// ---- C-ECHO

TEST_F(ScuTest, AnEchoIsAnswered) {
  EXPECT_THAT(Echoing(Released({"> " + Data(1, 3, EchoRsp(1))})), ElementsAre("echo 0000H"));
  EXPECT_THAT(Echoing(Released({">1 " + Data(1, 1, "") + Data(1, 3, EchoRsp(1, 0x0110))})),
              ElementsAre("echo 0110H"));
}

TEST_F(ScuTest, RequestsAreCounted) {
  struct Twice {
    static Task<> Echoes(ScuTest& test, Scu& scu) {
      co_await test.Echo(scu);
      co_await test.Echo(scu);
    }
  };
  EXPECT_THAT(With(Released({"< " + Data(1, 3, EchoRq(1)), "> " + Data(1, 3, EchoRsp(1)),
                             "< " + Data(1, 3, EchoRq(2)), "> " + Data(1, 3, EchoRsp(2))}),
                   [&](Scu& scu) { return Twice::Echoes(*this, scu); }),
              ElementsAre("echo 0000H", "echo 0000H"));
}

TEST_F(ScuTest, WhatIsNotTheAnswerIsAborted) {
  const std::vector<std::string> others = {
      Data(1, 3, EchoRsp(2)),            // to another message
      Data(1, 3, EchoRq(1)),             // no response at all
      Data(3, 3, StoreRsp(1, 0)),        // to another command
      Data(5, 3, FindRsp(1, 0, false)),  // the same
      Data(3, 3, EchoRsp(1)),            // on another context
      Data(5, 3, FindRsp(1, 0xFF00, true)) + Data(5, 2, "'ab'")};
  for (const std::string& other : others)
    EXPECT_THAT(Echoing({"> " + other, "< " + kUserAbort, "close"}),
                ElementsAre("echo: malformed DIMSE, upstream"))
        << other;
}

TEST_F(ScuTest, AReleaseWhileAnAnswerIsDueIsAborted) {
  EXPECT_THAT(Echoing({"> " + kReleaseRq, "< " + kUserAbort, "close"}),
              ElementsAre("echo: released, upstream"));
}

TEST_F(ScuTest, SilenceWhileAnAnswerIsDueIsAborted) {
  response_ = Milliseconds(50);
  EXPECT_THAT(Echoing({"< " + kUserAbort, "close"}), ElementsAre("echo: timeout, upstream"));
}

TEST_F(ScuTest, AnAbortOrALostConnectionWhileAnAnswerIsDueIsSaid) {
  EXPECT_THAT(Echoing({"> " + kUserAbort, "end"}), ElementsAre("echo: aborted, upstream"));
  EXPECT_THAT(Echoing({"close"}), ElementsAre("echo: closed, upstream"));
  EXPECT_THAT(Echoing({"> " + Data(1, 1, "0000"), "reset"}), ElementsAre("echo: closed, upstream"));
}

TEST_F(ScuTest, OnlyWhatWasAcceptedIsFound) {
  EXPECT_THAT(With(Released({}),
                   [&](Scu& scu) {
                     EXPECT_NE(scu.Find(Uid("1.2.840.10008.1.1")), nullptr);
                     EXPECT_EQ(scu.Find(Uid("1.2.840.10008.1.1"), Uid("1.2.840.10008.1.2.1")),
                               nullptr);
                     EXPECT_EQ(scu.Find(Uid("1.2.3")), nullptr);
                     lines_.emplace_back("looked");
                     return Nothing();
                   }),
              ElementsAre("looked"));
}

// ---- C-FIND

const std::string kPendingAb = Data(5, 3, FindRsp(1, 0xFF00, true)) + Data(5, 2, "'ab'");
const std::string kPendingCd =
    Data(5, 3, FindRsp(1, 0xFF01, true)) + Data(5, 0, "'c'") + Data(5, 2, "'d'");

TEST_F(ScuTest, EveryMatchIsHandedOut) {
  EXPECT_THAT(
      Finding(Released({"> " + kPendingAb + kPendingCd, "> " + Data(5, 3, FindRsp(1, 0, false))})),
      ElementsAre("match ab", "match cd", "find 0000H"));
  EXPECT_THAT(Finding(Released({">1 " + kPendingCd + Data(5, 3, FindRsp(1, 0xA700, false))})),
              ElementsAre("match cd", "find A700H"));
}

TEST_F(ScuTest, WhoHasEnoughCancelsOnceAndWaitsForTheEnd) {
  EXPECT_THAT(Finding(Released({"> " + kPendingAb, "< " + Data(5, 3, CancelRq(1)),
                                "> " + kPendingCd + kPendingAb,
                                "> " + Data(5, 3, FindRsp(1, 0xFE00, false))}),
                      1),
              ElementsAre("match ab", "find FE00H"));
}

TEST_F(ScuTest, AMatchOfAnotherQueryIsAborted) {
  EXPECT_THAT(Finding({"> " + kPendingAb, "> " + Data(5, 3, FindRsp(2, 0xFF00, true)),
                       "< " + kUserAbort, "close"}),
              ElementsAre("match ab", "find: malformed DIMSE, upstream"));
  EXPECT_THAT(Finding({"> " + Data(1, 3, EchoRsp(1)), "< " + kUserAbort, "close"}),
              ElementsAre("find: malformed DIMSE, upstream"));
}

TEST_F(ScuTest, AQueryThatIsBrokenOffIsSaid) {
  EXPECT_THAT(Finding({"> " + kPendingAb + kReleaseRq, "< " + kUserAbort, "close"}),
              ElementsAre("match ab", "find: released, upstream"));
  EXPECT_THAT(Finding({"> " + kPendingAb + Data(5, 3, FindRsp(1, 0xFF00, true)), "close"}),
              ElementsAre("match ab", "find: closed, upstream"));
}

// ---- C-STORE

const std::string kStoreSent =
    Data(3, 3, StoreRq(1)) + Data(3, 0, "'abcd'") + Data(3, 0, "'ef'") + Data(3, 2, "");

TEST_F(ScuTest, AnInstanceIsStored) {
  Pieces pieces({Hex("'abcd'"), Hex("'ef'")});
  EXPECT_THAT(Storing(Released({"< " + kStoreSent, "> " + Data(3, 3, StoreRsp(1, 0))}), pieces),
              ElementsAre("store 0000H '', sent whole"));
}

TEST_F(ScuTest, WhatThePeerSaysOfAnInstanceIsKept) {
  Pieces pieces({Hex("'abcd'"), Hex("'ef'")});
  EXPECT_THAT(
      Storing(Released({"< " + kStoreSent,
                        "> " + Data(3, 3, StoreRsp(1, 0xA700, "0000 0209 04000000 'full'"))}),
              pieces),
      ElementsAre("store A700H 'full', sent whole"));
}

TEST_F(ScuTest, AnEmptyDataSetIsSentAsOne) {
  Pieces pieces({});
  EXPECT_THAT(Storing(Released({"< " + Data(3, 3, StoreRq(1)) + Data(3, 2, ""),
                                "> " + Data(3, 3, StoreRsp(1, 0xC000))}),
                      pieces),
              ElementsAre("store C000H '', sent whole"));
}

TEST_F(ScuTest, APeerThatVanishesInTheMiddleNeverGotItWhole) {
  for (const char* how : {"close", "reset"}) {
    Pieces pieces({Buffer(65536)});
    pieces.endless = true;
    EXPECT_THAT(Storing({"< " + Data(3, 3, StoreRq(1)), how}, pieces),
                ElementsAre("store: closed, upstream, not sent whole"));
  }
}

TEST_F(ScuTest, APeerThatVanishesAfterTheLastByteMayHaveIt) {
  for (const char* how : {"close", "reset"}) {
    Pieces pieces({Hex("'abcd'"), Hex("'ef'")});
    EXPECT_THAT(Storing({"< " + kStoreSent, how}, pieces),
                ElementsAre("store: closed, upstream, sent whole"));
  }
  Pieces pieces({Hex("'abcd'"), Hex("'ef'")});
  EXPECT_THAT(Storing({"< " + kStoreSent, "> " + kUserAbort, "end"}, pieces),
              ElementsAre("store: aborted, upstream, sent whole"));
}

TEST_F(ScuTest, WhereTheLastFlushFailsThePeerMayHaveIt) {
  Pieces pieces({Hex("'abcd'")});
  With({"< " + Data(3, 3, StoreRq(1)) + Data(3, 0, "'abcd'"), "close"}, [&](Scu& scu) {
    pieces.at_end = [&scu] {
      scu.association().Interrupt({Errc::kInterrupted, Blame::kInternal, true, "enough"});
    };
    return Store(scu, pieces);
  });
  EXPECT_THAT(lines_, ElementsAre("store: interrupted, internal, sent whole"));
}

TEST_F(ScuTest, SilenceAfterTheLastByteLeavesItOpen) {
  response_ = Milliseconds(50);
  Pieces pieces({Hex("'abcd'"), Hex("'ef'")});
  EXPECT_THAT(Storing({"< " + kStoreSent, "< " + kUserAbort, "close"}, pieces),
              ElementsAre("store: timeout, upstream, sent whole"));
}

// A peer that knows early what it thinks of it; the rest is sent nevertheless.
TEST_F(ScuTest, AnAnswerBeforeTheDataSetHasEndedIsTaken) {
  Pieces pieces({Hex("'abcd'"), Hex("'ef'")});
  With(Released({"< " + Data(3, 3, StoreRq(1)) + Data(3, 0, "'abcd'"),
                 "> " + Data(3, 3, StoreRsp(1, 0xA900)),
                 "< " + Data(3, 0, "'ef'") + Data(3, 2, "")}),
       [&](Scu& scu) {
         pieces.script = &*script_;
         pieces.steps = 4;
         return Store(scu, pieces);
       });
  EXPECT_THAT(lines_, ElementsAre("store A900H '', sent whole"));
}

TEST_F(ScuTest, AnAbortBeforeTheDataSetHasEndedIsSaid) {
  Pieces pieces({Hex("'abcd'"), Buffer(65536)});
  pieces.endless = true;
  With({"< " + Data(3, 3, StoreRq(1)) + Data(3, 0, "'abcd'"), "> " + kUserAbort, "close"},
       [&](Scu& scu) {
         pieces.script = &*script_;
         pieces.steps = 5;
         return Store(scu, pieces);
       });
  EXPECT_THAT(lines_, ElementsAre("store: closed, upstream, not sent whole"));
}

TEST_F(ScuTest, ASourceThatFailsNeverSendsItWhole) {
  Pieces pieces({Hex("'abcd'"), Hex("'ef'")});
  pieces.fails_at = 1;
  EXPECT_THAT(
      Storing({"< " + Data(3, 3, StoreRq(1)) + Data(3, 0, "'abcd'") + kUserAbort, "close"}, pieces),
      ElementsAre("store: disk, internal, not sent whole"));
}

TEST_F(ScuTest, AnAnswerToAnotherInstanceLeavesItOpen) {
  for (const std::string& other :
       {Data(3, 3, StoreRsp(2, 0)), Data(1, 3, EchoRsp(1)), Data(5, 3, FindRsp(1, 0, false))}) {
    Pieces pieces({Hex("'abcd'"), Hex("'ef'")});
    EXPECT_THAT(Storing({"< " + kStoreSent, "> " + other, "< " + kUserAbort, "close"}, pieces),
                ElementsAre("store: malformed DIMSE, upstream, sent whole"));
  }
}

}  // namespace
}  // namespace router::association
