#include "router/net/resolve.h"

#include <netinet/in.h>
#include <uv.h>

#include <cstring>
#include <memory>

#include "router/net/signal.h"

namespace router::net {
namespace {

// What libuv writes to. It outlives who asked if the answer comes too late; the callback frees it
// then, else who asked does.
struct Question {
  uv_getaddrinfo_t request;
  Signal* answered;  // null: nobody waits any more
  int status = 0;
};

std::vector<sockaddr_storage> Literal(const std::string& host, uint16_t port) {
  sockaddr_storage address{};
  if (uv_ip4_addr(host.c_str(), port, reinterpret_cast<sockaddr_in*>(&address)) == 0 ||
      uv_ip6_addr(host.c_str(), port, reinterpret_cast<sockaddr_in6*>(&address)) == 0)
    return {address};
  return {};
}

void OnAnswer(uv_getaddrinfo_t* request, int status, addrinfo* found) {
  auto* question = static_cast<Question*>(request->data);
  if (question->answered) {
    question->status = status;
    question->answered->Notify();
    return;
  }
  uv_freeaddrinfo(found);
  delete question;
}

std::vector<sockaddr_storage> TakeAddresses(addrinfo* found) {
  std::vector<sockaddr_storage> addresses;
  for (addrinfo* next = found; next; next = next->ai_next) {
    sockaddr_storage address{};
    std::memcpy(&address, next->ai_addr, next->ai_addrlen);
    addresses.push_back(address);
  }
  uv_freeaddrinfo(found);
  return addresses;
}

}  // namespace

Task<Result<std::vector<sockaddr_storage>>> Resolve(Loop& loop, std::string host, uint16_t port,
                                                    SteadyTime by) {
  auto literal = Literal(host, port);
  if (!literal.empty()) co_return std::move(literal);
  Signal answered(loop);
  auto question = std::make_unique<Question>();
  question->request.data = question.get();
  question->answered = &answered;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  std::string service = std::to_string(port);
  int status = uv_getaddrinfo(loop.uv(), &question->request, OnAnswer, host.c_str(),
                              service.c_str(), &hints);
  if (status == 0) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(by - loop.Now());
    bool in_time = co_await answered.Wait(std::max(left, std::chrono::milliseconds(0)));
    if (!in_time) {
      question->answered = nullptr;
      // Succeeds only while the question still waits for a thread; OnAnswer is called either way.
      uv_cancel(reinterpret_cast<uv_req_t*>(&question.release()->request));
      co_return Fail(Errc::kTimeout, Blame::kUpstream,
                     host + ":" + service + ": the name was not resolved in time", true);
    }
    status = question->status;
  }
  if (status != 0)
    co_return Fail(Errc::kConnect, Blame::kUpstream,
                   "the name " + host + " does not resolve: " + uv_strerror(status), true);
  co_return TakeAddresses(question->request.addrinfo);
}

}  // namespace router::net
