#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <list>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/bench/requestor.h"

// The load generator: so many associations, each with one message at a time, until the deadline
// or until all messages are answered. It prints one line of JSON. With --work idle it prints a
// line once all associations stand, and releases them when its input ends.
namespace bench {
namespace {

struct Options {
  Plan plan;
  std::string head;
  uint64_t pixels = 0;
  int associations = 1, threads = 1;
};

Bytes Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

constexpr uint64_t kAtOnce = 32;  // calls that are not answered yet, of --work idle

// The associations of one thread.
class Share {
 public:
  Share(Plan& plan, int associations) : plan_(plan), associations_(associations) {}

  void Run() {
    if (plan_.work == Work::kIdle) return RunIdle();
    for (int i = 0; i < associations_; ++i) Open();
    reactor_.Run();
  }
  const Tally& tally() const { return tally_; }

 private:
  using Place = std::list<std::unique_ptr<Requestor>>::iterator;

  void Open() {
    if (plan_.work == Work::kAssociate && !plan_.Take(tally_.messages == 0)) return Ended();
    ++running_;
    const Place place = requestors_.emplace(requestors_.end());
    *place = std::make_unique<Requestor>(reactor_, plan_, tally_, [this, place] {
      requestors_.erase(place);
      --running_;
      if (plan_.work == Work::kAssociate) return Open();
      Ended();
    });
  }
  void Ended() {
    if (running_ == 0 && !standing_) reactor_.Stop();
  }
  // A few at a time: not every peer takes a thousand calls at once. Beside the associations, only
  // the end of the input matters.
  void RunIdle() {
    standing_ = true;
    const double until = Now() + 600;
    const auto wanted = static_cast<uint64_t>(associations_);
    for (uint64_t begun = 0, known = 0; known < wanted && Now() < until;) {
      for (; begun < wanted && begun - known < kAtOnce; ++begun) Open();
      reactor_.Run(Now() + 0.002);
      known = tally_.associations + tally_.lost;
    }
    std::printf("{\"idle\": %lu}\n", tally_.associations);
    std::fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    standing_ = false;
    for (const auto& one : requestors_) one->Finish();
    if (running_ > 0) reactor_.Run(Now() + 60);
  }

  Plan& plan_;
  int associations_, running_ = 0;
  bool standing_ = false;  // idle associations: their end is not the end
  Reactor reactor_;
  Tally tally_;
  std::list<std::unique_ptr<Requestor>> requestors_;
};

double Quantile(std::vector<float>& sorted, double q) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<size_t>(q * static_cast<double>(sorted.size() - 1))];
}

void Print(Tally tally) {
  std::sort(tally.seconds.begin(), tally.seconds.end());
  const nlohmann::json report = {{"messages", tally.messages},
                                 {"bytes", tally.bytes},
                                 {"failed", tally.failed},
                                 {"refused", tally.refused},
                                 {"lost", tally.lost},
                                 {"pending", tally.pending},
                                 {"completed", tally.completed},
                                 {"associations", tally.associations},
                                 {"first", tally.first},
                                 {"last", tally.last},
                                 {"p50", Quantile(tally.seconds, 0.5)},
                                 {"p99", Quantile(tally.seconds, 0.99)}};
  std::printf("%s\n", report.dump().c_str());
}

int Run(Options& options) {
  Plan& plan = options.plan;
  std::unique_ptr<Instance> instance;
  if (plan.work == Work::kStore) {
    instance = std::make_unique<Instance>(plan.sop_class, Contents(options.head), options.pixels);
    plan.instance = instance.get();
  }
  std::vector<std::unique_ptr<Share>> shares;
  for (int i = 0; i < options.threads; ++i) {
    const int more = i < options.associations % options.threads ? 1 : 0;
    shares.push_back(std::make_unique<Share>(plan, options.associations / options.threads + more));
  }
  std::vector<std::thread> threads;
  for (size_t i = 1; i < shares.size(); ++i) threads.emplace_back([&, i] { shares[i]->Run(); });
  shares[0]->Run();
  for (std::thread& thread : threads) thread.join();
  Tally all;
  for (const auto& share : shares) all.Add(share->tally());
  Print(std::move(all));
  return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  bench::Options options;
  bench::Plan& plan = options.plan;
  int64_t messages = int64_t{1} << 60;
  uint64_t first = 0;
  std::string identifier;
  const std::map<std::string, bench::Work> works = {
      {"store", bench::Work::kStore},         {"echo", bench::Work::kEcho},
      {"find", bench::Work::kFind},           {"move", bench::Work::kMove},
      {"associate", bench::Work::kAssociate}, {"idle", bench::Work::kIdle}};
  CLI::App app("Load of a known shape for a DICOM application on this machine");
  app.add_option("--work", plan.work)->required()->transform(CLI::CheckedTransformer(works));
  app.add_option("--port", plan.port)->required();
  app.add_option("--sop-class", plan.sop_class)->required();
  app.add_option("--called", plan.called);
  app.add_option("--calling", plan.calling);
  app.add_option("--pdu", plan.max_pdu, "bytes; the longest PDU sent and taken");
  app.add_option("--associations", options.associations, "at once");
  app.add_option("--threads", options.threads)->check(CLI::PositiveNumber);
  app.add_option("--messages", messages, "of all associations together");
  app.add_option("--seconds", plan.seconds, "after which no message is begun");
  app.add_option("--head", options.head, "the data set without pixels, Explicit VR Little Endian");
  app.add_option("--pixels", options.pixels, "bytes of Pixel Data to add");
  app.add_option("--first", first, "the first SOP Instance UID's number");
  app.add_option("--identifier", identifier, "file: of C-FIND and C-MOVE");
  app.add_option("--destination", plan.move_destination, "of C-MOVE");
  CLI11_PARSE(app, argc, argv);
  plan.left = messages;
  plan.next = first;
  if (!identifier.empty()) plan.identifier = bench::Contents(identifier);
  rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  return bench::Run(options);
}
