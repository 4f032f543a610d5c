#include "router/session/move_deadline.h"

#include <algorithm>

namespace router::session {

void MoveDeadline::Set(SteadyTime by) {
  by_ = by;
  changed_.Notify();
}

net::Milliseconds MoveDeadline::left() const {
  const auto left = std::chrono::duration_cast<net::Milliseconds>(*by_ - loop_.Now());
  return std::max(left, net::Milliseconds(1));
}

Task<> MoveDeadline::Watch() {
  while (!over_ && (!by_ || loop_.Now() < *by_)) {
    net::Milliseconds wait(-1);
    if (by_) wait = left();
    co_await changed_.Wait(wait);
  }
  if (over_) co_return;
  if (leg_.association)
    leg_.association->Interrupt(
        {Errc::kTimeout, Blame::kUpstream, true, "it has not answered in time"});
  while (!over_) co_await changed_.Wait();
}

}  // namespace router::session
