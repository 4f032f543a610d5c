#pragma once
#include <set>
#include <utility>
#include <vector>

#include "router/hold/gate.h"

namespace router::hold {

// Questions of one instance that is being judged. On the stack of the coroutine that waits, which
// takes it off the list when its time is over.
struct Gate::Wish {
  Wish(net::Loop& home, std::vector<Question> what) : questions(std::move(what)), done(home) {}
  std::vector<Question> questions;
  std::vector<Uid> found;
  bool asked = false;
  net::Signal done;
};

// One instance whose client waits with it. On the stack likewise.
struct Gate::Waiter {
  Waiter(net::Loop& home, const std::vector<Uid>& missing)
      : uids(missing.begin(), missing.end()), known(home) {}
  const std::set<Uid> uids;
  net::Signal known;  // one of them was stored, or found
};

}  // namespace router::hold
