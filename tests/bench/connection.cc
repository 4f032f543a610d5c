#include "tests/bench/connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace bench {
namespace {

constexpr size_t kBuffer = 256 << 10;
constexpr size_t kVectors = 64;
constexpr uint32_t kLongestOther = 1 << 20;  // of an A-ASSOCIATE, by far

[[noreturn]] void Fail(const char* what) {
  std::perror(what);
  std::exit(2);
}

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

double Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void SetNoDelay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

int Listen(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  const sockaddr_in address = Loopback(port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(fd, 4096) != 0)
    Fail("cannot listen");
  return fd;
}

int ConnectTo(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) Fail("no socket");
  SetNoDelay(fd);
  const sockaddr_in address = Loopback(port);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 &&
      errno != EINPROGRESS)
    Fail("cannot connect");
  return fd;
}

Reactor::Reactor() : epoll_(epoll_create1(EPOLL_CLOEXEC)), buffer_(kBuffer) {}
Reactor::~Reactor() { close(epoll_); }

void Reactor::Register(int fd, uint32_t events, bool anew) {
  epoll_event event = {};
  event.events = events;
  event.data.fd = fd;
  if (epoll_ctl(epoll_, anew ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) != 0) Fail("epoll_ctl");
}

void Reactor::Watch(int fd, std::function<void()> readable) {
  watched_[fd].readable = std::move(readable);
  Register(fd, EPOLLIN, true);
}

void Reactor::Forget(int fd) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  watched_.erase(fd);
}

void Reactor::Run(double until) {
  std::array<epoll_event, 256> events;
  while (!stopped_) {
    while (!deferred_.empty()) {
      std::vector<std::function<void()>> now;
      now.swap(deferred_);
      for (auto& work : now) work();
    }
    if (stopped_) break;
    int wait = -1;
    if (until > 0) {
      const double left = until - Now();
      if (left <= 0) return;
      wait = static_cast<int>(left * 1e3) + 1;
    }
    const int count = epoll_wait(epoll_, events.data(), events.size(), wait);
    for (int i = 0; i < count; ++i) {
      // An earlier event of the round may have closed it.
      const auto found = watched_.find(events[static_cast<size_t>(i)].data.fd);
      if (found == watched_.end()) continue;
      if (found->second.connection)
        found->second.connection->Handle(events[static_cast<size_t>(i)].events);
      else
        found->second.readable();
    }
  }
}

Connection::Connection(Reactor& reactor, int fd, bool connecting)
    : reactor_(reactor), fd_(fd), connecting_(connecting) {
  reactor_.watched_[fd].connection = this;
  reactor_.Register(fd, connecting ? EPOLLOUT : EPOLLIN, true);
}

Connection::~Connection() { Close(); }

void Connection::Close() {
  if (fd_ < 0) return;
  reactor_.Forget(fd_);
  close(fd_);
  fd_ = -1;
  out_.clear();
}

void Connection::Lost() {
  if (!open()) return;
  Close();
  OnClosed();
}

void Connection::Handle(uint32_t events) {
  if (connecting_) {
    int fault = 0;
    socklen_t size = sizeof(fault);
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &fault, &size);
    if (fault != 0) return Lost();
    connecting_ = false;
    reactor_.Register(fd_, EPOLLIN, false);
    return OnConnected();
  }
  if (events & EPOLLOUT) Write();
  if (open() && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) Read();
}

void Connection::Send(Bytes bytes) {
  auto owner = std::make_shared<const Bytes>(std::move(bytes));
  out_.push_back({owner->data(), owner->size(), owner});
  if (!waits_to_write_) Write();
}

void Connection::Send(std::vector<Segment> segments) {
  for (Segment& segment : segments) out_.push_back(std::move(segment));
  if (!waits_to_write_) Write();
}

void Connection::Write() {
  while (open() && !out_.empty()) {
    std::array<iovec, kVectors> vectors;
    const size_t count = std::min(out_.size(), kVectors);
    for (size_t i = 0; i < count; ++i)
      vectors[i] = {const_cast<uint8_t*>(out_[i].at), out_[i].size};
    msghdr message = {};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const ssize_t sent = sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) break;
    if (sent < 0) {
      // Not from within Send(): its caller would be called back.
      return reactor_.Defer([this] { Lost(); });
    }
    for (auto left = static_cast<size_t>(sent); left > 0;) {
      Segment& first = out_.front();
      const size_t gone = std::min(left, first.size);
      first.at += gone;
      first.size -= gone;
      left -= gone;
      if (first.size == 0) out_.pop_front();
    }
  }
  const bool waits = open() && !out_.empty();
  if (waits != waits_to_write_ && open()) {
    waits_to_write_ = waits;
    reactor_.Register(fd_, waits ? EPOLLIN | EPOLLOUT : EPOLLIN, false);
  }
}

void Connection::Read() {
  std::vector<uint8_t>& buffer = reactor_.buffer();
  const ssize_t size = recv(fd_, buffer.data(), buffer.size(), 0);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0 || !Parse(View(buffer.data(), static_cast<size_t>(size)))) Lost();
}

size_t Connection::ParseHeader(View bytes, size_t size) {
  const size_t taken = std::min(bytes.size(), size - header_.size());
  header_.insert(header_.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(taken));
  return taken;
}

// False: the peer does not speak DICOM.
bool Connection::Parse(View bytes) {
  while (open() && !bytes.empty()) {
    switch (part_) {
      case Part::kPdu:
        bytes = bytes.subspan(ParseHeader(bytes, kPduHeader));
        if (header_.size() < kPduHeader) break;
        type_ = header_[0];
        pdu_left_ = Big32(&header_[2]);
        header_.clear();
        part_ = type_ == kPdata ? Part::kPdv : Part::kBody;
        if (part_ == Part::kBody && (pdu_left_ == 0 || pdu_left_ > kLongestOther)) return false;
        break;
      case Part::kBody:
        bytes = bytes.subspan(ParseHeader(bytes, pdu_left_));
        if (header_.size() < pdu_left_) break;
        part_ = Part::kPdu;
        OnPdu(static_cast<PduType>(type_), Bytes(std::move(header_)));
        header_.clear();
        break;
      case Part::kPdv:
        bytes = bytes.subspan(ParseHeader(bytes, kPdvHeader));
        if (header_.size() < kPdvHeader) break;
        fragment_left_ = Big32(header_.data());
        if (fragment_left_ < 2 || fragment_left_ + 4 > pdu_left_) return false;
        pdu_left_ -= fragment_left_ + 4;
        fragment_left_ -= 2;
        context_ = header_[4];
        flags_ = header_[5];
        header_.clear();
        part_ = Part::kFragment;
        if (fragment_left_ == 0 && !EndOfFragment()) return false;
        break;
      case Part::kFragment: {
        const size_t size = std::min<size_t>(bytes.size(), fragment_left_);
        if (flags_ & kCommandPdv)
          command_.insert(command_.end(), bytes.begin(),
                          bytes.begin() + static_cast<ptrdiff_t>(size));
        else
          message_size_ += size, received_ += size;
        bytes = bytes.subspan(size);
        fragment_left_ -= static_cast<uint32_t>(size);
        if (fragment_left_ == 0 && !EndOfFragment()) return false;
        break;
      }
    }
  }
  return true;
}

bool Connection::EndOfFragment() {
  part_ = pdu_left_ == 0 ? Part::kPdu : Part::kPdv;
  if (!(flags_ & kLastPdv)) return true;
  if (flags_ & kCommandPdv) {
    if (message_) return false;
    message_ = ReadCommand(command_);
    command_.clear();
    if (!message_) return false;
    message_size_ = 0;
    if (message_->has_data_set) return true;
  } else if (!message_) {
    return false;
  }
  Deliver();
  return true;
}

void Connection::Deliver() {
  const Command command = std::move(*message_);
  message_.reset();
  OnMessage(context_, command, message_size_);
}

}  // namespace bench
