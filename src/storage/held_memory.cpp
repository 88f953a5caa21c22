#include "storage/held_memory.h"

#include <algorithm>
#include <sys/mman.h>
#include <utility>

#include "base/error.h"

namespace holdfast::storage {

HeldMemory::Room::Room(HeldMemory& home, std::size_t size)
    : home_(&home), bytes_(nullptr), size_(size) {
  void* mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) {
    home.give_back(size);
    throw Unavailable("hold a block", "no memory");
  }
  bytes_ = static_cast<char*>(mapped);
}

HeldMemory::Room::Room(Room&& other) noexcept
    : home_(other.home_), bytes_(std::exchange(other.bytes_, nullptr)), size_(other.size_) {}

HeldMemory::Room::~Room() {
  if (!bytes_) return;
  ::munmap(bytes_, size_);
  home_->give_back(size_);
}

HeldMemory::Room HeldMemory::lend(std::size_t wanted) {
  std::size_t size = 0;
  {
    std::lock_guard lock(mutex_);
    const std::size_t free = budget_ - std::min(budget_, lent_);
    size = std::min(wanted, std::max(kLeastHeld, free / 3));
    lent_ += size;
  }
  return {*this, size};
}

void HeldMemory::give_back(std::size_t size) {
  std::lock_guard lock(mutex_);
  lent_ -= size;
}

std::size_t HeldMemory::lent() const {
  std::lock_guard lock(mutex_);
  return lent_;
}

}  // namespace holdfast::storage
