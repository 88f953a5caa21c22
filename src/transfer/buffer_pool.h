// Buffers that are lent, so that a transfer allocates as many as it has threads and no more.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace holdfast::transfer {

// Thread-safe; must outlive what it lends.
class BufferPool {
 public:
  // Buffers hold up to `size` bytes; smaller ones than kSmall are made and freed as asked.
  explicit BufferPool(std::size_t size) : size_(size) {}

  class Buffer {
   public:
    Buffer(BufferPool* home, std::unique_ptr<char[]> bytes, std::size_t size)
        : home_(home), bytes_(std::move(bytes)), size_(size) {}
    Buffer(Buffer&&) noexcept = default;
    Buffer& operator=(Buffer&&) = delete;
    ~Buffer();
    std::span<char> span() { return {bytes_.get(), size_}; }

   private:
    BufferPool* home_;  // null: freed, not given back
    std::unique_ptr<char[]> bytes_;
    std::size_t size_;
  };
  // A buffer of `size` bytes, at most the pool's.
  Buffer lend(std::size_t size);

 private:
  static constexpr std::size_t kSmall = 256 * 1024;

  const std::size_t size_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<char[]>> free_;
};

}  // namespace holdfast::transfer
