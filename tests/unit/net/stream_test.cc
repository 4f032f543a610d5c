#include "router/net/stream.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <random>
#include <thread>

#include "router/net/signal.h"
#include "tests/unit/net/stream_fixture.h"

namespace router::net {
namespace {

using StreamTest = NetTest;

TEST_F(StreamTest, WhatThePeerSentComesOutAndItsEndIsSaid) {
  Pair pair = Connected();
  pair.peer.Send("last words");
  pair.peer.ShutdownWrite();
  std::vector<Got> got;
  Run(
      [](Loop& loop, Pair& ends, std::vector<Got>& out) -> Task<> {
        auto stream = Open(loop, ends);
        EXPECT_EQ(stream->peer_address(), "127.0.0.1");
        for (int i = 0; i < 3; ++i) out.push_back(co_await Read(*stream, Milliseconds(0)));
        EXPECT_EQ(stream->bytes_read(), 10u);
        stream->WriteLast(AsBytes("abort"));
        co_await stream->Close();
      },
      loop_, pair, got);
  EXPECT_EQ(got, (std::vector<Got>{"last words", Failed(Errc::kClosed), Failed(Errc::kClosed)}));
  EXPECT_EQ(pair.peer.ReceiveAll(), "abort");
}

TEST_F(StreamTest, ASilentPeerIsATimeoutAndStaysOne) {
  Pair pair = Connected();
  std::vector<Got> got;
  Run(
      [](Loop& loop, Pair& ends, std::vector<Got>& out) -> Task<> {
        auto stream = Open(loop, ends);
        out.push_back(co_await Read(*stream, Milliseconds(5)));
        out.push_back(co_await Read(*stream, kNever));
        out.push_back(co_await Write(*stream, "x"));
        co_await stream->Close();
      },
      loop_, pair, got);
  EXPECT_EQ(got, std::vector<Got>(3, Failed(Errc::kTimeout)));
}

// The deadline of a peer is no measure of ourselves: bytes that came in time are read in time,
// however long the loop was held up.
TEST_F(StreamTest, BytesThatCameWhileTheLoopWasHeldUpAreNoSilence) {
  Pair pair = Connected();
  Got got;
  Run(
      [](Loop& loop, Pair& ends, Got& out) -> Task<> {
        auto stream = Open(loop, ends);
        // Posted work runs where events are handled; the timers come next.
        loop.Post([&] {
          ends.peer.Send("in time");
          auto until = std::chrono::steady_clock::now() + Milliseconds(30);
          while (std::chrono::steady_clock::now() < until) {
          }
        });
        co_await ReadInto(*stream, Milliseconds(10), out);
        co_await stream->Close();
      },
      loop_, pair, got);
  EXPECT_EQ(got, Got("in time"));
}

TEST_F(StreamTest, TheDeadlineOfAReadUnderWayMoves) {
  Pair pair = Connected();
  Got sooner, lifted;
  Run(
      [](Loop& loop, Pair& ends, Got& first, Got& second) -> Task<> {
        auto stream = Open(loop, ends);
        stream->SetReadTimeout(Milliseconds(1));  // of no read: nothing
        co_await Both(ReadInto(*stream, Milliseconds(20), second),
                      [](Stream& shared, Socket& peer, Loop& home) -> Task<> {
                        shared.SetReadTimeout(Milliseconds(0));
                        Signal signal(home);
                        co_await signal.Wait(Milliseconds(40));
                        peer.Send("late");
                      }(*stream, ends.peer, loop));
        co_await Both(ReadInto(*stream, kNever, first),
                      NextTurnThen([&] { stream->SetReadTimeout(Milliseconds(1)); }));
        co_await stream->Close();
      },
      loop_, pair, sooner, lifted);
  EXPECT_EQ(sooner, Failed(Errc::kTimeout));
  EXPECT_EQ(lifted, Got("late"));
}

int Option(int socket, int name) {
  int value = -1;
  socklen_t length = sizeof(value);
  EXPECT_EQ(getsockopt(socket, IPPROTO_TCP, name, &value, &length), 0);
  return value;
}

TEST_F(StreamTest, SmallMessagesWaitForNobody) {
  Pair pair = Connected();
  std::vector<int> options;
  Run(
      [](Loop& loop, Pair& ends, std::vector<int>& out) -> Task<> {
        int socket = ends.ours.fd();
        auto stream = Open(loop, ends);
        out.push_back(Option(socket, TCP_NODELAY));
        for (int i = 0; i < 5; ++i) {
          co_await Write(*stream, "ping");  // an exchange makes the kernel delay again
          ends.peer.Send("pong");
          co_await Read(*stream);
          out.push_back(Option(socket, TCP_QUICKACK));
        }
        co_await stream->Close();
      },
      loop_, pair, options);
  EXPECT_EQ(options, std::vector<int>(6, 1));
}

// ---- writing

TEST_F(StreamTest, SegmentsOfAnySizeAndNumberArriveByteForByte) {
  Pair pair = Connected(4096, 8192);
  uint64_t sent = 0, received = 0;
  bool same = true;
  std::jthread sink([&] {
    for (std::string more = pair.peer.Receive(65536); !more.empty();
         more = pair.peer.Receive(65536)) {
      same = same && Pattern::Matches(received, AsBytes(more));
      received += more.size();
    }
  });
  Run(
      [](Loop& loop, Pair& ends, uint64_t& offset) -> Task<> {
        auto stream = Open(loop, ends);
        std::mt19937 random(8);
        for (size_t count : {0u, 1u, 2u, 3u, 17u, 1000u, 1024u, 1025u, 2000u}) {
          std::vector<Bytes> segments;
          for (size_t i = 0; i < count; ++i) {
            size_t length = random() % 4 == 0 ? 0 : random() % (count < 20 ? 60000 : 700);
            segments.push_back(Pattern::At(offset, length));
            offset += length;
          }
          auto result = co_await stream->Write(segments);
          EXPECT_TRUE(result.has_value());
          EXPECT_FALSE(stream->has_unsent());
        }
        EXPECT_EQ(stream->bytes_written(), offset);
        co_await stream->Close();
      },
      loop_, pair, sent);
  sink.join();
  EXPECT_TRUE(same);
  EXPECT_EQ(received, sent);
  EXPECT_GT(received, 1'000'000u);
}

TEST_F(StreamTest, ASinkThatNeverReadsEndsTheWriteAndTheReader) {
  Pair pair = Tight();
  Got written, read, later;
  Run(
      [](Loop& loop, Pair& ends, Got& wrote, Got& got, Got& after) -> Task<> {
        auto stream = Open(loop, ends, Milliseconds(10));
        co_await Both(WriteInto(*stream, TooMuch(), wrote), ReadInto(*stream, kNever, got));
        after = co_await Write(*stream, "x");
        co_await stream->Close();
      },
      loop_, pair, written, read, later);
  EXPECT_EQ(written, Failed(Errc::kStalled));
  EXPECT_EQ(read, Failed(Errc::kStalled));
  EXPECT_EQ(later, Failed(Errc::kStalled));
}

// Small sips for three stall times, then large ones until the write has ended.
Task<> SipUntil(const Got& ended, Loop& loop, Socket& peer) {
  Signal signal(loop);
  for (int i = 0; ended == Got("under way"); ++i) {
    co_await signal.Wait(Milliseconds(4));
    peer.Receive(i < 150 ? 16384 : 1 << 20, true);
  }
}

// Megabytes may stand in the kernel's buffer and keep the socket unwritable for longer than the
// stall time, while a slow peer reads all the time.
TEST_F(StreamTest, ASinkThatReadsSlowlyIsNotEnded) {
  Pair pair = Connected(32768, 2 << 20);
  Got written("under way");
  Run(
      [](Loop& loop, Pair& ends, Got& wrote) -> Task<> {
        auto stream = Open(loop, ends, Milliseconds(200));
        co_await Both(WriteInto(*stream, TooMuch(), wrote), SipUntil(wrote, loop, ends.peer));
        co_await stream->Close();
      },
      loop_, pair, written);
  EXPECT_EQ(written, Got("sent"));
}

// The most that the kernel has of ours, sent or not, once that has stayed the same for a while.
Task<> LookUntilItStays(Loop& loop, Stream& stream, int socket, int& most) {
  Signal signal(loop);
  for (int same = 0; same < 20; ++same) {
    co_await signal.Wait(Milliseconds(2));
    int now = 0;
    ioctl(socket, SIOCOUTQ, &now);
    if (now > most) same = 0;
    most = std::max(most, now);
  }
  stream.Interrupt({Errc::kInterrupted, Blame::kInternal, false, "enough"});
}

TEST_F(StreamTest, ASinkThatNeverReadsCostsTheKernelLittle) {
  Pair pair = Connected(32768, 4 << 20);
  const int socket = pair.ours.fd();
  Got written;
  int most = 0;
  Run(
      [](Loop& loop, Pair& ends, Got& wrote, int fd, int& seen) -> Task<> {
        auto stream = Open(loop, ends, Milliseconds(30000));
        co_await Both(WriteInto(*stream, TooMuch(), wrote),
                      LookUntilItStays(loop, *stream, fd, seen));
        co_await stream->Close();
      },
      loop_, pair, written, socket, most);
  EXPECT_EQ(written, Failed(Errc::kInterrupted));
  EXPECT_GT(most, 100'000);
  EXPECT_LT(most, 1'000'000);
}

TEST_F(StreamTest, ASegmentBeyondFourGibibytesIsNotCutShort) {
  size_t length = (size_t{4} << 30) + 10;
  void* memory =
      mmap(nullptr, length, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  Pair pair = Tight();
  Got written;
  Run(
      [](Loop& loop, Pair& ends, std::string_view text, Got& wrote) -> Task<> {
        auto stream = Open(loop, ends, Milliseconds(5));
        wrote = co_await Write(*stream, text);
        co_await stream->Close();
      },
      loop_, pair, std::string_view(static_cast<char*>(memory), length), written);
  EXPECT_EQ(written, Failed(Errc::kStalled));
  munmap(memory, length);
}

// ---- both directions at once

Task<> SendPattern(Stream& stream, uint64_t total) {
  std::mt19937 random(4);
  for (uint64_t offset = 0; offset < total;) {
    std::vector<Bytes> segments;
    for (int i = 0; i < 4 && offset < total; ++i) {
      size_t length = std::min<uint64_t>(total - offset, 1 + random() % Pattern::kPeriod);
      segments.push_back(Pattern::At(offset, length));
      offset += length;
    }
    auto sent = co_await stream.Write(segments);
    if (!sent) co_return;
  }
}

Task<> CheckPattern(Stream& stream, uint64_t total, uint64_t& good) {
  while (good < total) {
    auto chunk = co_await stream.Read(kNever);
    if (!chunk || !Pattern::Matches(good, chunk->bytes())) co_return;
    good += chunk->bytes().size();
  }
}

constexpr uint64_t kTotal = 200 << 20;

TEST_F(StreamTest, LargeTransfersInBothDirectionsAtOnceLoseNothing) {
  Pair pair = Connected();
  uint64_t in = 0, out = 0;
  std::jthread source([&] {
    for (uint64_t offset = 0; offset < kTotal;) {
      Bytes part = Pattern::At(offset, std::min<uint64_t>(kTotal - offset, Pattern::kPeriod));
      if (pair.peer.Send(Text(part)) != part.size()) return;
      offset += part.size();
    }
  });
  std::jthread sink([&] {
    while (out < kTotal) {
      std::string more = pair.peer.Receive(1 << 20);
      if (more.empty() || !Pattern::Matches(out, AsBytes(more))) return;
      out += more.size();
    }
  });
  Run(
      [](Loop& loop, Pair& ends, uint64_t& good) -> Task<> {
        auto stream = Open(loop, ends);
        co_await Both(SendPattern(*stream, kTotal), CheckPattern(*stream, kTotal, good));
        EXPECT_EQ(stream->bytes_read(), kTotal);
        EXPECT_EQ(stream->bytes_written(), kTotal);
        co_await stream->Close();
      },
      loop_, pair, in);
  source.join();
  sink.join();
  EXPECT_EQ(in, kTotal);
  EXPECT_EQ(out, kTotal);
}

}  // namespace
}  // namespace router::net
