#include "router/net/byte_line.h"

#include <algorithm>

namespace router::net {

Task<ByteLine::Share> ByteLine::Take(uint64_t bytes) {
  bytes = std::min(bytes, limit_);
  auto made = MakePromise<Share>();
  {
    std::lock_guard lock(mutex_);
    if (line_.empty() && used_ + bytes <= limit_) {
      used_ += bytes;
      co_return Share(this, bytes);
    }
    line_.push_back({bytes, std::move(made.first)});
  }
  Future<Share> future = std::move(made.second);
  co_return co_await future;
}

void ByteLine::Return(uint64_t bytes) {
  std::lock_guard lock(mutex_);
  used_ -= bytes;
  while (!line_.empty() && used_ + line_.front().bytes <= limit_) {
    Waiting next = std::move(line_.front());
    line_.pop_front();
    used_ += next.bytes;
    next.promise.Set(Share(this, next.bytes));  // posts; it resumes on its own loop
  }
}

uint64_t ByteLine::used() const {
  std::lock_guard lock(mutex_);
  return used_;
}

}  // namespace router::net
