#include "tests/peers/faulty/listener.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace faulty {
namespace {

constexpr int kRequestWithin = 10;  // seconds for an A-ASSOCIATE-RQ (ARTIM, PS3.8 9.1.5)

int PortOf(int socket) {
  sockaddr_storage address = {};
  socklen_t length = sizeof(address);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  }
  return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
}

}  // namespace

Listener::Listener(Peer& peer, int port)
    : peer_(peer), port_(port), wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!Open()) {
    std::fprintf(stderr, "cannot listen on port %d\n", port);
    std::exit(1);
  }
}

Listener::~Listener() {
  Close();
  peer_.connections.EndAll(Fate::kReset);
  Reap(/*all=*/true);
  close(wake_);
}

bool Listener::Open() {
  if (ASC_initializeNetwork(NET_ACCEPTOR, port_, kRequestWithin, &network_).bad()) {
    network_ = nullptr;
    return false;
  }
  ASC_setTransportLayer(network_, &peer_.connections, /*takeoverOwnership=*/0);
  port_ = PortOf(DUL_networkSocket(network_->network));
  return true;
}

void Listener::Close() {
  for (int connection : silent_) {
    linger now{.l_onoff = 1, .l_linger = 0};
    setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(connection);
  }
  silent_.clear();
  if (network_) ASC_dropNetwork(&network_);
  network_ = nullptr;
}

void Listener::Stop() {
  stopping_ = true;
  uint64_t one = 1;
  [[maybe_unused]] ssize_t written = write(wake_, &one, sizeof(one));
}

void Listener::Refresh() {
  std::unique_lock lock(mutex_);
  uint64_t mine = ++asked_;
  uint64_t one = 1;
  [[maybe_unused]] ssize_t written = write(wake_, &one, sizeof(one));
  followed_.wait(lock, [&] { return done_ >= mine || stopping_; });
}

void Listener::Follow() {
  uint64_t asked = 0;
  {
    std::lock_guard lock(mutex_);
    asked = asked_;
  }
  bool outage = peer_.switches.Get<bool>("outage");
  if (outage && network_) {
    Close();
    peer_.connections.EndAll(Fate::kReset);
    peer_.journal.Note("outage", nlohmann::json::object());
  } else if (!outage && !network_ && !Open()) {
    std::fprintf(stderr, "cannot listen on port %d again\n", port_);
    std::exit(1);
  }
  std::lock_guard lock(mutex_);
  done_ = asked;
  followed_.notify_all();
}

void Listener::Run() {
  while (!stopping_) {
    std::vector<pollfd> sources = {
        {wake_, POLLIN, 0}, {network_ ? DUL_networkSocket(network_->network) : -1, POLLIN, 0}};
    for (int connection : silent_) sources.push_back({connection, POLLIN, 0});
    poll(sources.data(), sources.size(), -1);
    if (sources[0].revents) {
      uint64_t count = 0;
      [[maybe_unused]] ssize_t got = read(wake_, &count, sizeof(count));
      Follow();
      continue;  // the sources may be closed by now
    }
    if (sources[1].revents) Accept();
    for (size_t i = 2; i < sources.size(); ++i) {
      if (sources[i].revents) Begin(sources[i].fd);
    }
    Reap(/*all=*/false);
  }
  std::lock_guard lock(mutex_);
  followed_.notify_all();
}

void Listener::Accept() {
  int connection = accept(DUL_networkSocket(network_->network), nullptr, nullptr);
  if (connection >= 0) silent_.push_back(connection);
}

// Only once the client has begun to speak: DCMTK blocks until its request is whole.
void Listener::Begin(int connection) {
  std::erase(silent_, connection);
  T_ASC_Association* association = nullptr;
  dcmExternalSocketHandle.set(connection);
  OFCondition received =
      ASC_receiveAssociation(network_, &association, peer_.max_pdu, nullptr, nullptr,
                             /*useSecureLayer=*/OFFalse, DUL_BLOCK, kRequestWithin);
  dcmExternalSocketHandle.set(DCMNET_INVALID_SOCKET);
  if (received.bad()) {
    peer_.journal.Note("no_request", {{"reason", received.text()}});
    if (association) {
      ASC_dropAssociation(association);
      ASC_destroyAssociation(&association);
    }
    return;
  }
  auto done = std::make_shared<std::atomic<bool>>(false);
  auto own = std::make_unique<Association>(peer_, association, ++number_);
  served_.push_back({std::thread([own = std::move(own), done]() mutable {
                       own->Serve();
                       own.reset();
                       *done = true;
                     }),
                     done});
}

void Listener::Reap(bool all) {
  for (auto at = served_.begin(); at != served_.end();) {
    if (!all && !*at->done) {
      ++at;
      continue;
    }
    at->thread.join();
    at = served_.erase(at);
  }
}

}  // namespace faulty
