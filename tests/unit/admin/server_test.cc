#include "router/admin/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <latch>
#include <thread>

#include "tests/unit/admin/fake_source.h"

namespace router::admin {
namespace {

using testing::AnyOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// A connection as a peer has it that may say anything.
class Peer {
 public:
  explicit Peer(uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }
  ~Peer() { close(socket_); }
  Peer(const Peer&) = delete;

  bool connected() const { return connected_; }
  bool Send(std::string_view text) {
    while (!text.empty()) {
      ssize_t sent = send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  // All until the server closes; a server that does not within 30 s is told by its absence.
  std::string Read() {
    std::string all;
    char part[4096];
    pollfd fd{socket_, POLLIN, 0};
    while (poll(&fd, 1, 30'000) > 0) {
      ssize_t got = recv(socket_, part, sizeof part, 0);
      if (got <= 0) return all;
      all.append(part, static_cast<size_t>(got));
    }
    return all + "<<not closed>>";
  }

 private:
  int socket_;
  bool connected_ = false;
};

class ServerTest : public testing::Test {
 protected:
  void Start(ServerOptions options = {}) {
    options.host = "127.0.0.1";
    options.token = "s3cret";
    auto server = Server::Start(options, source_);
    ASSERT_TRUE(server) << server.error().detail;
    server_ = std::move(*server);
  }
  std::string Say(std::string_view request) {
    Peer peer(server_->port());
    EXPECT_TRUE(peer.connected());
    peer.Send(request);
    return peer.Read();
  }
  bool Answers() { return Say("GET /healthz HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200"); }

  FakeSource source_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, TakesAFreePortAndTellsIt) {
  Start();
  EXPECT_GT(server_->port(), 0);
  EXPECT_TRUE(Answers());
}

TEST_F(ServerTest, TwoDoNotShareAPort) {
  Start();
  FakeSource other;
  auto second = Server::Start({.host = "127.0.0.1", .port = server_->port()}, other);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().detail, HasSubstr(std::to_string(server_->port())));
  EXPECT_TRUE(Answers());
}

TEST_F(ServerTest, ListensOnEveryInterfaceWhereNoneIsNamed) {
  auto server = Server::Start({.host = "", .token = ""}, source_);
  ASSERT_TRUE(server) << server.error().detail;
  Peer peer((*server)->port());
  ASSERT_TRUE(peer.connected());
  peer.Send("GET /api/v1/held HTTP/1.0\r\n\r\n");
  EXPECT_THAT(peer.Read(), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, AnHostThatIsNotOursIsAnErrorThatNamesIt) {
  auto server = Server::Start({.host = "192.0.2.1", .port = 8780}, source_);
  ASSERT_FALSE(server);
  EXPECT_THAT(server.error().detail, HasSubstr("192.0.2.1:8780"));
}

TEST_F(ServerTest, AnswersOneRequestPerConnectionWithGuardingHeaders) {
  Start();
  std::string answer = Say("GET /api/v1/held HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Security-Policy: default-src 'none'"));
  EXPECT_THAT(answer, HasSubstr("X-Content-Type-Options: nosniff"));
  EXPECT_THAT(answer, HasSubstr("Cache-Control: no-store"));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_THAT(answer, EndsWith("]}\n"));
}

TEST_F(ServerTest, AForeignHostHeaderIsNotAnswered) {
  Start();
  std::string answer = Say("GET /api/v1/held HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(answer, HasSubstr("WWW-Authenticate: Bearer"));
}

TEST_F(ServerTest, ThePageIsServed) {
  Start();
  std::string answer = Say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/html"));
  EXPECT_THAT(answer, HasSubstr("<title>Sluice</title>"));
}

TEST_F(ServerTest, ChangesNeedTheTokenInTheHeader) {
  Start();
  std::string body = "{\"reason\":\"x\"}";
  std::string head = "POST /api/v1/held/1.2.3.4/release HTTP/1.1\r\nHost: localhost\r\n";
  std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n";
  EXPECT_THAT(Say(head + length + "\r\n" + body), StartsWith("HTTP/1.1 401"));
  EXPECT_TRUE(source_.acts.empty());
  EXPECT_THAT(Say(head + length + "Authorization: Bearer s3cret\r\n\r\n" + body),
              StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(source_.acts.size(), 1u);
}

TEST_F(ServerTest, RequestsBeyondTheLimitsAreRefusedAndTheNextIsAnswered) {
  Start();
  std::string big(17 * 1024, 'x');
  std::string body =
      Say("POST /api/v1/reload HTTP/1.1\r\nContent-Length: " + std::to_string(big.size()) +
          "\r\n\r\n" + big);
  EXPECT_THAT(body, StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(body, HasSubstr("16 KiB"));
  EXPECT_THAT(Say("GET /" + std::string(1500, 'x') + " HTTP/1.1\r\n\r\n"),
              StartsWith("HTTP/1.1 414"));
  EXPECT_THAT(Say("GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n\r\n"),
              StartsWith("HTTP/1.1 414"));
  EXPECT_THAT(Say("GET / HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 400"));
  EXPECT_TRUE(Answers());
}

TEST_F(ServerTest, HeadersThatNeverEndAreCutOffAtABudget) {
  Start();
  Peer peer(server_->port());
  peer.Send("GET / HTTP/1.1\r\n");
  std::string line = "X-Filler: " + std::string(1000, 'x') + "\r\n";
  for (int i = 0; i < 200 && peer.Send(line); ++i) {
  }
  EXPECT_THAT(peer.Read(), testing::Not(HasSubstr("<<not closed>>")));
  EXPECT_TRUE(Answers());
}

TEST_F(ServerTest, GarbageIsNotAnswered200) {
  Start({.request_within = std::chrono::milliseconds(200)});
  for (std::string_view garbage :
       {"\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n", "BREW / HTTP/1.1\r\n\r\n"}) {
    EXPECT_THAT(Say(garbage), AnyOf("", StartsWith("HTTP/1.1 4")));
  }
  EXPECT_TRUE(Answers());
}

TEST_F(ServerTest, APeerThatSendsNothingIsLetGoInTime) {
  Start({.request_within = std::chrono::milliseconds(50)});
  Peer peer(server_->port());
  EXPECT_EQ(peer.Read(), "");
  EXPECT_TRUE(Answers());
}

TEST_F(ServerTest, ARequestThatStopsInTheMiddleIsLetGoInTime) {
  Start({.request_within = std::chrono::milliseconds(50)});
  Peer peer(server_->port());
  peer.Send("POST /api/v1/reload HTTP/1.1\r\nContent-Length: 100\r\n\r\n{");
  EXPECT_THAT(peer.Read(), testing::Not(HasSubstr("HTTP/1.1 200")));
  EXPECT_TRUE(source_.acts.empty());
}

TEST_F(ServerTest, StopsAtOnceWhilePeersAreSilent) {
  Start({.request_within = std::chrono::hours(1)});
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 12; ++i) peers.push_back(std::make_unique<Peer>(server_->port()));
  for (auto& peer : peers) peer->Send("GET /healthz HTTP/1.1\r\n");
  server_.reset();
  for (auto& peer : peers) {
    EXPECT_THAT(peer->Read(), testing::Not(HasSubstr("<<not closed>>")));
  }
}

TEST_F(ServerTest, ARequestUnderWayIsAnsweredBeforeTheServerEnds) {
  std::latch asked(1);
  std::promise<void> go;
  std::shared_future<void> gone = go.get_future().share();
  source_.blocking = [&asked, gone] {
    asked.count_down();
    gone.wait();
  };
  Start();
  auto answer = std::async(std::launch::async, [this] {
    return Say("GET /api/v1/destinations HTTP/1.1\r\nHost: localhost\r\n\r\n");
  });
  asked.wait();
  std::thread ending([this] { server_.reset(); });
  go.set_value();
  ending.join();
  EXPECT_THAT(answer.get(), StartsWith("HTTP/1.1 200"));
}

TEST_F(ServerTest, ASlowAnswerDoesNotKeepOthersWaiting) {
  std::latch asked(1);
  std::promise<void> go;
  std::shared_future<void> gone = go.get_future().share();
  source_.blocking = [&asked, gone] {
    asked.count_down();
    gone.wait();
  };
  Start();
  auto slow = std::async(std::launch::async, [this] {
    return Say("GET /api/v1/destinations HTTP/1.1\r\nHost: localhost\r\n\r\n");
  });
  asked.wait();
  EXPECT_TRUE(Answers());
  go.set_value();
  EXPECT_THAT(slow.get(), StartsWith("HTTP/1.1 200"));
}

}  // namespace
}  // namespace router::admin
