#include "router/session/room.h"

#include <sys/stat.h>

#include <map>
#include <thread>

#include "router/session/moves.h"
#include "tests/unit/store/store_fixture.h"

// A disk that is full but for what is kept for storage commitment.
namespace router::session {
namespace {

using std::chrono::hours;
using store::Acceptance;
using store::RowId;

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kFile = 40 * kMiB;      // of each that is kept: two make the room of one step
constexpr uint64_t kFloor = 256 * kMiB;    // store.free_floor
constexpr uint64_t kReserve = 128 * kMiB;  // above it what is spare goes

// Has as much as a test says, less what lies in its folder: files count once, whatever their links.
class SmallDisk : public store::TestDisk {
 public:
  uint64_t capacity = UINT64_MAX / 2;
  std::string links;  // a folder beside it

  Result<uint64_t> FreeBytes(const std::string& path) override {
    if (auto asked = store::TestDisk::FreeBytes(path); !asked) return asked;
    std::map<ino_t, uint64_t> used;
    for (const std::string& folder : {path, links})
      for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        struct stat found {};
        if (::stat(entry.path().c_str(), &found) == 0)
          used[found.st_ino] = static_cast<uint64_t>(found.st_size);
      }
    uint64_t all = 0;
    for (const auto& [file, size] : used) all += size;
    return all < capacity ? capacity - all : 0;
  }
};

class RoomTest : public ::testing::Test {
 protected:
  RoomTest() {
    disk_.links = folder_.path() + "/links";
    std::filesystem::create_directories(disk_.links);
    ledger_ = store::SqliteLedger::Open({.directory = folder_.path()}, clock_, disk_).value();
    spool_ = store::Spool::Open({.directory = folder_.path(), .free_floor = kFloor}, pool_, disk_)
                 .value();
    services_.emplace(registry_, *ledger_, *spool_, pool_, pool_, moves_, clock_);
    auto config = std::make_shared<config::Config>();
    config->store.free_floor = kFloor;
    services_->SetConfig(std::move(config));
  }
  // So much is free from now on.
  void SetFree(uint64_t bytes) {
    disk_.capacity = UINT64_MAX / 2;
    disk_.capacity -= disk_.FreeBytes(spool_->paths().Spool()).value() - bytes;
  }
  // Without taking the space that it seems to take.
  std::string Keep(std::string_view uid) {
    const std::string name = std::string(uid) + ".dcm";
    store::SpoolFile file = store::WritePart({folder_.path()}, name, "data");
    file.size = kFile;
    std::filesystem::resize_file(store::StorePaths{folder_.path()}.Part(name), kFile);
    Acceptance sent = store::Arrival(uid, std::move(file));
    sent.retain_for = hours(1);
    EXPECT_TRUE(awaiter_.Await(ledger_->Keep(std::move(sent))));
    clock_.Advance(store::seconds(1));
    return name;
  }
  std::vector<std::string> KeepMany(int count) {
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) names.push_back(Keep("1." + std::to_string(i + 1)));
    return names;
  }
  void AddLinks(const std::vector<std::string>& names) {
    for (const std::string& name : names)
      std::filesystem::create_hard_link(spool_->paths().File(name), disk_.links + "/" + name);
  }
  size_t CountThere(const std::vector<std::string>& names) {
    return static_cast<size_t>(
        std::ranges::count_if(names, [this](const std::string& name) { return IsThere(name); }));
  }
  void Promise(std::string_view transaction, std::string_view uid) {
    store::NewCommitment asked;
    asked.application = store::kVmsdbd;
    asked.client = AeTitle::FromWire(store::kTpsTitle);
    asked.request = {Uid(transaction), {{Uid("1.2.840.10008.5.1.4.1.1.2"), Uid(uid)}}};
    const RowId id = awaiter_.Await(ledger_->commitments().Add(std::move(asked))).value().id;
    std::vector<store::InstanceDecision> decisions = {
        {id, 0, 0, {std::string(uid) + ".dcm"}, clock_.WallNow() + hours(9)}};
    EXPECT_EQ(awaiter_.Await(ledger_->commitments().Decide(std::move(decisions))).value(), 1);
  }
  uint64_t Spare() { return static_cast<uint64_t>(ledger_->gauges().spare_bytes); }
  // Is there room for one more?
  bool Opens() {
    auto writer = awaiter_.Await(OpenSpool(*services_, store::BufferOf("header")));
    if (!writer) {
      EXPECT_EQ(writer.error().code, Errc::kDisk);
      return false;
    }
    awaiter_.Await((*writer)->Drop());
    return true;
  }
  bool IsThere(const std::string& name) {
    return std::filesystem::exists(spool_->paths().File(name));
  }

  store::TestClock clock_;
  SmallDisk disk_;
  store::ScratchFolder folder_;
  metrics::Registry registry_;
  net::WorkPool pool_{"test", 1};
  Moves moves_{clock_};
  std::unique_ptr<store::SqliteLedger> ledger_;
  std::unique_ptr<store::Spool> spool_;
  std::optional<Services> services_;
  store::Awaiter awaiter_;
};

TEST_F(RoomTest, WhileThereIsSpaceWhatIsKeptStays) {
  const std::vector<std::string> kept = KeepMany(3);
  SetFree(kFloor + kReserve);
  EXPECT_TRUE(Opens());
  EXPECT_TRUE(Opens());  // it knows by now what is free
  EXPECT_EQ(CountThere(kept), 3u);
}

TEST_F(RoomTest, WhatIsKeptMakesRoomForANewcomerTheOldestFirstAndNoMoreThanAStep) {
  const std::vector<std::string> kept = KeepMany(4);
  SetFree(kFloor - 10 * kMiB);
  EXPECT_TRUE(Opens());
  EXPECT_FALSE(IsThere(kept[0]));
  EXPECT_FALSE(IsThere(kept[1]));
  EXPECT_TRUE(IsThere(kept[2]));
  EXPECT_TRUE(IsThere(kept[3]));
}

TEST_F(RoomTest, RoomIsMadeBeforeANewcomerNeedsIt) {
  const std::vector<std::string> kept = KeepMany(4);
  SetFree(kFloor + kReserve - 10 * kMiB);
  EXPECT_TRUE(Opens());
  EXPECT_TRUE(Opens());  // it knows by now what is free
  EXPECT_EQ(CountThere(kept), 2u);
}

// What was free when the spool was written last is no reason to remove anything.
TEST_F(RoomTest, SpaceThatIsFreeAgainCostsNothingThatIsKept) {
  SetFree(kFloor + 10 * kMiB);
  EXPECT_TRUE(Opens());
  const std::vector<std::string> kept = KeepMany(3);
  SetFree(kFloor + kReserve);
  EXPECT_TRUE(Opens());
  EXPECT_EQ(CountThere(kept), 3u);
}

// A statvfs may wait for a disk that hangs, and the loop for nothing.
TEST_F(RoomTest, TheLoopNeverAsksTheDiskItself) {
  const std::vector<std::string> kept = KeepMany(4);
  SetFree(kFloor - 10 * kMiB);
  const std::thread::id loop = std::this_thread::get_id();  // that of the awaiter
  std::atomic<int> by_loop{0}, by_pool{0};
  disk_.SetHook([&](const std::string& call, const std::string&) -> Result<> {
    if (call == "free") ++(std::this_thread::get_id() == loop ? by_loop : by_pool);
    return {};
  });
  EXPECT_TRUE(Opens());
  EXPECT_TRUE(Opens());
  EXPECT_EQ(by_loop, 0);
  EXPECT_GT(by_pool, 0);
}

TEST_F(RoomTest, ANewcomerIsRefusedRatherThanAPromiseBroken) {
  const std::vector<std::string> kept = KeepMany(3);
  for (const char* uid : {"1.1", "1.2", "1.3"}) Promise(std::string("2") + uid, uid);
  SetFree(kFloor - 10 * kMiB);
  EXPECT_FALSE(Opens());
  EXPECT_EQ(CountThere(kept), 3u);
  EXPECT_FALSE(HasRoom(*services_));
}

TEST_F(RoomTest, OfKeptOnesOnlyThosePromisedStay) {
  const std::string promised = Keep("1.1"), other = Keep("1.2"), another = Keep("1.3");
  EXPECT_EQ(Spare(), 3 * kFile);
  Promise("2.1", "1.1");
  EXPECT_EQ(Spare(), 2 * kFile);
  SetFree(kFloor - 10 * kMiB);
  EXPECT_TRUE(Opens());
  EXPECT_TRUE(IsThere(promised));
  EXPECT_FALSE(IsThere(other));
  EXPECT_FALSE(IsThere(another));
  EXPECT_EQ(Spare(), 0u);
}

// What is promised frees nothing: it must not be counted upon, nor cost what is not.
TEST_F(RoomTest, WhatIsPromisedIsNotCountedUpon) {
  const std::string promised = Keep("1.1"), spare = Keep("1.2");
  Promise("2.1", "1.1");
  SetFree(kFloor - kFile - 10 * kMiB);  // both would do, the one that may go will not
  EXPECT_FALSE(Opens());
  EXPECT_TRUE(IsThere(spare));
  EXPECT_FALSE(HasRoom(*services_));
}

TEST_F(RoomTest, ThereIsRoomWhereItIsFreeOrCanBeMade) {
  SetFree(kFloor);
  EXPECT_TRUE(HasRoom(*services_));
  SetFree(kFloor - 10 * kMiB);
  EXPECT_FALSE(HasRoom(*services_));
  Keep("1.1");
  SetFree(kFloor - 10 * kMiB);
  EXPECT_TRUE(HasRoom(*services_));
  SetFree(kFloor - kFile - kMiB);
  EXPECT_FALSE(HasRoom(*services_));
}

// ---- where it does not help

TEST_F(RoomTest, WhereNoMoreFilesMayBeOpenedNothingIsRemoved) {
  const std::vector<std::string> kept = KeepMany(3);
  SetFree(kFloor + kReserve);
  disk_.Fail("create");  // as EMFILE does
  EXPECT_FALSE(Opens());
  EXPECT_FALSE(Opens());
  EXPECT_EQ(CountThere(kept), 3u);
}

TEST_F(RoomTest, FilesThatHaveOtherLinksAreNotRemovedInVainForEver) {
  const std::vector<std::string> kept = KeepMany(10);
  AddLinks(kept);
  SetFree(kFloor - 10 * kMiB);
  EXPECT_FALSE(Opens());
  EXPECT_EQ(CountThere(kept), 6u);  // two steps
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(Opens());
  EXPECT_EQ(CountThere(kept), 6u);
  clock_.Advance(store::minutes(10));
  EXPECT_FALSE(Opens());
  EXPECT_EQ(CountThere(kept), 4u);  // one more step, for the links may have gone
}

TEST_F(RoomTest, OneStepInVainIsForgottenOnceAnotherHelps) {
  const std::vector<std::string> kept = KeepMany(8);
  AddLinks({kept[0], kept[1], kept[4], kept[5]});
  SetFree(kFloor - 10 * kMiB);
  EXPECT_TRUE(Opens());
  EXPECT_EQ(CountThere(kept), 4u);
  SetFree(kFloor - 10 * kMiB);
  EXPECT_TRUE(Opens());
  EXPECT_EQ(CountThere(kept), 0u);
}

}  // namespace
}  // namespace router::session
