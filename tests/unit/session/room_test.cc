#include "router/session/room.h"

#include "router/session/moves.h"
#include "router/store/ledger_reader.h"
#include "tests/unit/store/store_fixture.h"

// A disk that is full but for what is kept for storage commitment.
namespace router::session {
namespace {

using std::chrono::hours;
using store::Acceptance;
using store::RowId;

constexpr uint64_t kCapacity = 100, kFloor = 50;  // bytes

class SmallDisk : public store::Disk {
 public:
  Result<uint64_t> FreeBytes(const std::string& path) override {
    uint64_t used = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path)) used += entry.file_size();
    return used < kCapacity ? kCapacity - used : 0;
  }
};

class RoomTest : public ::testing::Test {
 protected:
  RoomTest() {
    ledger_ = store::SqliteLedger::Open({.directory = folder_.path()}, clock_, disk_).value();
    spool_ = store::Spool::Open({.directory = folder_.path(), .free_floor = kFloor}, pool_, disk_)
                 .value();
    services_.emplace(registry_, *ledger_, *spool_, pool_, pool_, moves_, clock_);
  }
  // Of twenty bytes.
  std::string Keep(std::string_view uid) {
    const std::string name = std::string(uid) + ".dcm";
    Acceptance sent =
        store::Arrival(uid, store::WritePart({folder_.path()}, name, "twenty bytes of data"));
    sent.retain_for = hours(1);
    EXPECT_TRUE(awaiter_.Await(ledger_->Keep(std::move(sent))));
    return name;
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
  uint64_t Spare() {
    return store::LedgerReader::Open(folder_.path()).value()->SpareBytes().value();
  }
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
  const std::string kept = Keep("1.1");
  EXPECT_TRUE(Opens());
  EXPECT_TRUE(IsThere(kept));
}

TEST_F(RoomTest, WhatIsKeptMakesRoomForANewcomer) {
  const std::string first = Keep("1.1"), second = Keep("1.2"), third = Keep("1.3");
  EXPECT_TRUE(Opens());
  EXPECT_FALSE(IsThere(first));
}

TEST_F(RoomTest, ANewcomerIsRefusedRatherThanAPromiseBroken) {
  for (const char* uid : {"1.1", "1.2", "1.3"}) {
    Keep(uid);
    Promise(std::string("2") + uid, uid);
  }
  EXPECT_FALSE(Opens());
  for (const char* name : {"1.1.dcm", "1.2.dcm", "1.3.dcm"}) EXPECT_TRUE(IsThere(name)) << name;
}

TEST_F(RoomTest, OfKeptOnesOnlyThosePromisedStay) {
  const std::string promised = Keep("1.1"), other = Keep("1.2"), another = Keep("1.3");
  EXPECT_EQ(Spare(), 60u);
  Promise("2.1", "1.1");
  EXPECT_EQ(Spare(), 40u);
  EXPECT_TRUE(Opens());
  EXPECT_TRUE(IsThere(promised));
  EXPECT_FALSE(IsThere(other));
}

}  // namespace
}  // namespace router::session
