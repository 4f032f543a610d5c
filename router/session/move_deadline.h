#pragma once
#include <optional>

#include "router/session/move_legs.h"

namespace router::session {

// By when a destination has to have answered one sub-operation, whether it is still being sent or
// was sent: `answer_within` from upstream's last fragment. Then whoever waits on its leg is woken
// with kTimeout, and upstream is told of a failure. On the session's loop.
class MoveDeadline {
 public:
  MoveDeadline(net::Loop& loop, MoveLegs::Leg& leg) : loop_(loop), leg_(leg), changed_(loop) {}
  MoveDeadline(const MoveDeadline&) = delete;
  MoveDeadline& operator=(const MoveDeadline&) = delete;

  // Until it is set there is none. Once.
  void Set(SteadyTime by);
  net::Milliseconds left() const;  // at least 1; once it is set

  // What `sending` does with the leg, kept in time.
  template <class T>
  Task<T> Keep(Task<T> sending) {
    std::optional<T> value;
    co_await net::Both(Await(std::move(sending), &value), Watch());
    co_return std::move(*value);
  }

 private:
  template <class T>
  Task<> Await(Task<T> sending, std::optional<T>* value) {
    T done = co_await sending;
    value->emplace(std::move(done));
    over_ = true;
    changed_.Notify();
  }
  Task<> Watch();

  net::Loop& loop_;
  MoveLegs::Leg& leg_;
  net::Signal changed_;
  std::optional<SteadyTime> by_;
  bool over_ = false;
};

}  // namespace router::session
