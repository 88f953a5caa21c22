#include "dashboard/attempts.h"

#include <gtest/gtest.h>
#include <string>

namespace holdfast::dashboard {
namespace {

constexpr SteadyTime kStart{std::chrono::hours(1)};

void be_wrong(Attempts& attempts, const std::string& address, int times) {
  for (int i = 0; i < times; ++i) attempts.note_wrong(address, kStart);
}

TEST(Attempts, AreTenAtOnceAndOneMoreAfterAWhile) {
  Attempts attempts;
  be_wrong(attempts, "10.0.0.1", 9);
  EXPECT_FALSE(attempts.must_wait("10.0.0.1", kStart));
  be_wrong(attempts, "10.0.0.1", 1);
  EXPECT_TRUE(attempts.must_wait("10.0.0.1", kStart));
  EXPECT_FALSE(attempts.must_wait("10.0.0.1", kStart + Attempts::kForgiven));
}

TEST(Attempts, OfOneAddressDoNotCountForAnother) {
  Attempts attempts;
  be_wrong(attempts, "10.0.0.1", 50);
  EXPECT_FALSE(attempts.must_wait("10.0.0.2", kStart));
}

TEST(Attempts, OfMoreAddressesThanAreRememberedCountTogether) {
  Attempts attempts;
  for (std::size_t i = 0; i < Attempts::kMostAddresses; ++i) {
    be_wrong(attempts, "a" + std::to_string(i), 1);
  }
  EXPECT_FALSE(attempts.must_wait("late1", kStart));
  for (int i = 0; i < 5; ++i) be_wrong(attempts, "late1", 1), be_wrong(attempts, "late2", 1);
  EXPECT_TRUE(attempts.must_wait("late1", kStart));
  EXPECT_TRUE(attempts.must_wait("late3", kStart));
  EXPECT_FALSE(attempts.must_wait("a0", kStart));  // it has a place
}

TEST(Attempts, MakeRoomWhenTheyAreForgiven) {
  Attempts attempts;
  for (std::size_t i = 0; i < Attempts::kMostAddresses; ++i) {
    be_wrong(attempts, "a" + std::to_string(i), 1);
  }
  const SteadyTime later = kStart + Attempts::kForgiven;
  for (int i = 0; i < Attempts::kAllowed; ++i) attempts.note_wrong("late", later);
  EXPECT_TRUE(attempts.must_wait("late", later));
  EXPECT_FALSE(attempts.must_wait("another", later));
}

}  // namespace
}  // namespace holdfast::dashboard
