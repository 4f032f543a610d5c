#pragma once
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

}  // namespace router::hold
