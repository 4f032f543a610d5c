#include "router/net/chunk.h"

#include <thread>

#include "router/net/signal.h"
#include "tests/unit/net/stream_fixture.h"

namespace router::net {
namespace {

size_t Used() { return ByteBudget::OfChunks().used(); }

// Sets the limit of the process for one test.
class ChunkTest : public NetTest {
 protected:
  ~ChunkTest() override { ByteBudget::OfChunks().SetLimit(limit_); }
  static void Limit(size_t bytes) { ByteBudget::OfChunks().SetLimit(bytes); }

 private:
  const size_t limit_ = ByteBudget::OfChunks().limit();
};

TEST_F(ChunkTest, ABudgetIsNeverExceededByThreadsThatContend) {
  ByteBudget budget;
  budget.SetLimit(1000);
  std::vector<size_t> taken(4, 0);
  {
    std::vector<std::jthread> threads;
    for (size_t t = 0; t < taken.size(); ++t)
      threads.emplace_back([&budget, &mine = taken[t], t] {
        for (int i = 0; i < 20000; ++i) {
          if (!budget.Take(200 + t)) continue;
          ++mine;
          std::this_thread::yield();
          budget.Return(200 + t);
        }
      });
  }
  EXPECT_LE(budget.highest(), 1000u);
  EXPECT_EQ(budget.used(), 0u);
  for (size_t count : taken) EXPECT_GT(count, 0u);
}

TEST_F(ChunkTest, ChunksAreSmallUnderPressureAndNoneBeyondTheLimit) {
  ChunkPool& pool = loop_.chunks();
  Limit(2 * ChunkPool::kLarge);
  std::vector<Chunk> out;
  out.push_back(pool.Take());
  EXPECT_EQ(Used(), ChunkPool::kLarge);
  for (size_t i = 1; i <= ChunkPool::kLarge / ChunkPool::kSmall; ++i) {
    out.push_back(pool.Take());
    EXPECT_EQ(Used(), ChunkPool::kLarge + i * ChunkPool::kSmall);
  }
  Chunk none = pool.Take();
  EXPECT_EQ(Used(), 2 * ChunkPool::kLarge);
  out.back().Release();
  out.back().Release();
  EXPECT_EQ(Used(), 2 * ChunkPool::kLarge - ChunkPool::kSmall);
  out.back() = pool.Take();
  EXPECT_EQ(Used(), 2 * ChunkPool::kLarge);
}

TEST_F(ChunkTest, AChunkThatMovedIsReturnedOnce) {
  Chunk first = loop_.chunks().Take();
  Chunk second = std::move(first);
  Chunk third;
  third = std::move(second);
  first.Release();
  EXPECT_EQ(Used(), ChunkPool::kLarge);
  third = loop_.chunks().Take();
  EXPECT_EQ(Used(), ChunkPool::kLarge);
}

TEST_F(ChunkTest, AReleasedChunkIsRoomForTheNextReadAtOnce) {
  Pair pair = Connected();
  std::vector<size_t> used;
  const void *before = nullptr, *after = nullptr;
  Run(
      [](Loop& loop, Pair& ends, std::vector<size_t>& out, const void*& first,
         const void*& second) -> Task<> {
        auto stream = Open(loop, ends);
        ends.peer.Send("one");
        auto chunk = co_await stream->Read(kNever);
        first = chunk->bytes().data();
        out.push_back(Used());
        chunk->Release();
        EXPECT_TRUE(chunk->empty());
        out.push_back(Used());
        ends.peer.Send("two");
        auto next = co_await stream->Read(kNever);
        second = next->bytes().data();
        EXPECT_EQ(Text(next->bytes()), "two");
        co_await stream->Close();
      },
      loop_, pair, used, before, after);
  EXPECT_EQ(used, (std::vector<size_t>{ChunkPool::kLarge, 0}));
  EXPECT_EQ(before, after);
}

TEST_F(ChunkTest, AnIdleReaderHoldsNoChunk) {
  Pair pair = Connected();
  size_t used = 1;
  Got got;
  Run(
      [](Loop& loop, Pair& ends, size_t& out, Got& read) -> Task<> {
        auto stream = Open(loop, ends);
        co_await Both(ReadInto(*stream, kNever, read), NextTurnThen([&] {
                        out = Used();
                        ends.peer.Send("x");
                      }));
        co_await stream->Close();
      },
      loop_, pair, used, got);
  EXPECT_EQ(used, 0u);
  EXPECT_EQ(got, Got("x"));
}

// Holds each chunk for a while, as a pump does whose sink is slow.
Task<> Drain(Loop& loop, Pair& pair, size_t limit, uint64_t& good) {
  auto stream = Open(loop, pair);
  for (;;) {
    auto chunk = co_await stream->Read(kNever);
    if (!chunk || !Pattern::Matches(good, chunk->bytes())) break;
    good += chunk->bytes().size();
    EXPECT_LE(Used(), limit);
    co_await NextTurn{};
  }
  co_await stream->Close();
}

TEST_F(ChunkTest, ManyReadersShareASmallBudgetAndEachOneEnds) {
  constexpr size_t kStreams = 24, kLimit = 3 * ChunkPool::kSmall;
  constexpr uint64_t kEach = 300'000;
  Limit(kLimit);
  std::vector<Pair> pairs;
  std::vector<uint64_t> good(kStreams, 0);
  for (size_t i = 0; i < kStreams; ++i) pairs.push_back(Connected());
  std::vector<std::jthread> sources;
  for (Pair& pair : pairs)
    sources.emplace_back([&peer = pair.peer] {
      for (uint64_t offset = 0; offset < kEach;) {
        Bytes part = Pattern::At(offset, std::min<uint64_t>(kEach - offset, 10'000));
        if (peer.Send(Text(part)) != part.size()) return;
        offset += part.size();
      }
      peer.ShutdownWrite();
    });
  Run(
      [](Loop& loop, std::vector<Pair>& ends, std::vector<uint64_t>& out) -> Task<> {
        std::vector<Task<>> all;
        for (size_t i = 0; i < ends.size(); ++i)
          all.push_back(Drain(loop, ends[i], 3 * ChunkPool::kSmall, out[i]));
        co_await All(std::move(all));
      },
      loop_, pairs, good);
  EXPECT_EQ(good, std::vector<uint64_t>(kStreams, kEach));
}

// Waiting for memory of ours is no silence of the peer.
TEST_F(ChunkTest, TheDeadlineStandsStillWhileTheBudgetIsUsedUp) {
  Pair pair = Connected();
  pair.peer.Send("was there all the time");
  Chunk hoard = loop_.chunks().Take();
  Limit(ChunkPool::kLarge);
  Got got;
  Run(
      [](Loop& loop, Pair& ends, Chunk& held, Got& out) -> Task<> {
        auto stream = Open(loop, ends);
        co_await Both(ReadInto(*stream, Milliseconds(10), out),
                      [](Loop& home, Chunk& chunk) -> Task<> {
                        Signal signal(home);
                        co_await signal.Wait(Milliseconds(60));
                        chunk.Release();
                      }(loop, held));
        co_await stream->Close();
      },
      loop_, pair, hoard, got);
  EXPECT_EQ(got, Got("was there all the time"));
}

}  // namespace
}  // namespace router::net
