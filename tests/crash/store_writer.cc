// A small process that keeps the ledger and the spool busy until it is killed. What was
// acknowledged, and what is about to be given up, it says on standard output, a line each:
//
//   ready                       the store is open
//   accepted ROW FILE SHA256    Accept has returned
//   sending ROW                 Begin has returned
//   exists ROW                  Exists has returned: what the row waited for is there
//   completing ROW              Complete is about to be called
//   failing ROW                 Fail is about to be called
//
// Usage: store_writer DIRECTORY SEED
#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <random>

#include "router/net/loop.h"
#include "router/net/pool.h"
#include "router/store/spool.h"
#include "router/store/sqlite_ledger.h"

namespace {

using namespace router;         // NOLINT: a program of its own
using namespace router::store;  // NOLINT

void Say(const std::string& line) {
  std::string text = line + "\n";
  if (::write(STDOUT_FILENO, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    std::_Exit(3);
}

struct World {
  Spool& spool;
  SqliteLedger& ledger;
  std::mt19937_64 random;
  uint64_t run;
  uint64_t next = 0;

  uint64_t Random(uint64_t below) { return random() % below; }
};

Acceptance Describe(const std::string& uid, SpoolFile file) {
  Acceptance arrival;
  arrival.instance.sop_instance = Uid(uid);
  arrival.instance.application = "VMSDBD";
  arrival.instance.series = Uid("7." + uid.substr(uid.size() - 1));
  arrival.file = std::move(file);
  return arrival;
}

Task<RowId> AcceptOne(World& world, bool waits) {
  std::string uid = fmt::format("1.{}.{}", world.run, ++world.next);
  Task<Result<std::unique_ptr<SpoolWriter>>> opening = world.spool.Write(Buffer(132));
  Result<std::unique_ptr<SpoolWriter>> writer = co_await opening;
  if (!writer) log::Fatal("no writer", {{"why", writer.error().detail}});
  for (uint64_t left = world.Random(4); left > 0; --left) {
    Buffer bytes(world.Random(20'000), static_cast<std::byte>(world.Random(256)));
    Task<Result<>> append = (*writer)->Append(std::move(bytes));
    Result<> appended = co_await append;
    if (!appended) log::Fatal("no append", {{"why", appended.error().detail}});
  }
  Task<Result<SpoolFile>> finishing = (*writer)->Finish();
  Result<SpoolFile> file = co_await finishing;
  if (!file) log::Fatal("no file", {{"why", file.error().detail}});
  Acceptance arrival = Describe(uid, *file);
  if (waits) {
    arrival.requirements.resize(1);
    arrival.requirements[0].uid = Uid("9." + uid);
  }
  Task<Result<Accepted>> accepting = world.ledger.Accept(std::move(arrival));
  Result<Accepted> accepted = co_await accepting;
  if (!accepted) log::Fatal("not accepted", {{"why", accepted.error().detail}});
  Say(fmt::format("accepted {} {} {}", accepted->row, file->name, dataset::Hex(file->sha256)));
  if (!waits || world.Random(2) == 0) co_return accepted->row;
  std::vector<Uid> now_there(1, Uid("9." + uid));
  Knowledge known{How::kQuery, WallTime::max()};
  Task<Result<std::vector<ReadyRow>>> existing =
      world.ledger.Exists("VMSDBD", std::move(now_there), known);
  Result<std::vector<ReadyRow>> ready = co_await existing;
  if (ready) Say(fmt::format("exists {}", accepted->row));
  co_return accepted->row;
}

// Ends the row's attempt one way or the other, or leaves it as it is.
Task<> Decide(World& world, RowId row) {
  uint64_t fate = world.Random(3);
  if (fate == 0) {
    Say(fmt::format("completing {}", row));
    Task<Result<std::vector<ReadyRow>>> call = world.ledger.Complete(row, std::nullopt);
    (void)co_await call;
  } else if (fate == 1) {
    Say(fmt::format("failing {}", row));
    Task<Result<>> call = world.ledger.Fail(row, {Cause::kRetry, ""}, WallTime());
    (void)co_await call;
  }
}

Task<> SendSome(World& world, std::string owner) {
  Task<Result<std::vector<Row>>> claiming =
      world.ledger.Claim("VMSDBD", 3, std::move(owner), std::chrono::hours(1));
  Result<std::vector<Row>> rows = co_await claiming;
  if (!rows) co_return;
  for (const Row& row : *rows) {
    std::vector<RowId> one(1, row.id);
    Task<Result<Row>> beginning = world.ledger.Begin(std::move(one), std::chrono::hours(1));
    Result<Row> begun = co_await beginning;
    if (!begun) log::Fatal("not begun", {{"why", begun.error().detail}});
    Say(fmt::format("sending {}", row.id));
    Task<> deciding = Decide(world, row.id);
    co_await deciding;
  }
}

// What our predecessor left: else it would hold its series back for ever.
Task<> Verify(World& world) {
  Task<Result<std::vector<Row>>> asking = world.ledger.Unverified("VMSDBD", 1000);
  Result<std::vector<Row>> rows = co_await asking;
  if (!rows) co_return;
  for (const Row& row : *rows) {
    Task<> deciding = Decide(world, row.id);
    co_await deciding;
  }
}

Task<> Work(World& world, int worker) {
  for (;;) {
    Task<RowId> accepting = AcceptOne(world, world.Random(3) == 0);
    (void)co_await accepting;
    if (world.Random(4) == 0) {
      Task<> sending = SendSome(world, fmt::format("worker {}", worker));
      co_await sending;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  Clock clock;
  auto ledger = SqliteLedger::Open({.directory = argv[1]}, clock);
  if (!ledger) log::Fatal("no ledger", {{"why", ledger.error().detail}});
  net::WorkPool pool("disk", 4);
  auto spool = Spool::Open({.directory = argv[1], .free_floor = 0}, pool);
  if (!spool) log::Fatal("no spool", {{"why", spool.error().detail}});
  uint64_t seed = std::strtoull(argv[2], nullptr, 10);
  World world{**spool, **ledger, std::mt19937_64(seed), seed};
  Say("ready");
  net::Loop loop;
  loop.PostSpawn([&world]() { return Verify(world); });
  for (int worker = 0; worker < 8; ++worker)
    loop.PostSpawn([&world, worker]() { return Work(world, worker); });
  loop.RunUntilIdle();
}
