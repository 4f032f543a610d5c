#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "router/association/association.h"
#include "router/dataset/identifier.h"
#include "router/dimse/messages.h"
#include "router/dimse/sop_classes.h"
#include "router/net/acceptor.h"
#include "router/net/signal.h"

// An application for tests of hold and delivery: takes C-STOREs, answers C-FINDs by what it has,
// and does whatever a test tells it to do wrong. On the loop of the test.
namespace router::testing {

using net::Task;

struct KnownInstance {
  Uid instance, series, study;
  std::string modality = "CT";
  std::string frame = {};  // of reference; told in answers at SERIES level if there is one
  auto operator<=>(const KnownInstance&) const = default;
};

class ApplicationStandIn {
 public:
  // What to do with one C-STORE-RQ.
  struct Reply {
    uint16_t status = 0;
    std::string comment = {};
    bool keep = true;          // it exists there afterwards (if the status says so)
    bool abort = false;        // after it was received: the answer is lost
    bool close_early = false;  // after the command: the data set is not received whole
  };
  struct StoredInstance {
    Uid instance, sop_class, transfer_syntax;
    std::string calling;
    int association = 0;
    size_t bytes = 0;
  };

  explicit ApplicationStandIn(net::Loop& loop) : loop_(loop), changed_(loop) {}

  void Listen() {
    auto acceptor =
        net::Acceptor::Listen(loop_, "127.0.0.1", port_, [this](int socket) { Accept(socket); });
    if (!acceptor) log::Fatal("the stand-in cannot listen", {{"reason", acceptor.error().detail}});
    acceptor_ = std::move(*acceptor);
    port_ = acceptor_->port();
  }
  // Nobody answers any more at the port; associations that are open go on.
  Task<> StopListening() {
    if (!acceptor_) co_return;
    co_await acceptor_->Close();
    acceptor_.reset();
  }
  Task<> Close() {
    co_await StopListening();
    while (open_ > 0) co_await changed_.Wait();
  }
  uint16_t port() const { return port_; }

  // ---- what it does
  std::function<Reply(const StoredInstance&)> on_store;
  std::function<ul::ContextAnswer(const ul::ProposedContext&)> choose;
  std::function<uint16_t(const dataset::Identifier&)> refuse_find;  // a status; 0: answer
  bool reject = false;
  int abort_finds = 0;               // so many C-FINDs are answered by an A-ABORT
  bool blind_to_relational = false;  // finds nothing without all keys, and calls it a success
  bool ignores_keys = false;         // answers every C-FIND with all that it has
  bool silent = false;               // takes C-STOREs and C-FINDs and never answers
  std::set<KnownInstance> has;

  // ---- what it saw
  std::vector<StoredInstance> stored;  // every C-STORE-RQ that was answered, in order
  std::vector<std::string> finds;      // "IMAGE 1.2.3", keys in the order level, instance, series
  int associations = 0, echoes = 0;
  int open() const { return open_; }

  bool Has(const Uid& uid) const {
    for (const KnownInstance& one : has) {
      if (one.instance == uid) return true;
    }
    return false;
  }
  std::vector<std::string> StoredUids() const {
    std::vector<std::string> uids;
    for (const StoredInstance& one : stored) uids.push_back(one.instance.str());
    return uids;
  }

 private:
  void Accept(int socket) {
    auto stream = net::Stream::Adopt(loop_, socket, net::Milliseconds(5'000));
    if (stream) loop_.Spawn(Serve(std::move(*stream)));
  }

  Task<> Serve(std::unique_ptr<net::Stream> stream) {
    ++open_;
    const int number = ++associations;
    {
      association::Association peer(std::move(stream), association::Timers(), 64 * 1024);
      co_await Talk(peer, number);
      co_await peer.End();
    }
    --open_;
    changed_.Notify();
  }

  Task<> Talk(association::Association& peer, int number) {
    auto rq = co_await peer.ReceiveRequest();
    if (!rq) co_return;
    if (reject) {
      co_await peer.Reject({2, 3, 2});
      co_return;
    }
    ul::TerminateTerms terms;
    terms.max_length = 64 * 1024;
    terms.choose = [this](const ul::ProposedContext& context) {
      return choose ? choose(context)
                    : ul::ContextAnswer::Accept(context.transfer_syntaxes.front());
    };
    ul::AssociateAc ac = ul::TerminateAccept(*rq, terms);
    const std::vector<ul::AcceptedContext> agreed = ul::Agreed(*rq, ac);
    auto accepted = co_await peer.Accept(std::move(ac));
    if (!accepted) co_return;
    const std::string calling = rq->calling.title().str();
    for (bool more = true; more;) more = co_await Answer(peer, agreed, calling, number);
  }

  Task<bool> Answer(association::Association& peer, std::vector<ul::AcceptedContext> agreed,
                    std::string calling, int number) {
    auto incoming = co_await peer.Receive(net::Milliseconds(30'000));
    if (!incoming) co_return false;
    if (incoming->kind == association::Incoming::Kind::kReleaseRequest) {
      auto released = co_await peer.ConfirmRelease();
      (void)released;
      co_return false;
    }
    if (incoming->kind != association::Incoming::Kind::kCommand) co_return false;
    const dimse::CommandSet command = peer.command();
    const ul::ContextId id = incoming->context;
    StoredInstance instance{command.affected_sop_instance(),
                            command.affected_sop_class(),
                            SyntaxOf(agreed, id),
                            std::move(calling),
                            number,
                            0};
    const bool is_store = command.command() == dimse::Command::kCStoreRq;
    Reply reply;
    if (is_store && on_store) reply = on_store(instance);
    if (reply.close_early) co_return false;
    Buffer data_set;
    while (!incoming->last) {
      incoming = co_await peer.Receive(net::Milliseconds(30'000));
      if (!incoming) co_return false;
      if (incoming->kind == association::Incoming::Kind::kData) {
        data_set.insert(data_set.end(), incoming->bytes.begin(), incoming->bytes.end());
      }
    }
    instance.bytes = data_set.size();
    switch (command.command()) {
      case dimse::Command::kCEchoRq:
        ++echoes;
        co_return co_await Say(peer, id, dimse::CEchoRsp(command), {});
      case dimse::Command::kCFindRq:
        co_return co_await AnswerFind(peer, id, command, std::move(data_set),
                                      instance.transfer_syntax);
      case dimse::Command::kCStoreRq:
        break;
      default:
        co_return false;
    }
    const bool is_good = reply.status == 0 || (reply.status & 0xF000) == 0xB000;
    if (is_good && reply.keep) has.insert({instance.instance, {}, {}, ""});
    stored.push_back(instance);
    changed_.Notify();
    if (silent) co_return true;
    if (reply.abort) {
      co_await peer.Abort();
      co_return false;
    }
    co_return co_await Say(peer, id, dimse::CStoreRsp(command, reply.status, reply.comment), {});
  }

  static Task<bool> Say(association::Association& peer, ul::ContextId id,
                        dimse::CommandSet response, Buffer data_set) {
    auto sent = co_await peer.Send(id, std::move(response), std::move(data_set));
    co_return sent.has_value();
  }

  Task<bool> AnswerFind(association::Association& peer, ul::ContextId id, dimse::CommandSet rq,
                        Buffer bytes, Uid syntax) {
    auto keys = dataset::Identifier::Decode(bytes, syntax);
    if (!keys || (abort_finds > 0 && abort_finds-- > 0)) {
      co_await peer.Abort();
      co_return false;
    }
    const std::string level = keys->Text(0x00080052).value_or("");
    const Uid instance = keys->UidOf(0x00080018), series = keys->UidOf(0x0020000E),
              study = keys->UidOf(0x0020000D);
    finds.push_back(level + " i=" + instance.str() + " s=" + series.str() + " st=" + study.str());
    changed_.Notify();
    if (silent) co_return true;
    const uint16_t refused = refuse_find ? refuse_find(*keys) : 0;
    std::set<std::vector<std::string>> answers;
    for (const KnownInstance& one : has) {
      if (refused != 0 || (blind_to_relational && (study.empty() || series.empty()))) break;
      if (!ignores_keys && !instance.empty() && instance != one.instance) continue;
      if (!ignores_keys && !series.empty() && series != one.series) continue;
      if (!ignores_keys && !study.empty() && study != one.study) continue;
      if (level == "SERIES") answers.insert({"", one.series.str(), one.modality, one.frame});
      if (level == "IMAGE") answers.insert({one.instance.str(), one.series.str(), "", ""});
    }
    for (const auto& answer : answers) {
      auto item = dataset::Identifier::Of({{0x00080052, level},
                                           {0x00080018, answer[0]},
                                           {0x0020000E, answer[1]},
                                           {0x00080060, answer[2]},
                                           {0x00200052, answer[3]}});
      Buffer encoded = item.Encode(syntax).value();
      dimse::CommandSet pending = dimse::CFindRsp(rq, dimse::status::kPending, true);
      if (!co_await Say(peer, id, std::move(pending), std::move(encoded))) co_return false;
    }
    dimse::CommandSet last = dimse::CFindRsp(rq, refused, false);
    co_return co_await Say(peer, id, std::move(last), {});
  }

  static Uid SyntaxOf(const std::vector<ul::AcceptedContext>& agreed, ul::ContextId id) {
    for (const ul::AcceptedContext& context : agreed) {
      if (context.id == id) return context.transfer_syntax;
    }
    return Uid();
  }

  net::Loop& loop_;
  net::Signal changed_;
  std::unique_ptr<net::Acceptor> acceptor_;
  uint16_t port_ = 0;
  int open_ = 0;
};

}  // namespace router::testing
