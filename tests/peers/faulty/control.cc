#include "tests/peers/faulty/control.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace faulty {

using nlohmann::json;

Control::Control(const std::string& path, Answer answer)
    : path_(path), answer_(std::move(answer)), socket_(socket(AF_UNIX, SOCK_STREAM, 0)) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  unlink(path.c_str());
  bool fits = path.size() < sizeof(address.sun_path);
  if (fits) std::memcpy(address.sun_path, path.c_str(), path.size());
  if (!fits || bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(socket_, 16) != 0) {
    std::fprintf(stderr, "cannot listen on %s\n", path.c_str());
    std::exit(1);
  }
  thread_ = std::thread([this] { Run(); });
}

Control::~Control() {
  shutdown(socket_, SHUT_RDWR);
  thread_.join();
  close(socket_);
  unlink(path_.c_str());
}

void Control::Run() {
  for (;;) {
    int connection = accept(socket_, nullptr, nullptr);
    if (connection < 0) return;
    timeval patience = {.tv_sec = 30, .tv_usec = 0};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    Serve(connection);
    close(connection);
  }
}

void Control::Serve(int connection) {
  std::string line;
  std::array<char, 4096> part;
  while (line.find('\n') == std::string::npos) {
    ssize_t got = read(connection, part.data(), part.size());
    if (got <= 0) return;
    line.append(part.data(), static_cast<size_t>(got));
  }
  json command = json::parse(line, nullptr, /*allow_exceptions=*/false);
  json answer = command.is_object() ? answer_(command) : json{{"ok", false}, {"error", "no JSON"}};
  std::string text = answer.dump() + "\n";
  [[maybe_unused]] ssize_t sent = send(connection, text.data(), text.size(), MSG_NOSIGNAL);
}

}  // namespace faulty
