#include "storage/held_memory.h"

#include <cstring>
#include <gtest/gtest.h>
#include <vector>

namespace holdfast::storage {
namespace {

constexpr std::size_t kMebibyte = 1 << 20;

TEST(HeldMemory, LendsWhatIsWantedWhileMuchIsFree) {
  HeldMemory memory(25 * kMebibyte);
  const HeldMemory::Room room = memory.lend(8 * kMebibyte + 1);
  EXPECT_EQ(room.span().size(), 8 * kMebibyte + 1);
  std::memset(room.span().data(), 'x', room.span().size());
  EXPECT_EQ(memory.lent(), room.span().size());
  EXPECT_EQ(memory.lend(1).span().size(), 1u);
}

TEST(HeldMemory, GivesEverybodyLessWhenManyWantMuch) {
  constexpr std::size_t kBudget = 25 * kMebibyte, kMany = 256;
  HeldMemory memory(kBudget);
  std::vector<HeldMemory::Room> rooms;
  for (std::size_t i = 0; i < kMany; ++i) {
    rooms.push_back(memory.lend(8 * kMebibyte));
    EXPECT_GE(rooms.back().span().size(), kLeastHeld);
    if (i > 0) {
      EXPECT_LE(rooms[i].span().size(), rooms[i - 1].span().size());
    }
  }
  EXPECT_LE(memory.lent(), kBudget + kMany * kLeastHeld);
  EXPECT_EQ(rooms.back().span().size(), kLeastHeld);
  EXPECT_EQ(memory.lend(100).span().size(), 100u) << "little is never refused";
  rooms.clear();
  EXPECT_EQ(memory.lent(), 0u);
  EXPECT_EQ(memory.lend(8 * kMebibyte).span().size(), 8 * kMebibyte);
}

}  // namespace
}  // namespace holdfast::storage
