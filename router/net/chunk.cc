#include "router/net/chunk.h"

#include <utility>

namespace router::net {

ByteBudget& ByteBudget::OfChunks() {
  static ByteBudget budget;
  return budget;
}

bool ByteBudget::Take(size_t bytes) {
  size_t before = used_.fetch_add(bytes, std::memory_order_relaxed);
  if (before + bytes > limit_.load(std::memory_order_relaxed)) {
    used_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  size_t seen = highest_.load(std::memory_order_relaxed);
  while (before + bytes > seen &&
         !highest_.compare_exchange_weak(seen, before + bytes, std::memory_order_relaxed)) {
  }
  return true;
}

Chunk::Chunk(Chunk&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)),
      memory_(std::move(other.memory_)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

Chunk& Chunk::operator=(Chunk&& other) noexcept {
  if (this == &other) return *this;
  Release();
  pool_ = std::exchange(other.pool_, nullptr);
  memory_ = std::move(other.memory_);
  size_ = std::exchange(other.size_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
  return *this;
}

void Chunk::Release() {
  if (!memory_) return;
  size_ = 0;
  pool_->Return(std::move(memory_), std::exchange(capacity_, 0));
}

Chunk ChunkPool::Take() {
  ByteBudget& budget = ByteBudget::OfChunks();
  bool pressed = budget.used() > budget.limit() / 16;
  size_t capacity = pressed ? kSmall : kLarge;
  Chunk chunk;
  if (!budget.Take(capacity)) {
    if (pressed || !budget.Take(capacity = kSmall)) return chunk;
  }
  auto& kept = capacity == kLarge ? large_ : small_;
  if (kept.empty()) {
    chunk.memory_ = std::make_unique_for_overwrite<std::byte[]>(capacity);
  } else {
    chunk.memory_ = std::move(kept.back());
    kept.pop_back();
  }
  chunk.pool_ = this;
  chunk.capacity_ = capacity;
  return chunk;
}

void ChunkPool::Return(std::unique_ptr<std::byte[]> memory, size_t capacity) {
  ByteBudget::OfChunks().Return(capacity);
  auto& kept = capacity == kLarge ? large_ : small_;
  if (kept.size() < kKept) kept.push_back(std::move(memory));
}

}  // namespace router::net
