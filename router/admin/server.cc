#include "router/admin/server.h"

#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <set>
#include <thread>

#include "router/admin/api.h"
#include "router/admin/bounded_stream.h"
#include "router/admin/page.h"
#include "router/base/log.h"

namespace router::admin {
namespace {

constexpr size_t kPathLength = 1024;              // bytes; the longest of ours has a UID of 64
constexpr size_t kBodyLength = size_t{16} << 10;  // bytes
constexpr int kWaiting = 64;                      // connections that wait for a thread

// Set while a connection is handed over that no thread will have time for.
thread_local bool refusing = false;

// A fixed number of threads and a bounded number of connections that wait for one.
class BoundedPool : public httplib::ThreadPool {
 public:
  explicit BoundedPool(int threads) : ThreadPool(static_cast<size_t>(threads)) {}

  void enqueue(std::function<void()> serve) override {
    if (waiting_.load() >= kWaiting) {
      refusing = true;
      serve();  // closes it
      refusing = false;
      return;
    }
    ++waiting_;
    ThreadPool::enqueue([this, serve = std::move(serve)] {
      --waiting_;
      serve();
    });
  }

 private:
  std::atomic<int> waiting_{0};
};

Ask AskOf(const httplib::Request& request) {
  Ask ask{.method = request.method,
          .path = request.path,
          .query = {},
          .body = request.body,
          .caller = {}};
  for (const auto& [key, value] : request.params) ask.query.emplace(key, value);
  ask.caller = {.address = request.remote_addr,
                .host = request.get_header_value("Host"),
                .authorization = request.get_header_value("Authorization")};
  return ask;
}

void Fill(const Answer& answer, httplib::Response& response) {
  response.status = answer.status;
  response.set_content(answer.body, answer.type);
  if (answer.status == 401) response.set_header("WWW-Authenticate", "Bearer");
}

std::string_view WhyUnread(int status) {
  switch (status) {
    case 413:
      return "the body is too long; 16 KiB are read";
    case 414:
      return "the path is too long";
    case 404:
      return "there is no such path here";
    default:
      return "this is no request that can be answered";
  }
}

}  // namespace

// The library's server with a bounded stream under each request. Its threads end in Stop.
class Server::Listener : public httplib::Server {
 public:
  Listener(ServerOptions options, Source& source)
      : options_(std::move(options)), api_(options_.token, options_.only_metrics, source) {
    SetLimits();
    SetHandlers();
  }
  ~Listener() override { Stop(); }

  Result<> Start();
  void Stop();
  uint16_t port() const { return port_; }

 private:
  void SetLimits();
  void SetHandlers();
  Result<> Bind();
  bool process_and_close_socket(socket_t socket) override;
  void Remember(int socket);
  void CloseAndForget(int socket);

  ServerOptions options_;
  Api api_;
  uint16_t port_ = 0;
  std::thread thread_;
  std::atomic<bool> ended_{false};

  std::mutex mutex_;
  bool stopping_ = false;  // under mutex_
  std::set<int> sockets_;  // under mutex_: of requests under way
};

void Server::Listener::SetLimits() {
  set_payload_max_length(kBodyLength);
  set_tcp_nodelay(true);
  new_task_queue = [threads = options_.threads] { return new BoundedPool(threads); };
  // Not SO_REUSEPORT, the library's default: a second Sluice must not share the port in silence.
  set_socket_options([](socket_t socket) {
    int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  });
  set_default_headers({{"Cache-Control", "no-store"},
                       {"Content-Security-Policy", PagePolicy()},
                       {"Referrer-Policy", "no-referrer"},
                       {"X-Content-Type-Options", "nosniff"},
                       {"X-Frame-Options", "DENY"}});
}

void Server::Listener::SetHandlers() {
  // The library matches paths by regular expressions that recurse once per character.
  set_pre_routing_handler([](const httplib::Request& request, httplib::Response& response) {
    if (request.path.size() <= kPathLength) return HandlerResponse::Unhandled;
    Fill(Refusal(414, WhyUnread(414)), response);
    return HandlerResponse::Handled;
  });
  auto handle = [this](const httplib::Request& request, httplib::Response& response) {
    Fill(api_.Handle(AskOf(request)), response);
  };
  Get(".*", handle), Post(".*", handle), Put(".*", handle), Patch(".*", handle);
  Delete(".*", handle), Options(".*", handle);
  set_exception_handler(
      [](const httplib::Request& request, httplib::Response& response, const std::exception_ptr&) {
        log::Error("request to the API failed", {{"method", request.method}});
        Fill(Refusal(500, "this failed; the log says when"), response);
      });
  set_error_handler([](const httplib::Request&, httplib::Response& response) {
    if (response.body.empty()) {
      Fill(Refusal(response.status, WhyUnread(response.status)), response);
    }
  });
}

Result<> Server::Listener::Bind() {
  std::vector<std::string> hosts = {options_.host};
  if (options_.host.empty()) hosts = {"::", "0.0.0.0"};  // without IPv6, IPv4 alone
  for (const std::string& host : hosts) {
    errno = 0;
    int port = options_.port;
    if (port == 0) {
      port = bind_to_any_port(host);
    } else if (!bind_to_port(host, port)) {
      port = -1;
    }
    if (port > 0) {
      port_ = static_cast<uint16_t>(port);
      ::listen(svr_sock_,
               kWaiting);  // the library's backlog of 5 makes a few callers wait a second
      return {};
    }
  }
  std::string why = errno == 0 ? "no such address here" : std::strerror(errno);
  return Fail(Errc::kConnect, Blame::kInternal,
              "admin: cannot listen on " + options_.host + ":" + std::to_string(options_.port) +
                  ": " + why);
}

Result<> Server::Listener::Start() {
  if (auto bound = Bind(); !bound) return bound;
  thread_ = std::thread([this] {
    listen_after_bind();
    ended_ = true;
  });
  // The library cannot be stopped before it runs.
  while (!is_running() && !ended_) std::this_thread::yield();
  return {};
}

void Server::Listener::Stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (int socket : sockets_) shutdown(socket, SHUT_RD);
  }
  stop();
  thread_.join();
}

void Server::Listener::Remember(int socket) {
  std::lock_guard lock(mutex_);
  sockets_.insert(socket);
  if (stopping_) shutdown(socket, SHUT_RD);
}

void Server::Listener::CloseAndForget(int socket) {
  shutdown(socket, SHUT_WR);
  // What the peer still sends is taken, a little, so that our answer is not lost to a reset.
  char rest[4096];
  for (int i = 0; i < 64 && recv(socket, rest, sizeof rest, MSG_DONTWAIT) > 0; ++i) {
  }
  std::lock_guard lock(mutex_);
  sockets_.erase(socket);
  close(socket);
}

bool Server::Listener::process_and_close_socket(socket_t socket) {
  if (refusing) {
    close(socket);
    return false;
  }
  Remember(socket);
  BoundedStream stream(socket, std::chrono::steady_clock::now() + options_.request_within,
                       options_.request_bytes);
  bool closed = false;
  bool served = process_request(stream, /*close_connection=*/true, closed, nullptr);
  CloseAndForget(socket);
  return served;
}

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, Source& source) {
  auto listener = std::make_unique<Listener>(std::move(options), source);
  if (auto started = listener->Start(); !started) return std::unexpected(started.error());
  return std::unique_ptr<Server>(new Server(std::move(listener)));
}

Server::Server(std::unique_ptr<Listener> listener) : listener_(std::move(listener)) {}
Server::~Server() = default;
uint16_t Server::port() const { return listener_->port(); }

}  // namespace router::admin
