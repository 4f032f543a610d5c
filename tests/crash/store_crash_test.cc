#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "router/store/sqlite_ledger.h"
#include "tests/unit/store/store_fixture.h"

// What was acknowledged is there after kill -9, wherever it strikes: with its file, whole, in one
// of the states that the design allows.
namespace router::store {
namespace {

constexpr int kKills = 110;

// What the process said of one row before it died, over all its lives.
struct Told {
  std::string file, sha256;
  bool may_be_delivered = false;
  bool must_not_wait = false;
  bool sending = false;  // and nothing after it
};

class StoreCrashTest : public ::testing::Test {
 protected:
  // Runs the writer until it has said `lines` lines, kills it, and returns all that it said.
  std::vector<std::string> RunAndKill(uint64_t seed, int lines) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string seed_text = std::to_string(seed);
    std::string directory = folder_.path(), program = SLUICE_STORE_WRITER;
    char* argv[] = {program.data(), directory.data(), seed_text.data(), nullptr};
    pid_t child = 0;
    EXPECT_EQ(::posix_spawn(&child, program.c_str(), &actions, nullptr, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);

    std::string said;
    char block[4096];
    bool killed = false;
    for (;;) {
      if (!killed && std::count(said.begin(), said.end(), '\n') >= lines) {
        ::kill(child, SIGKILL);
        killed = true;
      }
      ssize_t got = ::read(ends[0], block, sizeof block);
      if (got <= 0) break;
      said.append(block, static_cast<size_t>(got));
    }
    ::close(ends[0]);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        << "the writer ended by itself: "
        << said.substr(said.size() - std::min<size_t>(said.size(), 200));
    std::vector<std::string> all;
    std::istringstream in(said);
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }

  void Note(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      std::istringstream in(line);
      std::string what;
      RowId row = 0;
      in >> what >> row;
      if (what == "ready") continue;
      Told& told = told_[row];
      touched_.insert(row);
      if (what == "accepted") in >> told.file >> told.sha256;
      if (what == "exists") told.must_not_wait = true;
      if (what == "completing") told.may_be_delivered = true;
      told.sending = what == "sending" || (what == "exists" && told.sending);
    }
  }

  std::string HashOf(const std::string& path, uint64_t from) {
    std::ifstream file(path, std::ios::binary);
    file.seekg(static_cast<std::streamoff>(from));
    std::string content{std::istreambuf_iterator<char>(file), {}};
    return dataset::Hex(dataset::Sha256::Of(AsBytes(content)));
  }

  void CheckRow(SqliteLedger& ledger, RowId id, const Told& told) {
    Result<Row> row = awaiter_.Await(ledger.Find(id));
    ASSERT_TRUE(row) << "row " << id << " was acknowledged and is lost";
    ASSERT_NE(row->state, State::kSending);
    if (row->state == State::kDelivered) {
      ++delivered_;
      ASSERT_TRUE(told.may_be_delivered) << "row " << id;
      return;
    }
    ASSERT_TRUE(row->state == State::kWaiting || row->state == State::kReady ||
                row->state == State::kVerifying);
    bool overslept = told.must_not_wait && row->state == State::kWaiting;
    ASSERT_FALSE(overslept) << "a lost wake-up: row " << id;
    if (told.sending) {
      ++were_sending_;
      ASSERT_EQ(row->state, State::kVerifying) << "row " << id;
    }
    if (told.file.empty()) return;  // accepted, killed before it could say so, claimed later
    ASSERT_EQ(row->file.name, told.file);
    ASSERT_EQ(dataset::Hex(row->file.sha256), told.sha256);
    StorePaths paths{folder_.path()};
    ASSERT_EQ(HashOf(paths.File(told.file), row->file.dataset_offset), told.sha256);
  }

  ScratchFolder folder_;
  Awaiter awaiter_;
  Clock clock_;
  std::map<RowId, Told> told_;
  std::set<RowId> touched_;  // since the last check
  int delivered_ = 0, were_sending_ = 0;
};

TEST_F(StoreCrashTest, WhatWasAcknowledgedSurvivesKillingAtAnyPoint) {
  std::mt19937_64 random(20'240'601);
  int unknown = 0, parts = 0;
  for (int kill = 1; kill <= kKills; ++kill) {
    // From before it is ready to well into its work; the process goes on while the signal comes.
    int lines = static_cast<int>(random() % 60);
    Note(RunAndKill(static_cast<uint64_t>(kill), lines));
    Result<std::unique_ptr<SqliteLedger>> ledger =
        SqliteLedger::Open({.directory = folder_.path()}, clock_);
    ASSERT_TRUE(ledger) << ledger.error().detail;
    const SweepReport& sweep = (*ledger)->sweep();
    ASSERT_TRUE(sweep.rows_without_file.empty());
    ASSERT_TRUE(sweep.wrong_sizes.empty());
    std::set<std::string> litter(sweep.files_without_row.begin(), sweep.files_without_row.end());
    unknown += sweep.outcomes_unknown;
    parts += sweep.parts_removed;
    // All of them at the end: what is lost stays lost.
    bool last = kill == kKills;
    for (const auto& [id, told] : told_) {
      ASSERT_FALSE(litter.contains(told.file));
      if (!last && !touched_.contains(id)) continue;
      ASSERT_NO_FATAL_FAILURE(CheckRow(**ledger, id, told));
    }
    touched_.clear();
    // What lies there for good need not be looked at each time again.
    for (const std::string& name : litter)
      std::filesystem::remove(StorePaths{folder_.path()}.File(name));
  }
  // The test saw what it is about.
  EXPECT_GT(told_.size(), 1000u);
  EXPECT_GT(delivered_, 0);
  EXPECT_GT(were_sending_, 0);
  EXPECT_GT(unknown, 0);
  EXPECT_GT(parts, 0);
}

}  // namespace
}  // namespace router::store
