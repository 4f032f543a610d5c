#include "tests/model/wire.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <utility>

namespace model {
namespace {

uint32_t LoadBe(const Bytes& from, size_t at, size_t size) {
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(from.at(at + i));
  return value;
}
uint32_t LoadLe(const Bytes& from, size_t at, size_t size) {
  uint32_t value = 0;
  for (size_t i = size; i > 0; --i) value = value << 8 | static_cast<uint8_t>(from.at(at + i - 1));
  return value;
}
Bytes Le(uint32_t value, int size) {
  Bytes out;
  for (int i = 0; i < size; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
  return out;
}

Bytes Item(uint8_t type, const Bytes& body) {
  return Bytes{static_cast<char>(type), '\0'} + Be16(static_cast<uint16_t>(body.size())) + body;
}

template <class Each>
void ForItems(const Bytes& items, Each each) {
  for (size_t at = 0; at + 4 <= items.size();) {
    const size_t length = LoadBe(items, at + 2, 2);
    each(static_cast<uint8_t>(items[at]), items.substr(at + 4, length));
    at += 4 + length;
  }
}

constexpr size_t kFixed = 68;  // of an A-ASSOCIATE-RQ or -AC, before its items

Bytes User(uint32_t max_length) {
  return Item(0x50, Item(0x51, Be32(max_length)) + Item(0x52, "1.2.826.0.1.3680043.9.9999.3"));
}

void SetNonBlocking(int socket) {
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
  int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

Bytes Be16(uint16_t value) { return {static_cast<char>(value >> 8), static_cast<char>(value)}; }
Bytes Be32(uint32_t value) {
  return Be16(static_cast<uint16_t>(value >> 16)) + Be16(static_cast<uint16_t>(value));
}
Bytes Pdu(uint8_t type, const Bytes& body) {
  return Bytes{static_cast<char>(type), '\0'} + Be32(static_cast<uint32_t>(body.size())) + body;
}

Bytes AssociateRq(const std::vector<Context>& contexts, uint32_t max_length) {
  Bytes body = Be16(1) + Be16(0) + "UP              " + "ME              " + Bytes(32, '\0');
  body += Item(0x10, "1.2.840.10008.3.1.1.1");
  for (const Context& context : contexts)
    body += Item(0x20, Bytes{static_cast<char>(context.id), 0, 0, 0} +
                           Item(0x30, context.abstract_syntax) + Item(0x40, "1.2.840.10008.1.2"));
  return Pdu(kRq, body + User(max_length));
}

Bytes AssociateAc(const Bytes& request, uint32_t max_length) {
  Bytes body = request.substr(0, kFixed) + Item(0x10, "1.2.840.10008.3.1.1.1");
  ForItems(request.substr(kFixed), [&](uint8_t type, const Bytes& item) {
    if (type != 0x20) return;
    Bytes syntax;
    ForItems(item.substr(4), [&](uint8_t inner, const Bytes& value) {
      if (inner == 0x40 && syntax.empty()) syntax = value;
    });
    body += Item(0x21, item.substr(0, 1) + Bytes(3, '\0') + Item(0x40, syntax));
  });
  return Pdu(kAc, body + User(max_length));
}

uint32_t MaxLengthOf(const Bytes& body) {
  uint32_t found = 0;
  ForItems(body.substr(kFixed), [&](uint8_t type, const Bytes& item) {
    if (type != 0x50) return;
    ForItems(item, [&](uint8_t inner, const Bytes& value) {
      if (inner == 0x51) found = LoadBe(value, 0, 4);
    });
  });
  return found;
}

Bytes ReleaseRq() { return Pdu(kReleaseRq, Bytes(4, '\0')); }
Bytes ReleaseRp() { return Pdu(kReleaseRp, Bytes(4, '\0')); }
Bytes Abort() { return Pdu(kAbort, Bytes(4, '\0')); }

Bytes Us(uint16_t value) { return Le(value, 2); }
Bytes Uid(const std::string& uid) { return uid.size() % 2 == 0 ? uid : uid + '\0'; }

Bytes CommandSet(const Message& message) {
  Bytes elements;
  for (const auto& [number, value] : message.command)
    elements += Le(0, 2) + Le(number, 2) + Le(static_cast<uint32_t>(value.size()), 4) + value;
  return Le(0, 4) + Le(4, 4) + Le(static_cast<uint32_t>(elements.size()), 4) + elements;
}

Bytes Pdv(uint8_t context, bool is_command, bool last, const Bytes& fragment) {
  return Be32(static_cast<uint32_t>(fragment.size() + 2)) +
         Bytes{static_cast<char>(context), static_cast<char>(is_command | last << 1)} + fragment;
}

// ---- what comes

void Listener::Feed(const Bytes& octets) {
  left_ += octets;
  while (left_.size() >= 6 && left_.size() - 6 >= LoadBe(left_, 2, 4)) {
    const uint32_t length = LoadBe(left_, 2, 4);
    OnPdu(static_cast<uint8_t>(left_[0]), left_.substr(6, length));
    left_.erase(0, 6 + length);
  }
}

void Listener::OnPdu(uint8_t type, const Bytes& body) {
  if (aborted) fault = "something after an A-ABORT";
  switch (type) {
    case kRq:
      request = body;
      break;
    case kAc:
      answer = body;
      break;
    case kRj:
      rejected = true;
      break;
    case kReleaseRq:
      released = true;
      break;
    case kReleaseRp:
      confirmed = true;
      break;
    case kAbort:
      aborted = true;
      break;
    case kData: {
      longest = std::max(longest, static_cast<uint32_t>(body.size()));
      if (released || confirmed) fault = "P-DATA-TF after a release";
      for (size_t at = 0; at < body.size();) {
        const size_t length = LoadBe(body, at, 4);
        OnPdv(body.substr(at + 4, length));
        at += 4 + length;
      }
      break;
    }
    default:
      fault = "a PDU of type " + std::to_string(type);
  }
}

void Listener::OnPdv(const Bytes& value) {
  const bool is_command = value.at(1) & 1, last = value.at(1) & 2;
  const Bytes fragment = value.substr(2);
  if (!last && fragment.size() % 2 != 0) fault = "an odd fragment that is not the last";
  if (is_command) {
    if (half) fault = "a command within a data set";
    command_ += fragment;
    if (!last) return;
    Message message;
    message.context = static_cast<uint8_t>(value[0]);
    for (size_t at = 0; at < command_.size();) {
      const size_t length = LoadLe(command_, at + 4, 4);
      const auto number = static_cast<uint16_t>(LoadLe(command_, at + 2, 2));
      if (number != 0) message.command[number] = command_.substr(at + 8, length);
      at += 8 + length;
    }
    command_.clear();
    half = std::move(message);
    if (half->command.at(0x0800) == Us(0x0101)) messages.push_back(*std::exchange(half, {}));
    return;
  }
  if (!half) fault = "a data set without a command";
  begun += fragment;
  if (!last || !half) return;
  half->data_set = std::exchange(begun, {});
  messages.push_back(*std::exchange(half, {}));
}

// ---- sockets

Connection::Connection(Connection&& other) noexcept { *this = std::move(other); }
Connection& Connection::operator=(Connection&& other) noexcept {
  Close();
  socket_ = std::exchange(other.socket_, -1);
  out = std::move(other.out);
  in = std::move(other.in);
  ended = other.ended;
  broken = other.broken;
  return *this;
}

Connection Connection::To(uint16_t port) {
  int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(port);
  if (connect(made, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    close(made);
    return Connection();
  }
  SetNonBlocking(made);
  return Connection(made);
}

void Connection::Close() {
  if (socket_ >= 0) close(std::exchange(socket_, -1));
}

void Connection::Reset() {
  linger hard{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
  Close();
}

bool Exchange::Step() {
  pollfd watched[2];
  for (int i = 0; i < 2; ++i) {
    Connection& one = *ends_[i];
    short events = one.ended ? 0 : POLLIN;
    if (!one.out.empty() && !one.broken) events |= POLLOUT;
    watched[i] = {one.open() && events ? one.socket_ : -1, events, 0};
  }
  if (watched[0].fd < 0 && watched[1].fd < 0) return false;
  poll(watched, 2, 1000);
  for (int i = 0; i < 2; ++i) {
    Connection& one = *ends_[i];
    if (watched[i].fd < 0) continue;
    if (watched[i].revents & POLLOUT) {
      ssize_t sent = send(one.socket_, one.out.data(), one.out.size(), MSG_NOSIGNAL);
      if (sent > 0) one.out.erase(0, static_cast<size_t>(sent));
      if (sent < 0 && errno != EAGAIN) one.broken = true;
    }
    if (watched[i].revents & (POLLIN | POLLHUP | POLLERR)) {
      char buffer[65536];
      ssize_t got = recv(one.socket_, buffer, sizeof(buffer), 0);
      if (got > 0) one.in.Feed(Bytes(buffer, static_cast<size_t>(got)));
      if (got == 0 || (got < 0 && errno != EAGAIN)) one.ended = one.broken = true;
    }
  }
  return true;
}

Port::Port() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  if (bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(socket_, 16) != 0 ||
      getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no port to listen on");
  number_ = ntohs(address.sin_port);
}
Port::~Port() { close(socket_); }

Connection Port::Accept() {
  pollfd watched{socket_, POLLIN, 0};
  if (poll(&watched, 1, 20'000) != 1) return Connection();
  int made = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
  if (made < 0) return Connection();
  SetNonBlocking(made);
  return Connection(made);
}

}  // namespace model
