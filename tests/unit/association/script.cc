#include "tests/unit/association/script.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>

#include "router/base/clock.h"
#include "tests/unit/ul/hex.h"

namespace router::association {
namespace {

using net::Socket;
using net::Task;
using std::chrono::milliseconds;

constexpr milliseconds kPause{1};
constexpr std::chrono::seconds kTooLong{20};  // a step that takes longer has failed

std::string AsString(std::string_view hex) {
  Buffer bytes = Hex(hex);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string AsHex(std::string_view bytes) {
  std::string text;
  for (char byte : bytes) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    text += kDigits[static_cast<unsigned char>(byte) >> 4];
    text += kDigits[static_cast<unsigned char>(byte) & 15];
    text += ' ';
  }
  return text;
}

// What a socket gave without waiting.
struct Came {
  std::string bytes;
  bool ended = false;
};
Came Take(const Socket& socket, size_t most) {
  Came came;
  came.bytes.resize(most);
  ssize_t got = recv(socket.fd(), came.bytes.data(), most, MSG_DONTWAIT);
  came.bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
  came.ended = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
  return came;
}

// How many of the bytes the kernel took; nothing if our end is gone.
std::optional<size_t> Put(const Socket& socket, std::string_view bytes) {
  ssize_t sent = send(socket.fd(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<size_t>(sent);
  if (errno == EAGAIN || errno == EINTR) return 0;
  return std::nullopt;
}

class Patience {
 public:
  bool ended() const { return Clock().Now() > until_; }

 private:
  SteadyTime until_ = Clock().Now() + kTooLong;
};

}  // namespace

Task<> Script::Play(Socket& socket, Lines transcript) {
  for (const std::string& line : transcript) {
    std::string fault = co_await Step(socket, line);
    if (!fault.empty()) {
      ADD_FAILURE() << "the peer's step \"" << line << "\": " << fault;
      if (socket.fd() >= 0) socket.Reset();
      co_return;
    }
    ++steps_done_;
  }
}

Task<> Script::Answer(Socket& listening, Socket& socket, Lines transcript) {
  fcntl(listening.fd(), F_SETFL, O_NONBLOCK);
  Patience patience;
  for (;;) {
    socket = Socket(accept4(listening.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket.fd() >= 0) break;
    if (patience.ended()) {
      ADD_FAILURE() << "nobody connected";
      co_return;
    }
    co_await pause_.Wait(kPause);
  }
  co_await Play(socket, std::move(transcript));
}

Task<> Script::UntilDone(int steps) {
  while (steps_done_ < steps && !testing::Test::HasFailure()) co_await net::NextTurn{};
}

// What was wrong; empty if nothing was.
Task<std::string> Script::Step(Socket& socket, std::string step) {
  const std::string word = step.substr(0, step.find(' '));
  std::string bytes = AsString(step.substr(word.size()));
  if (word == ">") co_return co_await Send(socket, std::move(bytes));
  if (word == ">1") co_return co_await SendOneByOne(socket, std::move(bytes), false);
  if (word == ">~") co_return co_await SendOneByOne(socket, std::move(bytes), true);
  if (word == "flood") co_return co_await Flood(socket, std::move(bytes));
  if (word == "<") co_return co_await Expect(socket, std::move(bytes));
  if (word == "end") co_return co_await ExpectEnd(socket);
  if (word == "shut")
    socket.ShutdownWrite();
  else if (word == "close")
    socket.Close();
  else if (word == "reset")
    socket.Reset();
  else
    co_return "nobody understands it";
  co_return "";
}

Task<std::string> Script::Send(Socket& socket, std::string bytes) {
  Patience patience;
  while (!bytes.empty()) {
    auto taken = Put(socket, bytes);
    if (!taken) co_return "our end is gone";
    if (patience.ended()) co_return "our end does not read";
    sent_ += *taken;
    bytes.erase(0, *taken);
    if (*taken == 0) co_await pause_.Wait(kPause);
  }
  co_return "";
}

Task<std::string> Script::SendOneByOne(Socket& socket, std::string bytes, bool until_gone) {
  Patience patience;
  for (char byte : bytes) {
    auto taken = Put(socket, {&byte, 1});
    if (!taken && until_gone) co_return "";
    if (!taken) co_return "our end is gone";
    sent_ += *taken;
    if (until_gone) co_await pause_.Wait(milliseconds(5));
    while (!until_gone && read_by_us_ && read_by_us_() < sent_) {
      if (patience.ended()) co_return "our end does not read";
      co_await net::NextTurn{};
    }
  }
  co_return until_gone ? "our end did not mind" : "";
}

// Once in every turn of the loop: our end finds something whenever it looks.
Task<std::string> Script::Flood(Socket& socket, std::string bytes) {
  Patience patience;
  for (char peeked; recv(socket.fd(), &peeked, 1, MSG_PEEK | MSG_DONTWAIT) < 0;) {
    if (patience.ended()) co_return "nothing came";
    if (!Put(socket, bytes)) co_return "our end is gone";
    co_await net::NextTurn{};
  }
  co_return "";
}

Task<std::string> Script::Expect(Socket& socket, std::string bytes) {
  Patience patience;
  std::string got;
  while (got.size() < bytes.size()) {
    Came came = Take(socket, bytes.size() - got.size());
    got += came.bytes;
    if (!bytes.starts_with(got)) co_return "came: " + AsHex(got);
    if (came.ended) co_return "our end closed after: " + AsHex(got);
    if (patience.ended()) co_return "came only: " + AsHex(got);
    if (came.bytes.empty()) co_await pause_.Wait(kPause);
  }
  co_return "";
}

Task<std::string> Script::ExpectEnd(Socket& socket) {
  Patience patience;
  for (;;) {
    Came came = Take(socket, 65536);
    if (!came.bytes.empty()) co_return "came: " + AsHex(came.bytes);
    if (came.ended) co_return "";
    if (patience.ended()) co_return "our end does not close";
    co_await pause_.Wait(kPause);
  }
}

}  // namespace router::association
