#include "router/store/spool.h"

#include <fstream>
#include <latch>

#include "tests/unit/store/store_fixture.h"

namespace router::store {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SpoolTest : public ::testing::Test {
 protected:
  SpoolTest() : pool_(std::make_unique<net::WorkPool>("disk", kThreads)) { OpenSpool(0); }
  ~SpoolTest() override {
    pool_.reset();  // what was queued is done
    EXPECT_EQ(disk_.open_files(), 0) << "a descriptor was left open";
  }

  void OpenSpool(uint64_t floor) {
    spool_ = Spool::Open({.directory = folder_.path(), .free_floor = floor}, *pool_, disk_).value();
  }
  std::unique_ptr<SpoolWriter> Writer(std::string_view header = "header") {
    return awaiter_.Await(spool_->Write(BufferOf(header))).value();
  }
  Result<> Append(SpoolWriter& writer, std::string_view text) {
    return awaiter_.Await(writer.Append(BufferOf(text)));
  }
  std::string ContentOf(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::vector<std::string> Files() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(spool_->paths().Spool()))
      names.push_back(entry.path().filename());
    return names;
  }
  // Everything queued to the pool so far has run: each of its threads is here at once.
  void Drain() {
    auto all = std::make_shared<std::latch>(kThreads + 1);
    for (int i = 0; i < kThreads; ++i) pool_->Queue([all] { all->arrive_and_wait(); });
    all->arrive_and_wait();
  }

  static constexpr int kThreads = 4;
  ScratchFolder folder_;
  TestDisk disk_;
  Awaiter awaiter_;
  std::unique_ptr<net::WorkPool> pool_;
  std::unique_ptr<Spool> spool_;
};

TEST_F(SpoolTest, WhatIsAppendedLiesInThePartInOrder) {
  std::unique_ptr<SpoolWriter> writer = Writer("HEAD");
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    std::string piece = std::to_string(i) + ";";
    expected += piece;
    ASSERT_TRUE(Append(*writer, piece));
  }
  EXPECT_EQ(writer->dataset_bytes(), expected.size());
  Result<SpoolFile> file = awaiter_.Await(writer->Finish());
  ASSERT_TRUE(file);
  EXPECT_EQ(ContentOf(writer->path()), "HEAD" + expected);
  EXPECT_EQ(file->name, writer->name());
  EXPECT_EQ(file->size, expected.size() + 4);
  EXPECT_EQ(file->dataset_offset, 4u);
  EXPECT_EQ(file->sha256, dataset::Sha256::Of(AsBytes(expected)));
}

TEST_F(SpoolTest, BorrowedBytesMayGoAwayAfterTheCall) {
  std::unique_ptr<SpoolWriter> writer = Writer("");
  awaiter_.Await([](SpoolWriter& out) -> Task<> {
    for (char letter = 'a'; letter <= 'e'; ++letter) {
      std::string scratch(70'000, letter);
      Task<Result<>> append = out.Append(AsBytes(scratch));
      Result<> appended = co_await append;
      EXPECT_TRUE(appended);
      scratch.assign(scratch.size(), '!');
    }
  }(*writer));
  ASSERT_TRUE(awaiter_.Await(writer->Finish()));
  EXPECT_THAT(ContentOf(writer->path()), Each(testing::AllOf(testing::Ge('a'), testing::Le('e'))));
}

TEST_F(SpoolTest, ThePartIsSyncedAfterTheLastWrite) {
  std::unique_ptr<SpoolWriter> writer = Writer();
  ASSERT_TRUE(Append(*writer, "data"));
  ASSERT_TRUE(awaiter_.Await(writer->Finish()));
  std::vector<std::string> calls = disk_.TakeCalls();
  ASSERT_GE(calls.size(), 2u);
  EXPECT_EQ(calls.back(), "sync");
  EXPECT_EQ(calls[calls.size() - 2], "write");
}

TEST_F(SpoolTest, ShortWritesAreContinued) {
  disk_.WriteAtMost(3);
  std::unique_ptr<SpoolWriter> writer = Writer("header");
  ASSERT_TRUE(Append(*writer, "the whole of it"));
  Result<SpoolFile> file = awaiter_.Await(writer->Finish());
  ASSERT_TRUE(file);
  EXPECT_EQ(ContentOf(writer->path()), "headerthe whole of it");
}

TEST_F(SpoolTest, ASlowDiskHoldsTheWriterBack) {
  std::unique_ptr<SpoolWriter> writer = Writer("");
  // The disk takes a write only when the test lets it.
  std::mutex mutex;
  std::condition_variable changed;
  int allowed = 0;
  disk_.SetHook([&](const std::string& call, const std::string&) -> Result<> {
    if (call != "write") return {};
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return allowed > 0; });
    --allowed;
    return {};
  });
  std::atomic<int> appended = 0;
  std::atomic<bool> done = false;
  constexpr int kPieces = 32;  // of 256 KiB: 8 MiB against 1 MiB
  net::Loop loop;
  loop.Start();
  loop.PostSpawn([&]() -> Task<> {
    return [](SpoolWriter& out, std::atomic<int>& count, std::atomic<bool>& end) -> Task<> {
      for (int i = 0; i < kPieces; ++i) {
        Buffer piece(256 << 10);
        Task<Result<>> append = out.Append(std::move(piece));
        Result<> result = co_await append;
        EXPECT_TRUE(result);
        ++count;
        count.notify_all();
      }
      end = true;
      end.notify_all();
    }(*writer, appended, done);
  });
  // The fourth piece makes 1 MiB outstanding: three calls return, the fourth waits for room.
  for (int seen = 0; seen < 3; seen = appended.load()) appended.wait(seen);
  EXPECT_EQ(appended.load(), 3);
  for (int i = 1; i <= kPieces; ++i) {
    {
      std::lock_guard lock(mutex);
      ++allowed;
    }
    changed.notify_all();
    int least = std::min(3 + i, kPieces);
    for (int seen = appended.load(); seen < least; seen = appended.load()) appended.wait(seen);
    EXPECT_LE(appended.load(), std::min(3 + i, kPieces)) << "more than 1 MiB is outstanding";
  }
  done.wait(false);
  loop.Stop();
  disk_.Heal();
  ASSERT_TRUE(awaiter_.Await(writer->Finish()));
}

TEST_F(SpoolTest, AFullDiskIsToldAndLeavesNothing) {
  std::unique_ptr<SpoolWriter> writer = Writer();
  disk_.Fail("write", true);
  (void)Append(*writer, "data");
  Result<SpoolFile> file = awaiter_.Await(writer->Finish());
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Errc::kDisk);
  EXPECT_TRUE(file.error().retryable);
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(SpoolTest, AnErrorComesOutOfTheNextAppend) {
  std::unique_ptr<SpoolWriter> writer = Writer();
  disk_.Fail("write");
  (void)Append(*writer, "data");
  Drain();
  Result<> appended = Append(*writer, "more");
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, Errc::kDisk);
}

TEST_F(SpoolTest, AFailedSyncDropsThePart) {
  std::unique_ptr<SpoolWriter> writer = Writer();
  ASSERT_TRUE(Append(*writer, "data"));
  disk_.Fail("sync");
  Result<SpoolFile> file = awaiter_.Await(writer->Finish());
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Errc::kDisk);
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(SpoolTest, AHeaderThatCannotBeWrittenLeavesNothing) {
  disk_.Fail("write");
  EXPECT_FALSE(awaiter_.Await(spool_->Write(BufferOf("header"))));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(SpoolTest, BelowTheFloorNothingIsBegun) {
  OpenSpool(1000);
  disk_.SetFree(999);
  Result<std::unique_ptr<SpoolWriter>> writer = awaiter_.Await(spool_->Write(BufferOf("x")));
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code, Errc::kDisk);
  EXPECT_TRUE(writer.error().retryable);
  EXPECT_THAT(writer.error().detail, HasSubstr("free_floor"));
  EXPECT_THAT(Files(), IsEmpty());
  EXPECT_EQ(spool_->FreeBytes(), 999u);
  disk_.SetFree(1000);
  EXPECT_FALSE(awaiter_.Await(spool_->Write(BufferOf("x"))));
  disk_.SetFree(1001);
  EXPECT_TRUE(awaiter_.Await(spool_->Write(BufferOf("x"))));
}

// A disk of so many bytes; says how few were ever left.
class SmallDisk {
 public:
  SmallDisk(TestDisk& disk, uint64_t bytes) : disk_(disk), free_(bytes), least_(bytes) {
    disk_.WriteAtMost(kWrite);
    disk_.SetFree(bytes);
    disk_.SetHook([this](const std::string& call, const std::string&) -> Result<> {
      if (call == "write") Took();
      return {};
    });
  }
  ~SmallDisk() { disk_.SetHook({}); }
  uint64_t least() const { return least_; }

  static constexpr uint64_t kWrite = 4096;

 private:
  void Took() {
    std::lock_guard lock(mutex_);
    free_ -= kWrite;
    least_ = std::min(least_, free_);
    disk_.SetFree(free_);
  }

  TestDisk& disk_;
  std::mutex mutex_;
  uint64_t free_, least_;
};

TEST_F(SpoolTest, WhoeverWouldPassTheFloorEndsAndLeavesItsRoomToOthers) {
  constexpr uint64_t kFloor = 1 << 20;
  OpenSpool(kFloor);
  SmallDisk small(disk_, kFloor + (1 << 20));
  const std::string most(600 << 10, 'x'), rest(200 << 10, 'y');
  std::unique_ptr<SpoolWriter> first = Writer(""), second = Writer("");
  ASSERT_TRUE(Append(*first, most));
  Drain();
  (void)Append(*second, most);
  Drain();
  EXPECT_THAT(Files(), ::testing::SizeIs(1)) << "what is refused lies there no longer";
  EXPECT_FALSE(Append(*second, rest));
  EXPECT_TRUE(Append(*first, rest));
  EXPECT_TRUE(awaiter_.Await(first->Finish()));
  Result<SpoolFile> refused = awaiter_.Await(second->Finish());
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().retryable);
  EXPECT_THAT(refused.error().detail, HasSubstr("free_floor"));
  EXPECT_GE(small.least(), kFloor);
}

TEST_F(SpoolTest, ManyAtOnceDoNotPassTheFloor) {
  constexpr uint64_t kFloor = 1 << 20;
  OpenSpool(kFloor);
  SmallDisk small(disk_, kFloor + (1 << 20));
  const std::string piece(64 << 10, 'x');
  std::vector<std::unique_ptr<SpoolWriter>> writers;
  for (int i = 0; i < 4; ++i) writers.push_back(Writer(""));
  for (int i = 0; i < 8; ++i)  // 2 MiB in all, where there is room for one
    for (auto& writer : writers) (void)Append(*writer, piece);
  size_t kept = 0;
  for (auto& writer : writers) kept += awaiter_.Await(writer->Finish()) ? 1 : 0;
  EXPECT_LT(kept, writers.size());
  EXPECT_THAT(Files(), ::testing::SizeIs(kept));
  EXPECT_GE(small.least(), kFloor);
  // What was granted and not written has been given back.
  disk_.SetHook({});
  disk_.SetFree(kFloor + 1);
  EXPECT_TRUE(awaiter_.Await(spool_->Write(BufferOf("x"))));
}

TEST_F(SpoolTest, ADroppedWriterLeavesNothing) {
  std::unique_ptr<SpoolWriter> writer = Writer();
  ASSERT_TRUE(Append(*writer, "data"));
  awaiter_.Await(writer->Drop());
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(SpoolTest, AForgottenWriterLeavesNothing) {
  std::unique_ptr<SpoolWriter> writer = Writer();
  ASSERT_TRUE(Append(*writer, "data"));
  writer.reset();
  Drain();
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(SpoolTest, AFinishedPartStaysUntilItIsDropped) {
  std::unique_ptr<SpoolWriter> writer = Writer();
  SpoolFile file = awaiter_.Await(writer->Finish()).value();
  writer.reset();
  Drain();
  EXPECT_EQ(Files().size(), 1u);
  OpenSpool(0);
  awaiter_.Await(spool_->DropPart(file.name));
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(SpoolTest, ADropAfterFinishRemovesThePart) {
  std::unique_ptr<SpoolWriter> writer = Writer();
  ASSERT_TRUE(awaiter_.Await(writer->Finish()));
  awaiter_.Await(writer->Drop());
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(SpoolTest, NamesDoNotMeet) {
  std::vector<std::unique_ptr<SpoolWriter>> writers;
  for (int i = 0; i < 50; ++i) writers.push_back(Writer());
  EXPECT_EQ(Files().size(), 50u);
}

class SpoolReaderTest : public SpoolTest {
 protected:
  // As after Ledger::Accept.
  SpoolFile Stored(const std::string& dataset) {
    std::unique_ptr<SpoolWriter> writer = Writer("HEADER");
    EXPECT_TRUE(Append(*writer, dataset));
    SpoolFile file = awaiter_.Await(writer->Finish()).value();
    EXPECT_TRUE(disk_.Rename(spool_->paths().Part(file.name), spool_->paths().File(file.name)));
    return file;
  }
  std::unique_ptr<SpoolReader> Open(const SpoolFile& file) {
    return awaiter_.Await(spool_->Read(file)).value();
  }
};

TEST_F(SpoolReaderTest, ReadsTheDataSetAloneBlockByBlock) {
  std::string dataset(1'000'000, 'x');
  for (size_t i = 0; i < dataset.size(); ++i) dataset[i] = static_cast<char>('a' + i % 26);
  std::unique_ptr<SpoolReader> reader = Open(Stored(dataset));
  EXPECT_EQ(reader->remaining(), dataset.size());
  std::string read;
  for (;;) {
    Buffer block = awaiter_.Await(reader->Next(100'000)).value();
    if (block.empty()) break;
    EXPECT_LE(block.size(), 100'000u);
    read += AsText(block);
  }
  EXPECT_EQ(read, dataset);
  EXPECT_EQ(reader->remaining(), 0u);
}

TEST_F(SpoolReaderTest, ShortReadsAreContinued) {
  std::unique_ptr<SpoolReader> reader = Open(Stored("the whole of it"));
  disk_.WriteAtMost(2);
  EXPECT_EQ(AsText(awaiter_.Await(reader->Next()).value()), "the whole of it");
}

TEST_F(SpoolReaderTest, AFileThatIsGoneIsNotFound) {
  SpoolFile file = Stored("data");
  ASSERT_TRUE(disk_.Unlink(spool_->paths().File(file.name)));
  Result<std::unique_ptr<SpoolReader>> reader = awaiter_.Await(spool_->Read(file));
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, Errc::kNotFound);
}

TEST_F(SpoolReaderTest, AFileMayBeUnlinkedWhileItIsRead) {
  SpoolFile file = Stored("data");
  std::unique_ptr<SpoolReader> reader = Open(file);
  ASSERT_TRUE(disk_.Unlink(spool_->paths().File(file.name)));
  EXPECT_EQ(AsText(awaiter_.Await(reader->Next()).value()), "data");
}

TEST_F(SpoolReaderTest, ACutFileIsCorrupt) {
  SpoolFile file = Stored("data");
  std::filesystem::resize_file(spool_->paths().File(file.name), file.size - 1);
  std::unique_ptr<SpoolReader> reader = Open(file);
  Result<Buffer> block = awaiter_.Await(reader->Next());
  ASSERT_FALSE(block);
  EXPECT_EQ(block.error().code, Errc::kCorrupt);
}

TEST_F(SpoolReaderTest, AFailedReadIsAnError) {
  std::unique_ptr<SpoolReader> reader = Open(Stored("data"));
  disk_.Fail("read");
  Result<Buffer> block = awaiter_.Await(reader->Next());
  ASSERT_FALSE(block);
  EXPECT_EQ(block.error().code, Errc::kDisk);
  disk_.Heal();
  EXPECT_EQ(AsText(awaiter_.Await(reader->Next()).value()), "data");
}

}  // namespace
}  // namespace router::store
