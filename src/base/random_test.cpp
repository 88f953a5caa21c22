#include "base/random.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

namespace holdfast {
namespace {

TEST(Random, GivesAsManyBytesAsAsked) {
  EXPECT_EQ(random_bytes(0), "");
  EXPECT_EQ(random_bytes(7).size(), 7u);
  // More than the kernel hands out at once.
  std::string large = random_bytes(70'000);
  EXPECT_EQ(large.size(), 70'000u);
  EXPECT_GT(std::set<char>(large.end() - 4096, large.end()).size(), 200u);
}

TEST(Random, HexIsTwoLowerCaseCharactersAByte) {
  std::string text = random_hex(32);
  EXPECT_EQ(text.size(), 64u);
  EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(Random, NeverTheSameTwice) {
  std::set<std::string> texts;
  std::set<std::uint64_t> numbers;
  for (int i = 0; i < 1000; ++i) {
    texts.insert(random_hex(16));
    numbers.insert(random_number());
  }
  EXPECT_EQ(texts.size(), 1000u);
  EXPECT_EQ(numbers.size(), 1000u);
}

}  // namespace
}  // namespace holdfast
