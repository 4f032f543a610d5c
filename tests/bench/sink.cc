#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/bench/requestor.h"

// The sink: takes every association, counts and throws away what is stored to it, answers C-ECHO,
// C-FIND (so many matches) and C-MOVE (so many sub-operations, one after another, on one
// association to the destination). A line on its input is a question: `report`, `reset`; it ends
// with its input.
namespace bench {
namespace {

struct Counters {
  std::atomic<uint64_t> instances = 0, bytes = 0, associations = 0, echoes = 0, finds = 0,
                        moves = 0, aborted = 0;
  std::atomic<double> first = 0, last = 0;
};

struct Options {
  uint16_t port = 0;
  int threads = 1;
  uint32_t max_pdu = 1 << 17;
  int matches = 0;
  Bytes match;
  int moved = 0;
  std::unique_ptr<Instance> instance;
  std::map<std::string, uint16_t> destinations;
  std::string own_title = "SINK";
};

Bytes Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

// One association of a peer.
class Acceptor : public Connection {
 public:
  Acceptor(Reactor& reactor, int fd, const Options& options, Counters& counters,
           std::function<void()> done)
      : Connection(reactor, fd, false),
        options_(options),
        counters_(counters),
        done_(std::move(done)) {}

 private:
  void OnPdu(PduType type, View body) override {
    if (type == kAssociateRq) {
      ++counters_.associations;
      calling_.assign(body.begin() + 20, body.begin() + 36);
      calling_.resize(calling_.find_last_not_of(' ') + 1);
      return Send(AssociateAccept(body, options_.max_pdu));
    }
    if (type == kReleaseRq) return Send(Release(kReleaseRp));
    ++counters_.aborted;
    Close();
    OnClosed();
  }
  void OnClosed() override {
    if (move_) move_->Close();
    reactor().Defer(done_);
  }

  void OnMessage(uint8_t context, const Command& request, uint64_t size) override {
    switch (request.field) {
      case kStore:
        return AnswerStore(context, request, size);
      case kEcho:
        ++counters_.echoes;
        return Send(ResponseTo(request, 0).Pdu(context));
      case kFind:
        ++counters_.finds;
        return AnswerFind(context, request);
      case kMove:
        ++counters_.moves;
        return BeginMove(context, request);
      default:
        return;
    }
  }

  static CommandSet ResponseTo(const Command& request, uint16_t status, bool data_set = false) {
    CommandSet response;
    response.Text(0x0002, request.sop_class);
    response.Short(0x0100, static_cast<uint16_t>(request.field | kResponse));
    response.Short(0x0120, request.message_id).Short(0x0800, data_set ? 1 : kNoDataSet);
    response.Short(0x0900, status);
    return response;
  }

  void AnswerStore(uint8_t context, const Command& request, uint64_t size) {
    const double now = Now();
    double none = 0;
    counters_.first.compare_exchange_strong(none, now);
    counters_.last = now;
    counters_.bytes += size;
    ++counters_.instances;
    Send(ResponseTo(request, 0).Text(0x1000, request.sop_instance).Pdu(context));
  }

  // All that is to be said to a message ID is encoded once.
  void AnswerFind(uint8_t context, const Command& request) {
    if (!answers_ || answered_ != request.message_id) {
      Bytes all;
      for (int i = 0; i < options_.matches; ++i) {
        const Bytes pending = ResponseTo(request, kPending, true).Pdu(context);
        all.insert(all.end(), pending.begin(), pending.end());
        AppendPdvHeaders(all, context, kLastPdv, options_.match.size());
        all.insert(all.end(), options_.match.begin(), options_.match.end());
      }
      const Bytes final = ResponseTo(request, 0).Pdu(context);
      all.insert(all.end(), final.begin(), final.end());
      answers_ = std::make_shared<const Bytes>(std::move(all));
      answered_ = request.message_id;
    }
    Send(std::vector<Segment>{{answers_->data(), answers_->size(), answers_}});
  }

  void BeginMove(uint8_t context, const Command& request) {
    const auto destination = options_.destinations.find(request.move_destination);
    if (destination == options_.destinations.end() || !options_.instance)
      return Send(ResponseTo(request, 0xa801).Pdu(context));
    plan_.work = Work::kStore;
    plan_.port = destination->second;
    plan_.called = request.move_destination;
    plan_.calling = options_.own_title;
    plan_.sop_class = options_.instance->sop_class();
    plan_.max_pdu = options_.max_pdu;
    plan_.instance = options_.instance.get();
    plan_.originator = {calling_, request.message_id};
    plan_.deadline = 0;
    plan_.left = options_.moved;
    plan_.next = 0;
    tally_ = {};
    move_ = std::make_unique<Requestor>(reactor(), plan_, tally_,
                                        [this, context, request] { EndMove(context, request); });
  }
  void EndMove(uint8_t context, const Command& request) {
    if (!open()) return;
    const auto done = static_cast<uint16_t>(tally_.messages);
    const auto failed = static_cast<uint16_t>(options_.moved - done);
    CommandSet response = ResponseTo(request, failed == 0 ? 0 : 0xb000);
    response.Short(0x1021, done).Short(0x1022, failed).Short(0x1023, 0);
    Send(response.Pdu(context));
  }

  const Options& options_;
  Counters& counters_;
  std::function<void()> done_;
  std::string calling_;
  std::shared_ptr<const Bytes> answers_;
  uint16_t answered_ = 0;
  Plan plan_;
  Tally tally_;
  std::unique_ptr<Requestor> move_;
};

void Serve(const Options& options, Counters& counters, int listener) {
  Reactor reactor;
  std::map<int, std::unique_ptr<Acceptor>> acceptors;
  reactor.Watch(listener, [&] {
    for (int fd; (fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
      SetNoDelay(fd);
      static std::atomic<int> number = 0;
      const int key = number++;
      acceptors[key] = std::make_unique<Acceptor>(reactor, fd, options, counters,
                                                  [&acceptors, key] { acceptors.erase(key); });
    }
  });
  reactor.Run();
}

void Answer(Counters& counters, const std::string& question) {
  const nlohmann::json report = {{"instances", counters.instances.load()},
                                 {"bytes", counters.bytes.load()},
                                 {"associations", counters.associations.load()},
                                 {"echoes", counters.echoes.load()},
                                 {"finds", counters.finds.load()},
                                 {"moves", counters.moves.load()},
                                 {"aborted", counters.aborted.load()},
                                 {"first", counters.first.load()},
                                 {"last", counters.last.load()}};
  if (question == "reset") {
    for (auto* one : {&counters.instances, &counters.bytes, &counters.associations,
                      &counters.echoes, &counters.finds, &counters.moves, &counters.aborted})
      *one = 0;
    counters.first = counters.last = 0;
  }
  std::cout << report.dump() << std::endl;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  bench::Options options;
  std::string match, head, sop_class;
  uint64_t pixels = 0;
  std::vector<std::string> destinations;
  CLI::App app("A DICOM application that counts what it is given and forgets it");
  app.add_option("--port", options.port)->required();
  app.add_option("--threads", options.threads)->check(CLI::PositiveNumber);
  app.add_option("--pdu", options.max_pdu, "bytes; the longest PDU taken and sent");
  app.add_option("--matches", options.matches, "of each C-FIND");
  app.add_option("--match", match, "file: the identifier of a match");
  app.add_option("--moved", options.moved, "instances of each C-MOVE");
  app.add_option("--head", head, "what a C-MOVE sends: the data set without pixels");
  app.add_option("--pixels", pixels);
  app.add_option("--sop-class", sop_class);
  app.add_option("--destination", destinations, "AET=PORT: where C-MOVEs may go");
  app.add_option("--own-title", options.own_title, "calling AE title of sub-operations");
  CLI11_PARSE(app, argc, argv);
  if (!match.empty()) options.match = bench::Contents(match);
  if (!head.empty())
    options.instance = std::make_unique<bench::Instance>(sop_class, bench::Contents(head), pixels);
  for (const std::string& one : destinations) {
    const size_t at = one.find('=');
    options.destinations[one.substr(0, at)] =
        static_cast<uint16_t>(std::atoi(one.c_str() + at + 1));
  }
  rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  bench::Counters counters;
  for (int i = 0; i < options.threads; ++i) {
    const int listener = bench::Listen(options.port);
    std::thread([&, listener] { bench::Serve(options, counters, listener); }).detach();
  }
  std::cout << "{\"ready\": true}" << std::endl;
  for (std::string question; std::getline(std::cin, question);) bench::Answer(counters, question);
  std::_Exit(0);  // what the threads use is left as it is
}
