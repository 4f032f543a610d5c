#include <netinet/tcp.h>
#include <poll.h>

#include <algorithm>

#include "router/net/resolve.h"
#include "router/net/socket_address.h"
#include "router/net/stream_handles.h"

// How a stream comes to be connected, and between which ends.
namespace router::net {
namespace {

// What the kernel may hold of ours that it has not sent yet. By itself it takes megabytes for a
// peer that reads slowly, and some hundred of those use up the memory that all TCP of the machine
// shares: then the kernel resets connections that have nothing to do with them.
constexpr int kMostUnsentInKernel = 256 * 1024;

// Our end; nothing if it has gone.
std::optional<sockaddr_storage> LocalSocket(const uv_tcp_t& tcp) {
  sockaddr_storage address{};
  int length = sizeof address;
  if (uv_tcp_getsockname(&tcp, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    return std::nullopt;
  return address;
}

struct Attempt {
  uv_connect_t request;
  std::coroutine_handle<> waiter;
  bool ended = false;
  int status = 0;

  bool await_ready() const { return ended; }
  void await_suspend(std::coroutine_handle<> handle) { waiter = handle; }
  void await_resume() {}
};

}  // namespace

void Tune(uv_tcp_t* tcp) {
  uv_tcp_nodelay(tcp, 1);
  uv_tcp_keepalive(tcp, 1, 60);
  uv_os_fd_t socket;
  if (uv_fileno(AsHandle(tcp), &socket) == 0)
    setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kMostUnsentInKernel, sizeof(int));
}

std::string Stream::LocalAddress() const {
  const auto address = LocalSocket(handles_->tcp);
  return address ? AddressText(*address) : std::string();
}

std::string Stream::LocalEndpoint() const {
  const auto address = LocalSocket(handles_->tcp);
  return address ? EndpointText(*address) : std::string();
}

Task<Result<std::unique_ptr<Stream>>> Stream::Connect(Loop& loop, std::string host, uint16_t port,
                                                      Milliseconds timeout,
                                                      Milliseconds write_stall) {
  timeout = std::clamp<Milliseconds>(timeout, Milliseconds(0), std::chrono::years(1));
  const SteadyTime by = loop.Now() + timeout;
  auto addresses = co_await Resolve(loop, host, port, by);
  if (!addresses) co_return std::unexpected(addresses.error());
  const std::string endpoint = host + ":" + std::to_string(port);
  Error last{Errc::kConnect, Blame::kUpstream, true, endpoint + ": the name has no address"};
  size_t untried = addresses->size();
  for (const sockaddr_storage& address : *addresses) {
    std::unique_ptr<Stream> stream(new Stream(loop, write_stall));
    // One address that swallows everything leaves the others their share.
    auto left = std::chrono::duration_cast<Milliseconds>(by - loop.Now()) / untried--;
    int status = co_await stream->TryConnect(address, left);
    if (status == 0) co_return std::move(stream);
    co_await stream->Close();
    last.code = status == UV_ECANCELED ? Errc::kTimeout : Errc::kConnect;
    last.detail =
        endpoint + ": " + (status == UV_ECANCELED ? "no connection in time" : uv_strerror(status));
    if (untried > 0 && loop.Now() >= by) {
      last.code = Errc::kTimeout;
      last.detail = endpoint + ": no connection in time";
      break;
    }
  }
  co_return std::unexpected(last);
}

// 0, an error of libuv, or UV_ECANCELED at the deadline, which closes the socket.
Task<int> Stream::TryConnect(const sockaddr_storage& address, Milliseconds timeout) {
  Attempt attempt;
  attempt.request.data = &attempt;
  int status =
      uv_tcp_connect(&attempt.request, &handles_->tcp, reinterpret_cast<const sockaddr*>(&address),
                     [](uv_connect_t* request, int result) {
                       auto* self = static_cast<Attempt*>(request->data);
                       self->status = result;
                       self->ended = true;
                       if (self->waiter) self->waiter.resume();
                     });
  if (status != 0) co_return status;
  uv_timer_start(
      &handles_->write_stall,
      [](uv_timer_t* timer) { static_cast<Stream*>(timer->data)->OnConnectDeadline(); },
      static_cast<uint64_t>(std::max<int64_t>(timeout.count(), 1)), 0);
  co_await attempt;
  if (attempt.status != 0) co_return attempt.status;
  uv_timer_stop(&handles_->write_stall);
  Tune(&handles_->tcp);
  peer_address_ = AddressText(address);
  co_return 0;
}

void Stream::OnConnectDeadline() {
  if (!Happened(POLLOUT)) return static_cast<void>(StartClose());
  uv_timer_start(&handles_->write_stall, handles_->write_stall.timer_cb, 1, 0);
}

}  // namespace router::net
