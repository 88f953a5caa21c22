#include "transfer/buffer_pool.h"

namespace holdfast::transfer {

BufferPool::Buffer BufferPool::lend(std::size_t size) {
  if (size < kSmall) return {nullptr, std::make_unique_for_overwrite<char[]>(size), size};
  {
    std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      Buffer buffer(this, std::move(free_.back()), size);
      free_.pop_back();
      return buffer;
    }
  }
  return {this, std::make_unique_for_overwrite<char[]>(size_), size};
}

BufferPool::Buffer::~Buffer() {
  if (!home_ || !bytes_) return;
  std::lock_guard lock(home_->mutex_);
  home_->free_.push_back(std::move(bytes_));
}

}  // namespace holdfast::transfer
