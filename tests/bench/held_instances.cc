#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "router/net/task.h"
#include "router/store/schema.h"
#include "router/store/steps.h"
#include "router/store/sweep.h"
#include "tests/unit/store/store_fixture.h"

// What it costs to hold much: the start, memory, one release, a thousand of them, with a few held
// and with many. The times of a thousand releases are compared in pairs, one after the other, so
// that whatever else the machine does falls on both.
//
//     held_instances [--held N] [--pairs N] [--assert-ratio R]
//     held_instances --fill DIRECTORY [--held N]
namespace router::store {
namespace {

constexpr int kFew = 1'000;
constexpr int kReleased = 1'000;
constexpr int kShared = 10;  // instances that wait for the same structure set

struct Options {
  int held = 100'000;
  int pairs = 7;
  double at_most = 0;  // the median ratio; 0: whatever it is
  std::string fill;    // only fills this directory, for whoever measures a whole start
};

double Seconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

template <class F>
double TimeOf(F work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return Seconds(std::chrono::steady_clock::now() - begin);
}

double MedianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double ResidentMegabytes() {
  std::ifstream status("/proc/self/statm");
  int64_t all = 0, resident = 0;
  status >> all >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

// Opening a store: how long it took, and what it added to what the process keeps in memory.
struct Start {
  double seconds = 0, megabytes = 0;
};

// What StartElsewhere runs.
int OpenAndTell(const std::string& directory) {
  TestClock clock;
  Start start{0, -ResidentMegabytes()};
  std::unique_ptr<SqliteLedger> ledger;
  start.seconds =
      TimeOf([&] { ledger = SqliteLedger::Open({.directory = directory}, clock).value(); });
  start.megabytes += ResidentMegabytes();
  fmt::print("{} {}\n", start.seconds, start.megabytes);
  return 0;
}

// As long as UIDs of planning systems are, and rising as those do.
std::string UidOf(const char* what, int i) {
  return fmt::format("1.2.246.352.71.{}.300017000001.20230401120000.{:07}", what, i);
}
std::string PlanOf(int i) { return UidOf("4", i); }
std::string ImageOf(int i) { return UidOf("2", i); }
std::string StructuresOf(int i) { return UidOf("3", i / kShared); }

Acceptance ArrivalOf(int i, SpoolFile file) {
  Acceptance arrival = Arrival(PlanOf(i), std::move(file),
                               {Needs(ImageOf(i)), Needs(StructuresOf(i), Kind::kStructureSet)});
  arrival.instance.kind = Kind::kPlan;
  arrival.instance.series = Uid(UidOf("5", i / kShared));
  return arrival;
}

constexpr const char* kContent = "content";

// One file under as many names; nobody reads them here.
void FillStore(const StorePaths& paths, int held, WallTime now) {
  std::filesystem::create_directories(paths.Spool());
  auto database = Database::Open(paths.Ledger(), Database::Access::kReadWrite).value();
  if (!PrepareLedger(*database, 0)) std::abort();
  database->Script("PRAGMA synchronous = OFF");
  std::string linked;
  for (int i = 0; i < held;) {
    Transaction tx(*database, now);
    database->Run("BEGIN");
    for (const int end = std::min(held, i + 5'000); i < end; ++i) {
      const std::string name = fmt::format("{:07}.dcm", i);
      if (i % 30'000 == 0) {
        linked = paths.File(name);
        std::ofstream(linked) << kContent;
      } else if (::link(linked.c_str(), paths.File(name).c_str()) != 0) {
        std::abort();
      }
      SpoolFile file{name, 7, 0, {}};
      steps::Accept(tx, ArrivalOf(i, std::move(file)));
    }
    tx.Close();
    database->Run("COMMIT");
    if (database->failed()) log::Fatal("not filled", {{"why", database->failure().detail}});
  }
}

// A store that holds so many instances, each waiting for an image of its own and a structure set
// that others wait for too.
class Subject {
 public:
  explicit Subject(int held) : next_(held) {
    FillStore(paths(), next_, now_);
    start_after_crash_ = StartElsewhere().seconds;
    const Start orderly = StartElsewhere();
    start_after_end_ = orderly.seconds;
    resident_ = orderly.megabytes;
    // From here on as after a crash: nothing is checked beside what is measured.
    auto database = Database::Open(paths().Ledger(), Database::Access::kReadWrite).value();
    if (!PrepareLedger(*database, 0)) std::abort();
    database.reset();
    Open();
  }

  double start_after_crash() const { return start_after_crash_; }
  double start_after_end() const { return start_after_end_; }
  double resident() const { return resident_; }
  double ledger_megabytes() const {
    return static_cast<double>(std::filesystem::file_size(paths().Ledger())) / 1e6;
  }

  // The oldest so many become known as complete, are claimed, sent and delivered.
  double Release(int count) {
    const int first = first_;
    first_ += count;
    return TimeOf([&] { awaiter_.Await(ReleaseAll(*ledger_, first, count, now_)); });
  }
  // As many come anew.
  void Refill(int count) {
    std::vector<Task<>> accepting;
    for (int i = next_; i < next_ + count; ++i) {
      SpoolFile file = WritePart(paths(), fmt::format("{:07}.dcm", i), kContent);
      accepting.push_back(Expect(ledger_->Accept(ArrivalOf(i, std::move(file)))));
    }
    next_ += count;
    awaiter_.Await(net::All(std::move(accepting)));
  }

 private:
  StorePaths paths() const { return {folder_.path()}; }

  template <class T>
  static Task<> Expect(Task<Result<T>> call) {
    Result<T> done = co_await call;
    if (!done) log::Fatal("the ledger did not do it", {{"why", done.error().detail}});
  }

  // In a process that has done nothing else; it ends in order.
  Start StartElsewhere() const {
    const std::string self = std::filesystem::read_symlink("/proc/self/exe");
    const std::string command = "'" + self + "' --open '" + folder_.path() + "'";
    FILE* answer = ::popen(command.c_str(), "r");
    Start start;
    if (!answer || std::fscanf(answer, "%lf %lf", &start.seconds, &start.megabytes) != 2 ||
        ::pclose(answer) != 0)
      log::Fatal("it does not open");
    return start;
  }
  void Open() {
    auto opened = SqliteLedger::Open({.directory = folder_.path()}, clock_);
    if (!opened) log::Fatal("it does not open", {{"why", opened.error().detail}});
    ledger_ = std::move(*opened);
  }

  static Task<> Exist(SqliteLedger& ledger, std::string uid, WallTime now) {
    std::vector<Uid> uids(1, Uid(uid));
    Knowledge known{How::kQuery, now + hours(24)};
    Task<> exists = Expect(ledger.Exists(kVmsdbd, std::move(uids), known));
    co_await exists;
  }
  static Task<> Deliver(SqliteLedger& ledger, RowId row) {
    std::vector<RowId> rows(1, row);
    Task<> begun = Expect(ledger.Begin(std::move(rows), minutes(5)));
    co_await begun;
    Task<> completed = Expect(ledger.Complete(row, std::nullopt));
    co_await completed;
  }
  static Task<> ReleaseAll(SqliteLedger& ledger, int first, int count, WallTime now) {
    std::vector<Task<>> known;
    for (int i = first; i < first + count; ++i) {
      known.push_back(Exist(ledger, ImageOf(i), now));
      if (i % kShared == 0 || count == 1) known.push_back(Exist(ledger, StructuresOf(i), now));
    }
    Task<> all = net::All(std::move(known));
    co_await all;
    for (int left = count; left > 0;) {
      Task<Result<std::vector<Row>>> claim = ledger.Claim(kVmsdbd, 100, "bench", minutes(5));
      Result<std::vector<Row>> rows = co_await claim;
      if (!rows || rows->empty()) log::Fatal("not all that was released is ready");
      std::vector<Task<>> deliveries;
      for (const Row& row : *rows) deliveries.push_back(Deliver(ledger, row.id));
      Task<> delivered = net::All(std::move(deliveries));
      co_await delivered;
      left -= static_cast<int>(rows->size());
    }
  }

  const WallTime now_ = TestClock::FromStart(0);
  TestClock clock_;
  ScratchFolder folder_;
  Awaiter awaiter_;
  int first_ = 0, next_;  // of those that are held; behind the last
  double start_after_crash_ = 0, start_after_end_ = 0, resident_ = 0;
  std::unique_ptr<SqliteLedger> ledger_;
};

void Print(const char* what, const char* unit, double few, double many) {
  fmt::print("{:<34} {:>12.2f} {:>12.2f} {}\n", what, few, many, unit);
}

int Measure(const Options& options) {
  Subject few(kFew), many(options.held);
  std::vector<double> of_few, of_many, ratios;
  for (int pair = -1; pair < options.pairs; ++pair) {  // the first warms up
    const double one = few.Release(kReleased), other = many.Release(kReleased);
    few.Refill(kReleased);
    many.Refill(kReleased);
    if (pair < 0) continue;
    of_few.push_back(one);
    of_many.push_back(other);
    ratios.push_back(other / one);
  }
  std::vector<double> single_few, single_many;
  for (int i = 0; i < 3 * kShared; ++i) {
    single_few.push_back(few.Release(1));
    single_many.push_back(many.Release(1));
  }
  fmt::print("{:<34} {:>12} {:>12}\n", "held instances", kFew, options.held);
  Print("start after an orderly end", "s", few.start_after_end(), many.start_after_end());
  Print("start after a crash", "s", few.start_after_crash(), many.start_after_crash());
  Print("memory added by the start", "MB", few.resident(), many.resident());
  Print("ledger on disk", "MB", few.ledger_megabytes(), many.ledger_megabytes());
  Print("one released and delivered", "ms", 1e3 * MedianOf(single_few),
        1e3 * MedianOf(single_many));
  Print("1,000 released and delivered", "s", MedianOf(of_few), MedianOf(of_many));
  const double ratio = MedianOf(ratios);
  fmt::print("median ratio of {} pairs: {:.3f}\n", options.pairs, ratio);
  if (options.at_most == 0 || ratio <= options.at_most) return 0;
  fmt::print("releasing costs what is held: more than {} times as much\n", options.at_most);
  return 1;
}

}  // namespace
}  // namespace router::store

int main(int argc, char** argv) {
  router::store::Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--open") return router::store::OpenAndTell(argv[i + 1]);
    if (name == "--held") options.held = std::atoi(argv[i + 1]);
    if (name == "--pairs") options.pairs = std::max(1, std::atoi(argv[i + 1]));
    if (name == "--fill") options.fill = argv[i + 1];
    if (name == "--assert-ratio") options.at_most = std::atof(argv[i + 1]);
  }
  if (options.fill.empty()) return router::store::Measure(options);
  router::store::FillStore({options.fill}, options.held, std::chrono::system_clock::now());
  return 0;
}
