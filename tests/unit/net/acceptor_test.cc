#include "router/net/acceptor.h"

#include <fcntl.h>
#include <sys/resource.h>

#include "router/net/signal.h"
#include "tests/unit/net/stream_fixture.h"

namespace router::net {
namespace {

using AcceptorTest = NetTest;

// What is handed over, and a wake-up when as many have come as were wanted.
struct Arrivals {
  explicit Arrivals(Loop& loop) : enough(loop) {}
  Acceptor::OnConnection Callback(size_t wanted) {
    return [this, wanted](int socket) {
      sockets.emplace_back(socket);
      if (sockets.size() == wanted) enough.Notify();
    };
  }
  Signal enough;
  std::vector<Socket> sockets;
};

Task<> AcceptFrom(Loop& loop, std::string listen, std::vector<const char*> through,
                  std::vector<std::string>& words) {
  Arrivals arrivals(loop);
  auto acceptor = Acceptor::Listen(loop, listen, 0, arrivals.Callback(through.size()));
  EXPECT_TRUE(acceptor.has_value());
  EXPECT_NE((*acceptor)->port(), 0);
  std::vector<Socket> clients;
  for (const char* address : through) {
    clients.push_back(ConnectTo(address, (*acceptor)->port()));
    clients.back().Send(address);
    clients.back().ShutdownWrite();
  }
  co_await arrivals.enough.Wait();
  for (Socket& socket : arrivals.sockets) {
    EXPECT_TRUE(fcntl(socket.fd(), F_GETFL) & O_NONBLOCK);
    EXPECT_TRUE(fcntl(socket.fd(), F_GETFD) & FD_CLOEXEC);
    words.push_back(socket.ReceiveAll());
  }
  co_await (*acceptor)->Close();
}

bool HasV6() { return ListenOn("::1").fd() >= 0; }

TEST_F(AcceptorTest, EachFamilyIsServedOnAPortOfTheKernelsChoice) {
  std::vector<std::string> words;
  Run(AcceptFrom, loop_, "127.0.0.1", std::vector<const char*>{"127.0.0.1"}, words);
  EXPECT_EQ(words, (std::vector<std::string>{"127.0.0.1"}));
  words.clear();
  if (!HasV6()) {
    EXPECT_FALSE(Acceptor::Listen(loop_, "::1", 0, [](int) {}).has_value());
    return;
  }
  Run(AcceptFrom, loop_, "::1", std::vector<const char*>{"::1"}, words);
  EXPECT_EQ(words, (std::vector<std::string>{"::1"}));
}

TEST_F(AcceptorTest, NoAddressMeansAllOfBothFamilies) {
  std::vector<std::string> words;
  std::vector<const char*> through{"127.0.0.1", "127.0.0.2"};
  if (HasV6()) through.push_back("::1");
  Run(AcceptFrom, loop_, "", through, words);
  EXPECT_EQ(words, std::vector<std::string>(through.begin(), through.end()));
}

TEST_F(AcceptorTest, AnAddressInUseIsAnErrorThatNamesIt) {
  Socket taken = ListenOn("127.0.0.1");
  auto refused = Acceptor::Listen(loop_, "127.0.0.1", PortOf(taken), [](int) {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kConnect);
  EXPECT_EQ(refused.error().blame, Blame::kInternal);
  EXPECT_EQ(refused.error().detail, "cannot listen on 127.0.0.1:" + std::to_string(PortOf(taken)) +
                                        ": Address already in use");
}

TEST_F(AcceptorTest, WhatIsNoAddressIsABadConfiguration) {
  for (const char* text : {"pacs.example", "127.0.0.1:104", "300.1.1.1", " "}) {
    auto refused = Acceptor::Listen(loop_, text, 0, [](int) {});
    ASSERT_FALSE(refused.has_value()) << text;
    EXPECT_EQ(refused.error().code, Errc::kBadConfig);
  }
}

TEST_F(AcceptorTest, TwoHundredAtOnceAreAllHandedOver) {
  constexpr size_t kClients = 200;
  size_t distinct = 0;
  Run(
      [](Loop& loop, size_t& out) -> Task<> {
        Arrivals arrivals(loop);
        auto acceptor = Acceptor::Listen(loop, "127.0.0.1", 0, arrivals.Callback(200));
        std::vector<Socket> clients;
        std::vector<std::string> sent, got;
        for (size_t i = 0; i < 200; ++i) {
          clients.push_back(ConnectTo("127.0.0.1", (*acceptor)->port()));
          sent.push_back(std::to_string(1000 + i));
          clients.back().Send(sent.back());
          clients.back().ShutdownWrite();
        }
        co_await arrivals.enough.Wait();
        for (Socket& socket : arrivals.sockets) got.push_back(socket.ReceiveAll());
        EXPECT_EQ(got, sent);
        out = arrivals.sockets.size();
        co_await (*acceptor)->Close();
      },
      loop_, distinct);
  EXPECT_EQ(distinct, kClients);
}

TEST_F(AcceptorTest, CloseLetsWhoIsPendingKnow) {
  size_t handed_over = 99;
  Run(
      [](Loop& loop, size_t& out) -> Task<> {
        Arrivals arrivals(loop);
        auto acceptor = Acceptor::Listen(loop, "127.0.0.1", 0, arrivals.Callback(1));
        std::vector<Socket> clients;
        for (int i = 0; i < 5; ++i) clients.push_back(ConnectTo("127.0.0.1", (*acceptor)->port()));
        co_await (*acceptor)->Close();
        for (Socket& client : clients) EXPECT_EQ(client.ReceiveAll(), "");
        out = arrivals.sockets.size();
        co_await (*acceptor)->Close();  // once more is nothing
      },
      loop_, handed_over);
  EXPECT_EQ(handed_over, 0u);
}

Task<> CloseOne(Acceptor& acceptor) { co_await acceptor.Close(); }

TEST_F(AcceptorTest, NothingIsHandedOverAfterCloseHasBegun) {
  size_t handed_over = 0;
  std::unique_ptr<Acceptor> acceptor;
  std::vector<Socket> clients;
  loop_.Post([&] {
    acceptor = std::move(*Acceptor::Listen(loop_, "127.0.0.1", 0, [&](int socket) {
      Socket accepted(socket);
      if (++handed_over == 2) loop_.Spawn(CloseOne(*acceptor));
    }));
    for (int i = 0; i < 10; ++i) clients.push_back(ConnectTo("127.0.0.1", acceptor->port()));
  });
  loop_.RunUntilIdle();
  EXPECT_EQ(handed_over, 2u);
}

TEST_F(AcceptorTest, ASocketThatListensAlreadyIsTakenOver) {
  Socket listening = ListenOn("127.0.0.1");
  EXPECT_FALSE(fcntl(listening.fd(), F_GETFL) & O_NONBLOCK);  // as a service manager passes it
  uint16_t port = PortOf(listening);
  bool done = false;
  Run(
      [](Loop& loop, Socket& socket, uint16_t expected, bool& out) -> Task<> {
        Arrivals arrivals(loop);
        auto acceptor = Acceptor::Adopt(loop, socket.Release(), arrivals.Callback(1));
        EXPECT_EQ((*acceptor)->port(), expected);
        Socket client = ConnectTo("127.0.0.1", expected);
        co_await arrivals.enough.Wait();
        co_await (*acceptor)->Close();
        out = true;
      },
      loop_, listening, port, done);
  EXPECT_TRUE(done);
}

// Else its loop would spin on an accept that fails for ever.
TEST_F(AcceptorTest, WhatDoesNotListenIsRefusedAndStaysTheCallers) {
  Pair pair = Connected();
  Socket bound = BoundTo("127.0.0.1", 0), file(open("/dev/null", O_RDONLY | O_CLOEXEC));
  for (int socket : {pair.peer.fd(), bound.fd(), file.fd(), -1}) {
    auto refused = Acceptor::Adopt(loop_, socket, [](int) {});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::kBadConfig);
    EXPECT_EQ(fcntl(socket, F_GETFD) == -1, socket < 0);
  }
}

// Run in a process of its own, which runs out of descriptors.
Task<> SurviveWithoutDescriptors(Loop& loop, bool& survived) {
  Arrivals arrivals(loop);
  auto acceptor = Acceptor::Listen(loop, "127.0.0.1", 0, arrivals.Callback(3));
  std::vector<Socket> clients, filling;
  for (int i = 0; i < 3; ++i) clients.push_back(ConnectTo("127.0.0.1", (*acceptor)->port()));
  // A line of log first: UBSan looks at an object that it has not seen through a pipe of its own.
  log::Error("descriptors run out next", {{"why", "a test"}, {"port", (*acceptor)->port()}});
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit few{64, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &few);
  for (int fd; (fd = open("/dev/null", O_RDONLY)) >= 0;) filling.emplace_back(fd);
  for (int i = 0; i < 5; ++i) co_await NextTurn{};  // the loop looks for connections in each
  EXPECT_TRUE(arrivals.sockets.empty());
  filling.clear();
  co_await arrivals.enough.Wait();
  co_await (*acceptor)->Close();
  survived = arrivals.sockets.size() == 3;
}

TEST_F(AcceptorTest, RunningOutOfDescriptorsIsSaidAndRecovered) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        bool survived = false;
        Run(SurviveWithoutDescriptors, loop_, survived);
        std::exit(survived && !HasFailure() ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "out of descriptors");
  GTEST_FLAG_SET(death_test_style, "fast");
}

}  // namespace
}  // namespace router::net
