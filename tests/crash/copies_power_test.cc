#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "router/base/fail_point.h"
#include "router/store/sqlite_ledger.h"
#include "tests/crash/power.h"
#include "tests/unit/store/store_fixture.h"

// One file for two applications, and a power failure at each moment of the ledger's part of its
// way: both rows are there or none is, and the file is there for as long as one of them needs it.
namespace router::store {
namespace {

constexpr const char* kPacs = "RTPACS";
constexpr int kDied = 137;
constexpr std::array kPoints = {FailPoint::kRenamed,     FailPoint::kFolderSynced,
                                FailPoint::kRowsWritten, FailPoint::kCommitted,
                                FailPoint::kBuried,      FailPoint::kUnlinked};

// What a child said before it died; in memory that it shares with its parent.
struct Said {
  bool accepted = false;
  bool sent[2] = {false, false};       // Complete was about to be called
  bool delivered[2] = {false, false};  // it has returned
};

FailPoint point;
int left = 0;
bool keep = false;

void Reached(FailPoint now) {
  if (now != point || --left != 0) return;
  if (keep) ::_exit(kDied);
  crash::Power::Supply().Fail();
}

std::vector<Acceptance> Copies(const StorePaths& paths) {
  Disk& disk = crash::Power::Supply().disk();
  const std::string content = "of both", name = "f1.dcm";
  auto file = disk.Create(paths.Part(name));
  if (!file || !disk.Write(*file, AsBytes(content)) || !disk.Sync(*file)) ::_exit(3);
  disk.Close(*file);
  std::vector<Acceptance> both;
  both.push_back(Arrival("1.1", {name, content.size(), 0, dataset::Sha256::Of(AsBytes(content))}));
  both.push_back(both[0]);
  both[1].instance.application = kPacs;
  return both;
}

// The way of the two rows, to its end or to the power failure.
[[noreturn]] void Live(const std::string& directory, Said& said) {
  Clock clock;
  Awaiter awaiter;
  crash::Power& power = crash::Power::Supply();
  power.KeepAsideIn(directory + ".aside");
  auto ledger =
      SqliteLedger::Open({.directory = directory, .vfs = power.Vfs()}, clock, power.disk());
  if (!ledger) ::_exit(4);
  on_fail_point = Reached;
  auto accepted = awaiter.Await((*ledger)->AcceptAll(Copies({directory})));
  if (!accepted) ::_exit(5);
  said.accepted = true;
  for (size_t i = 0; i < 2; ++i) {
    const RowId row = (*accepted)[i].row;
    const std::string application = i == 0 ? kVmsdbd : kPacs;
    auto claimed = awaiter.Await((*ledger)->Claim(application, 1, "a", minutes(5)));
    auto begun = awaiter.Await((*ledger)->Begin({row}, minutes(5)));
    if (!claimed || !begun) ::_exit(6);
    said.sent[i] = true;
    auto done = awaiter.Await((*ledger)->Complete(row, std::nullopt));
    if (!done) ::_exit(7);
    said.delivered[i] = true;
  }
  ledger->reset();
  ::_exit(0);
}

// True: it died at its moment. No thread exists but this one.
bool RunChild(const std::string& directory, Said& said) {
  const pid_t child = ::fork();
  if (child == 0) Live(directory, said);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_TRUE(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == kDied) << WEXITSTATUS(status);
  return WEXITSTATUS(status) == kDied;
}

void Check(const std::string& directory, const Said& said) {
  Clock clock;
  Awaiter awaiter;
  auto ledger = SqliteLedger::Open({.directory = directory}, clock);
  ASSERT_TRUE(ledger) << ledger.error().detail;
  const SweepReport& sweep = (*ledger)->sweep();
  EXPECT_TRUE(sweep.rows_without_file.empty());
  EXPECT_TRUE(sweep.wrong_sizes.empty());
  const auto rows = awaiter.Await((*ledger)->ByUid(Uid("1.1"))).value();
  if (rows.empty()) {
    EXPECT_FALSE(said.accepted) << "acknowledged and lost";
    return;
  }
  ASSERT_EQ(rows.size(), 2u) << "half of it";
  bool needed = false;
  for (const HeldRow& held : rows) {
    const size_t i = held.row.instance.application == kVmsdbd ? 0 : 1;
    const bool delivered = held.row.state == State::kDelivered;
    needed |= !delivered;
    if (delivered) {
      EXPECT_TRUE(said.sent[i]);
    } else {
      EXPECT_FALSE(said.delivered[i]) << "it is sent twice";
    }
  }
  const std::string file = StorePaths{directory}.File("f1.dcm");
  EXPECT_EQ(std::filesystem::exists(file), needed);
  if (needed) {
    EXPECT_EQ(std::filesystem::file_size(file), std::string("of both").size());
  }
}

TEST(CopiesPower, BothRowsAreThereOrNoneAndTheFileAsLongAsOneNeedsIt) {
  void* shared =
      ::mmap(nullptr, sizeof(Said), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  std::set<FailPoint> died_at;
  int half_delivered = 0;
  for (const FailPoint at : kPoints) {
    for (const bool kept : {false, true}) {
      bool died = true;
      for (int count = 1; died; ++count) {
        SCOPED_TRACE(std::string(kFailPointNames[static_cast<size_t>(at)]) + ":" +
                     std::to_string(count) + (kept ? " keep" : ""));
        Said& said = *new (shared) Said;
        point = at;
        left = count;
        keep = kept;
        ScratchFolder folder;
        const std::string directory = folder.path() + "/store";
        std::filesystem::create_directories(directory + ".aside");
        died = RunChild(directory, said);
        if (died) died_at.insert(at);
        half_delivered += died && said.delivered[0] && !said.delivered[1] ? 1 : 0;
        Check(directory, said);
      }
    }
  }
  EXPECT_EQ(died_at.size(), kPoints.size());
  EXPECT_GT(half_delivered, 0);
  ::munmap(shared, sizeof(Said));
}

}  // namespace
}  // namespace router::store
