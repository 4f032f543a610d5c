// How a stream ends: by its peer's reset, by Interrupt, by Close; in every phase.
#include "router/net/stream.h"
#include "tests/unit/net/stream_fixture.h"

namespace router::net {
namespace {

using StreamEndTest = NetTest;

TEST_F(StreamEndTest, AResetWhileReadingIsSaid) {
  Pair pair = Connected();
  Got got;
  Run(
      [](Loop& loop, Pair& ends, Got& out) -> Task<> {
        auto stream = Open(loop, ends);
        co_await Both(ReadInto(*stream, kNever, out), NextTurnThen([&] { ends.peer.Reset(); }));
        co_await stream->Close();
      },
      loop_, pair, got);
  EXPECT_EQ(got, Failed(Errc::kClosed));
}

TEST_F(StreamEndTest, AResetWhileAWriteIsBlockedIsSaidToBoth) {
  Pair pair = Tight();
  Got read, written;
  Run(
      [](Loop& loop, Pair& ends, Got& got, Got& wrote) -> Task<> {
        auto stream = Open(loop, ends);
        std::vector<Task<>> all;
        all.push_back(WriteInto(*stream, TooMuch(), wrote));
        all.push_back(ReadInto(*stream, kNever, got));
        all.push_back(NextTurnThen([&] { ends.peer.Reset(); }));
        co_await All(std::move(all));
        co_await stream->Close();
      },
      loop_, pair, read, written);
  EXPECT_EQ(read, Failed(Errc::kClosed));
  EXPECT_EQ(written, Failed(Errc::kClosed));
}

TEST_F(StreamEndTest, AResetWhileOnlyAWriteIsBlockedIsSaid) {
  Pair pair = Tight();
  Got written;
  Run(
      [](Loop& loop, Pair& ends, Got& wrote) -> Task<> {
        auto stream = Open(loop, ends);
        co_await Both(WriteInto(*stream, TooMuch(), wrote),
                      NextTurnThen([&] { ends.peer.Reset(); }));
        co_await stream->Close();
      },
      loop_, pair, written);
  EXPECT_EQ(written, Failed(Errc::kClosed));
}

// Nor does a write after it end the process by SIGPIPE.
TEST_F(StreamEndTest, AResetBetweenIsSaidByTheNextCall) {
  Pair to_write = Connected(), to_read = Connected();
  to_write.peer.Reset();
  to_read.peer.Reset();
  Got written, read;
  Run(
      [](Loop& loop, Pair& first, Pair& second, Got& wrote, Got& got) -> Task<> {
        auto stream = Open(loop, first);
        wrote = co_await Write(*stream, "x");
        for (int i = 0; i < 3; ++i) stream->WriteLast(AsBytes("abort"));
        co_await stream->Close();
        stream = Open(loop, second);
        got = co_await Read(*stream);
        stream->WriteLast(AsBytes("abort"));
        co_await stream->Close();
      },
      loop_, to_write, to_read, written, read);
  EXPECT_EQ(written, Failed(Errc::kClosed));
  EXPECT_EQ(read, Failed(Errc::kClosed));
}

TEST_F(StreamEndTest, WritesToAPeerThatIsGoneFailAndHarmNobody) {
  Pair pair = Connected();
  pair.peer.Close();
  Got last;
  Run(
      [](Loop& loop, Pair& ends, Got& out) -> Task<> {
        auto stream = Open(loop, ends);
        for (int i = 0; i < 10; ++i) {
          out = co_await Write(*stream, "x");
          co_await NextTurn{};
        }
        co_await stream->Close();
      },
      loop_, pair, last);
  EXPECT_EQ(last, Failed(Errc::kClosed));
}

// ---- Interrupt

TEST_F(StreamEndTest, AnInterruptWakesReaderAndWriterFromTheLoop) {
  Pair pair = Tight();
  Got read, written;
  std::string while_interrupting;
  Run(
      [](Loop& loop, Pair& ends, Got& got, Got& wrote, std::string& during) -> Task<> {
        auto stream = Open(loop, ends);
        got = wrote = Got("untouched");
        std::vector<Task<>> all;
        all.push_back(WriteInto(*stream, TooMuch(), wrote));
        all.push_back(ReadInto(*stream, kNever, got));
        all.push_back(NextTurnThen([&] {
          stream->Interrupt(kDrained);
          stream->Interrupt({Errc::kAborted, Blame::kDownstream, false, "the second reason"});
          during = got.value_or("ended") + ", " + wrote.value_or("ended");
        }));
        co_await All(std::move(all));
        EXPECT_TRUE(stream->interrupted());
        co_await stream->Close();
      },
      loop_, pair, read, written, while_interrupting);
  EXPECT_EQ(while_interrupting, "untouched, untouched");
  EXPECT_EQ(read, Failed(Errc::kInterrupted));
  EXPECT_EQ(written, Failed(Errc::kInterrupted));
}

TEST_F(StreamEndTest, AReaderThatIsInterruptedLeavesTheSocketForLastWords) {
  Pair pair = Connected();
  Got got;
  Run(
      [](Loop& loop, Pair& ends, Got& out) -> Task<> {
        auto stream = Open(loop, ends);
        co_await Both(ReadInto(*stream, kNever, out),
                      NextTurnThen([&] { stream->Interrupt(kDrained); }));
        stream->WriteLast(AsBytes("A-ABORT"));
        co_await stream->Close();
        stream->WriteLast(AsBytes("never sent"));
      },
      loop_, pair, got);
  EXPECT_EQ(got, Failed(Errc::kInterrupted));
  EXPECT_EQ(pair.peer.ReceiveAll(), "A-ABORT");
}

TEST_F(StreamEndTest, AnInterruptOfAnIdleStreamIsSaidByWhatComesNext) {
  Pair pair = Connected();
  pair.peer.Send("too late");
  std::vector<Got> got;
  Run(
      [](Loop& loop, Pair& ends, std::vector<Got>& out) -> Task<> {
        auto stream = Open(loop, ends);
        stream->Interrupt(kDrained);
        out.push_back(co_await Read(*stream));
        out.push_back(co_await Write(*stream, "x"));
        co_await stream->Close();
        stream->Interrupt(kDrained);
        out.push_back(co_await Read(*stream));
        out.push_back(co_await Write(*stream, "x"));
      },
      loop_, pair, got);
  EXPECT_EQ(got, std::vector<Got>(4, Failed(Errc::kInterrupted)));
}

// The peer has ended its own direction and does not read ours: only Interrupt ends the write.
TEST_F(StreamEndTest, AWriteThatOutlivesItsReaderIsStillInterrupted) {
  Pair pair = Tight();
  pair.peer.ShutdownWrite();
  Got read, written;
  Run(
      [](Loop& loop, Pair& ends, Got& got, Got& wrote) -> Task<> {
        auto stream = Open(loop, ends);
        co_await Both(WriteInto(*stream, TooMuch(), wrote), [](Stream& shared, Got& out) -> Task<> {
          out = co_await Read(shared);
          shared.Interrupt(kDrained);
        }(*stream, got));
        co_await stream->Close();
      },
      loop_, pair, read, written);
  EXPECT_EQ(read, Failed(Errc::kClosed));
  EXPECT_EQ(written, Failed(Errc::kClosed));  // the first reason stays
}

TEST_F(StreamEndTest, AReaderThatWaitsForTheBudgetIsInterrupted) {
  Pair pair = Connected();
  pair.peer.Send("waits");
  size_t limit = ByteBudget::OfChunks().limit();
  ByteBudget::OfChunks().SetLimit(1);
  Got got;
  Run(
      [](Loop& loop, Pair& ends, Got& out) -> Task<> {
        auto stream = Open(loop, ends);
        co_await Both(ReadInto(*stream, Milliseconds(0), out), [](Stream& shared) -> Task<> {
          for (int i = 0; i < 50; ++i) co_await NextTurn{};
          shared.Interrupt(kDrained);
        }(*stream));
        co_await stream->Close();
      },
      loop_, pair, got);
  ByteBudget::OfChunks().SetLimit(limit);
  EXPECT_EQ(got, Failed(Errc::kInterrupted));
}

TEST_F(StreamEndTest, AStreamThatRecoversReadsOn) {
  Pair pair = Connected();
  std::vector<Got> got;
  Run(
      [](Loop& loop, Pair& ends, std::vector<Got>& out) -> Task<> {
        auto stream = Open(loop, ends);
        out.push_back(co_await Read(*stream, Milliseconds(1)));
        EXPECT_TRUE(stream->Recover());
        ends.peer.Send("still here");
        out.push_back(co_await Read(*stream));
        ends.peer.Close();
        out.push_back(co_await Read(*stream));
        EXPECT_FALSE(stream->Recover());
        co_await stream->Close();
        EXPECT_FALSE(stream->Recover());
      },
      loop_, pair, got);
  EXPECT_EQ(got, (std::vector<Got>{Failed(Errc::kTimeout), "still here", Failed(Errc::kClosed)}));
}

// The reader was promised its error before the stream became usable again.
TEST_F(StreamEndTest, AReaderOnItsWayOutLearnsWhyThoughTheStreamRecovers) {
  Pair pair = Connected();
  Got first, second;
  Run(
      [](Loop& loop, Pair& ends, Got& out, Got& after) -> Task<> {
        auto stream = Open(loop, ends);
        co_await Both(ReadInto(*stream, kNever, out), NextTurnThen([&] {
                        stream->Interrupt(kDrained);
                        EXPECT_TRUE(stream->Recover());
                      }));
        ends.peer.Send("more");
        after = co_await Read(*stream);
        co_await stream->Close();
      },
      loop_, pair, first, second);
  EXPECT_EQ(first, Failed(Errc::kInterrupted));
  EXPECT_EQ(second, Got("more"));
}

// ---- Close

Task<> CloseAndDestroy(std::unique_ptr<Stream>& stream, int turns) {
  for (int i = 0; i < turns; ++i) co_await NextTurn{};
  co_await stream->Close();
  stream.reset();
}

TEST_F(StreamEndTest, AStreamEndsOnlyAfterWhoWaitedOnIt) {
  for (int turns : {0, 1, 3}) {
    Pair pair = Tight();
    Got read, written;
    Run(
        [](Loop& loop, Pair& ends, int wait, Got& got, Got& wrote) -> Task<> {
          auto stream = Open(loop, ends);
          std::vector<Task<>> all;
          all.push_back(ReadInto(*stream, kNever, got));
          all.push_back(WriteInto(*stream, TooMuch(), wrote));
          all.push_back(CloseAndDestroy(stream, wait));
          co_await All(std::move(all));
        },
        loop_, pair, turns, read, written);
    EXPECT_EQ(read, Failed(Errc::kClosed));
    EXPECT_EQ(written, Failed(Errc::kClosed));
  }
}

// The owner is woken in the poll phase of the loop, where closing comes before the next turn.
TEST_F(StreamEndTest, ACloseFromAnotherStreamsCallbackLetsTheReaderGoFirst) {
  Pair closer = Connected(), closed = Connected();
  Got read;
  Run(
      [](Loop& loop, Pair& first, Pair& second, Got& got) -> Task<> {
        auto trigger = Open(loop, first), victim = Open(loop, second);
        first.peer.Send("now");
        co_await Both(ReadInto(*victim, kNever, got),
                      [](Stream& wakes, std::unique_ptr<Stream>& ends) -> Task<> {
                        co_await Read(wakes);
                        co_await ends->Close();
                        ends.reset();
                      }(*trigger, victim));
        co_await trigger->Close();
      },
      loop_, closer, closed, read);
  EXPECT_EQ(read, Failed(Errc::kClosed));
}

TEST_F(StreamEndTest, ASecondCloseIsReady) {
  Pair pair = Connected();
  bool done = false;
  Run(
      [](Loop& loop, Pair& ends, bool& out) -> Task<> {
        auto stream = Open(loop, ends);
        co_await stream->Close();
        co_await stream->Close();
        out = true;
      },
      loop_, pair, done);
  EXPECT_TRUE(done);
  EXPECT_EQ(pair.peer.ReceiveAll(), "");
}

TEST_F(StreamEndTest, AStreamThatWasNotClosedEndsTheProcess) {
  Pair pair = Connected();
  EXPECT_DEATH(Run(
                   [](Loop& loop, Pair& ends) -> Task<> {
                     auto stream = Open(loop, ends);
                     co_return;
                   },
                   loop_, pair),
               "before it was closed");
}

}  // namespace
}  // namespace router::net
