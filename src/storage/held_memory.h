// Memory for what is held of bodies on their way, one budget over all of them. Thread-safe.
#pragma once

#include <cstddef>
#include <mutex>
#include <span>

namespace holdfast::storage {

inline constexpr std::size_t kLeastHeld = 256 << 10;  // bytes that every body may hold

// Thread-safe; must outlive what it lends. In use at most: the budget, and kLeastHeld a body.
class HeldMemory {
 public:
  explicit HeldMemory(std::size_t budget) : budget_(budget) {}

  // Comes from the system and goes back there, so that nothing of it stays in an allocator's pools.
  class Room {
   public:
    Room(HeldMemory& home, std::size_t size);  // of what lend() has set aside
    Room(Room&& other) noexcept;
    Room& operator=(Room&&) = delete;
    ~Room();
    std::span<char> span() const { return {bytes_, size_}; }

   private:
    HeldMemory* home_;
    char* bytes_;
    std::size_t size_;
  };
  // At most `wanted` bytes (at least 1): a third of what is free, so that those who come later
  // get some too; but never less than kLeastHeld, if so much is wanted. Never waits: who holds the
  // rest may be a client that sends slowly. Throws Unavailable when the system has no memory.
  Room lend(std::size_t wanted);
  std::size_t lent() const;

 private:
  void give_back(std::size_t size);

  const std::size_t budget_;
  mutable std::mutex mutex_;
  std::size_t lent_ = 0;
};

}  // namespace holdfast::storage
