#pragma once
#include <functional>
#include <memory>
#include <string>

#include "router/base/result.h"
#include "router/net/loop.h"

namespace router::net {

// A listening socket. One loop accepts for all: it hands each new descriptor to `on_connection`,
// which passes it to the loop with the fewest sessions (several listeners with SO_REUSEPORT put
// four long associations on one loop in nine cases of ten).
//
// On its loop; Close must be awaited before it ends.
class Acceptor {
 public:
  // The socket, non-blocking, belongs to the one who is called.
  using OnConnection = std::function<void(int socket)>;

  // An empty address listens on all of both families; port 0 takes a free one.
  static Result<std::unique_ptr<Acceptor>> Listen(Loop& loop, const std::string& address,
                                                  uint16_t port, OnConnection on_connection);
  // A socket that is listening already (socket activation), blocking or not. kBadConfig if it does
  // not listen; it then stays the caller's.
  static Result<std::unique_ptr<Acceptor>> Adopt(Loop& loop, int listening,
                                                 OnConnection on_connection);
  ~Acceptor();

  uint16_t port() const { return port_; }

  struct [[nodiscard]] CloseAwaiter {
    Acceptor& acceptor;
    bool await_ready() { return !acceptor.StartClose(); }
    void await_suspend(std::coroutine_handle<> waiter) {
      if (acceptor.closer_) log::Fatal("two close one acceptor");
      acceptor.closer_ = waiter;
    }
    void await_resume() {}
  };
  CloseAwaiter Close() { return {*this}; }

 private:
  struct Handles;
  Acceptor(Loop& loop, int listening, OnConnection on_connection);
  void Accept();
  void Pause();
  bool StartClose();

  int listening_;
  uint16_t port_ = 0;
  OnConnection on_connection_;
  std::unique_ptr<Handles> handles_;
  std::coroutine_handle<> closer_;
  int open_handles_ = 2;
};

}  // namespace router::net
