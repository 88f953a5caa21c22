#include "transfer/rate_limiter.h"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "base/error.h"

namespace holdfast::transfer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RateLimiterTest : public testing::Test {
 protected:
  Duration passed() const { return clock_.steady() - start_; }

  FakeClock clock_{WallTime{}};
  Context context_ = Context::with_clock(clock_);
  SteadyTime start_ = clock_.steady();
};

TEST_F(RateLimiterTest, UnlimitedNeverWaits) {
  RateLimiter limiter(0);
  for (int i = 0; i < 100; ++i) limiter.take(context_, 1ull << 40);
  EXPECT_EQ(passed(), Duration::zero());
  EXPECT_FALSE(limiter.limited());
}

TEST_F(RateLimiterTest, HoldsTheRateAfterTheSavedTenthOfASecond) {
  RateLimiter limiter(1000);
  limiter.take(context_, 100);  // what a new bucket holds
  EXPECT_EQ(passed(), Duration::zero());
  limiter.take(context_, 500);
  EXPECT_EQ(passed(), Duration::zero());
  limiter.take(context_, 500);
  EXPECT_EQ(passed(), milliseconds(500));
  limiter.take(context_, 0);
  EXPECT_EQ(passed(), seconds(1));
}

TEST_F(RateLimiterTest, AnIdleBucketDoesNotSaveMore) {
  RateLimiter limiter(1000);
  limiter.take(context_, 100);
  clock_.advance(std::chrono::hours(1));
  start_ = clock_.steady();
  for (int i = 0; i < 11; ++i) limiter.take(context_, 1000);
  EXPECT_EQ(passed(), milliseconds(9900));
}

TEST_F(RateLimiterTest, ManyThreadsShareOneRate) {
  RateLimiter limiter(1'000'000);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 25; ++j) limiter.take(context_, 100'000);
    });
  }
  for (std::thread& thread : threads) thread.join();
  limiter.take(context_, 0);
  // 10 MB at 1 MB/s less the saved tenth; a thread may have moved the clock a little on.
  EXPECT_GE(passed(), milliseconds(9900));
  EXPECT_LE(passed(), milliseconds(14'000));
}

TEST_F(RateLimiterTest, AWaitEndsWithItsContext) {
  RateLimiter limiter(1);
  Context context = context_.cancellable();
  limiter.take(context, 1000);
  context.cancel();
  EXPECT_THROW(limiter.take(context, 1), Cancelled);
  EXPECT_THROW(limiter.take(context_.with_timeout(seconds(5)), 1), DeadlineExceeded);
}

TEST_F(RateLimiterTest, FewThreadsShareALowRate) {
  EXPECT_EQ(RateLimiter(0).threads(8), 8u);
  EXPECT_EQ(RateLimiter(1).threads(8), 1u);
  EXPECT_EQ(RateLimiter(3 << 20).threads(8), 3u);
  EXPECT_EQ(RateLimiter(1ull << 40).threads(8), 8u);
  EXPECT_EQ(RateLimiter(1).threads(0), 1u);
}

TEST_F(RateLimiterTest, ALimitedSourceHandsOutSlicesInTime) {
  std::string bytes(1'000'000, 'x');
  MemorySource inner(bytes);
  RateLimiter limiter(100'000);
  LimitedSource source(context_, inner, limiter);
  EXPECT_EQ(source.size(), bytes.size());
  std::vector<char> buffer(bytes.size());
  EXPECT_EQ(source.read(buffer), 65536u);
  EXPECT_EQ(read_full(source, buffer), bytes.size() - 65536);
  EXPECT_EQ(source.read(buffer), 0u);
  EXPECT_EQ(passed(), milliseconds(9900));
  EXPECT_TRUE(source.rewind());
  EXPECT_EQ(source.size(), bytes.size());
}

}  // namespace
}  // namespace holdfast::transfer
