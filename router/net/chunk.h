#pragma once
#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "router/base/bytes.h"

namespace router::net {

// The bytes that may be held in chunks at once, over all loops. Reads wait beyond it, so that
// slow receivers slow their senders down in place of filling memory.
class ByteBudget {
 public:
  static ByteBudget& OfChunks();  // 256 MiB unless SetLimit says otherwise

  bool Take(size_t bytes);
  void Return(size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  void SetLimit(size_t bytes) { limit_.store(bytes, std::memory_order_relaxed); }
  size_t used() const { return used_.load(std::memory_order_relaxed); }
  size_t limit() const { return limit_.load(std::memory_order_relaxed); }
  size_t highest() const { return highest_.load(std::memory_order_relaxed); }

 private:
  std::atomic<size_t> used_{0}, highest_{0}, limit_{256u << 20};
};

class ChunkPool;

// What one read brought. Move-only; its memory goes back to the pool of its loop at its end, so a
// chunk never leaves its loop. Views into it are good as long as it lives.
class Chunk {
 public:
  Chunk() = default;
  Chunk(Chunk&& other) noexcept;
  Chunk& operator=(Chunk&& other) noexcept;
  ~Chunk() { Release(); }

  Bytes bytes() const { return {memory_.get(), size_}; }
  bool empty() const { return size_ == 0; }
  void Release();  // gives the memory back early

 private:
  friend class ChunkPool;
  friend class Stream;
  ChunkPool* pool_ = nullptr;
  std::unique_ptr<std::byte[]> memory_;
  size_t size_ = 0, capacity_ = 0;
};

// Read buffers of one loop, reused. They are large (256 KiB, measured) while few are out, small
// (32 KiB) under pressure: many slow associations then hold little each.
class ChunkPool {
 public:
  static constexpr size_t kLarge = 256 << 10, kSmall = 32 << 10;

  // An empty chunk with capacity, or one without if the budget is used up: try again later.
  Chunk Take();

 private:
  friend class Chunk;
  static constexpr size_t kKept = 16;  // of each size
  void Return(std::unique_ptr<std::byte[]> memory, size_t capacity);

  std::vector<std::unique_ptr<std::byte[]>> large_, small_;
};

}  // namespace router::net
