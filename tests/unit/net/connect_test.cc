#include <dlfcn.h>
#include <netdb.h>

#include <future>

#include "router/net/stream.h"
#include "tests/unit/net/stream_fixture.h"

namespace {
std::promise<void>* slow_answer = nullptr;  // what "slow.test" waits for
using Real = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
}  // namespace

// Stands before the system's: the names under .test (RFC 6761) answer as the tests want them to.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  static auto real = reinterpret_cast<Real>(dlsym(RTLD_NEXT, "getaddrinfo"));
  std::string host = name;
  if (host == "none.test") return EAI_NONAME;
  if (host == "slow.test") {
    slow_answer->get_future().wait();
    return real("127.0.0.1", service, hints, result);
  }
  if (host == "two.test") {
    addrinfo* second = nullptr;
    if (real("127.0.0.2", service, hints, result) != 0) return EAI_FAIL;
    if (real("127.0.0.1", service, hints, &second) != 0) return EAI_FAIL;
    (*result)->ai_next = second;
    return 0;
  }
  return real(name, service, hints, result);
}

namespace router::net {
namespace {

using ConnectTest = NetTest;
using namespace std::chrono_literals;

// What a connection came to: the peer's address, or the error.
using Reached = std::expected<std::string, Error>;

Reached Connecting(Loop& loop, std::string host, uint16_t port, Milliseconds timeout) {
  Reached reached;
  loop.PostSpawn([&] {
    return
        [](Loop& home, std::string name, uint16_t to, Milliseconds within, Reached& out) -> Task<> {
          auto stream = co_await Stream::Connect(home, name, to, within, kNever);
          if (!stream) {
            out = std::unexpected(stream.error());
            co_return;
          }
          out = (*stream)->peer_address();
          // On this machine's own addresses both ends are the same.
          if (*out == name) {
            EXPECT_EQ((*stream)->LocalAddress(), name);
          }
          EXPECT_EQ(co_await Write(**stream, "hello"), Got("sent"));
          co_await (*stream)->Close();
        }(loop, host, port, timeout, reached);
  });
  loop.RunUntilIdle();
  return reached;
}

// The peer is accepted and greeted.
void ExpectGreeting(const Socket& listening) {
  Socket accepted = Accept(listening);
  EXPECT_EQ(accepted.ReceiveAll(), "hello");
}

TEST_F(ConnectTest, AnAddressOfEitherFamilyIsReached) {
  Socket v4 = ListenOn("127.0.0.1"), v6 = ListenOn("::1");
  EXPECT_EQ(Connecting(loop_, "127.0.0.1", PortOf(v4), kNever).value(), "127.0.0.1");
  ExpectGreeting(v4);
  if (v6.fd() < 0) {
    EXPECT_FALSE(Connecting(loop_, "::1", PortOf(v4), 100ms).has_value());
    return;
  }
  EXPECT_EQ(Connecting(loop_, "::1", PortOf(v6), kNever).value(), "::1");
  ExpectGreeting(v6);
}

TEST_F(ConnectTest, LocalhostIsReached) {
  Socket listening = ListenOn("127.0.0.1");
  EXPECT_EQ(Connecting(loop_, "localhost", PortOf(listening), kNever).value(), "127.0.0.1");
  ExpectGreeting(listening);
}

TEST_F(ConnectTest, TheLongestTimeoutIsNoneThatOverflows) {
  Socket listening = ListenOn("127.0.0.1");
  auto reached = Connecting(loop_, "127.0.0.1", PortOf(listening), Milliseconds::max());
  ASSERT_TRUE(reached.has_value());
  ExpectGreeting(listening);
}

void ExpectFailure(const Reached& reached, Errc code, const std::string& named) {
  ASSERT_FALSE(reached.has_value());
  EXPECT_EQ(reached.error().code, code);
  EXPECT_TRUE(reached.error().retryable);
  EXPECT_NE(reached.error().detail.find(named), std::string::npos) << reached.error().detail;
}

TEST_F(ConnectTest, ARefusalNamesTheEndpoint) {
  Socket bound = BoundTo("127.0.0.1", 0);
  ExpectFailure(Connecting(loop_, "127.0.0.1", PortOf(bound), kNever), Errc::kConnect,
                "127.0.0.1:" + std::to_string(PortOf(bound)) + ": connection refused");
}

TEST_F(ConnectTest, APeerThatDoesNotAnswerIsATimeoutThatNamesTheEndpoint) {
  Socket listening = ListenOn("127.0.0.1", 0);
  std::vector<Socket> filling = FillBacklog("127.0.0.1", listening);
  for (Milliseconds timeout : {30ms, 0ms, -5ms})
    ExpectFailure(Connecting(loop_, "127.0.0.1", PortOf(listening), timeout), Errc::kTimeout,
                  "127.0.0.1:" + std::to_string(PortOf(listening)));
}

TEST_F(ConnectTest, ANameThatDoesNotResolveIsNamed) {
  ExpectFailure(Connecting(loop_, "none.test", 104, kNever), Errc::kConnect, "none.test");
}

TEST_F(ConnectTest, ASlowResolverDoesNotOutlastTheTimeout) {
  std::promise<void> answer;
  slow_answer = &answer;
  Reached reached;
  loop_.PostSpawn([&] {
    return [](Loop& loop, Reached& out, std::promise<void>& resolver) -> Task<> {
      auto stream = co_await Stream::Connect(loop, "slow.test", 104, 20ms, kNever);
      if (!stream) out = std::unexpected(stream.error());
      resolver.set_value();  // its answer finds nobody any more
    }(loop_, reached, answer);
  });
  loop_.RunUntilIdle();
  ExpectFailure(reached, Errc::kTimeout, "slow.test:104");
}

TEST_F(ConnectTest, TheNextAddressOfANameIsTriedWhenOneRefuses) {
  Socket listening = ListenOn("127.0.0.1");
  EXPECT_EQ(Connecting(loop_, "two.test", PortOf(listening), kNever).value(), "127.0.0.1");
  ExpectGreeting(listening);
}

// One address that swallows everything must not use up the time of the others.
TEST_F(ConnectTest, TheNextAddressOfANameIsTriedWhenOneIsSilent) {
  Socket listening, silent;
  while (silent.fd() < 0) {  // until both addresses have the port free
    listening = ListenOn("127.0.0.1");
    silent = ListenOn("127.0.0.2", 0, PortOf(listening));
  }
  std::vector<Socket> filling = FillBacklog("127.0.0.2", silent);
  auto reached = Connecting(loop_, "two.test", PortOf(listening), 200ms);
  ASSERT_TRUE(reached.has_value()) << reached.error().detail;
  EXPECT_EQ(*reached, "127.0.0.1");
  ExpectGreeting(listening);
}

TEST_F(ConnectTest, ANameOfWhichEveryAddressRefusesIsARefusal) {
  Socket bound = BoundTo("127.0.0.1", 0);
  ExpectFailure(Connecting(loop_, "two.test", PortOf(bound), kNever), Errc::kConnect,
                "two.test:" + std::to_string(PortOf(bound)));
}

}  // namespace
}  // namespace router::net
