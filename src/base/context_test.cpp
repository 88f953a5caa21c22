#include "base/context.h"

#include <gtest/gtest.h>
#include <thread>

#include "base/error.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

class ContextTest : public ::testing::Test {
 protected:
  FakeClock clock_{WallTime()};
  Context root_ = Context::with_clock(clock_);
};

TEST_F(ContextTest, ARootHasNoEnd) {
  EXPECT_EQ(root_.remaining(), std::nullopt);
  EXPECT_EQ(root_.remaining_or(3s), 3s);
  EXPECT_FALSE(root_.cancelled());
  EXPECT_NO_THROW(root_.check("anything"));
  EXPECT_EQ(root_.prefix(), "");
  EXPECT_EQ(&root_.clock(), &clock_);
  EXPECT_EQ(&Context::background().clock(), &system_clock());
}

TEST_F(ContextTest, NamesAdd) {
  Context child = root_.named("backup").named("victoria-metrics-0");
  EXPECT_EQ(child.prefix(), "backup victoria-metrics-0");
  EXPECT_EQ(root_.prefix(), "");
  EXPECT_EQ(child.with_timeout(1s).cancellable().prefix(), child.prefix());
  EXPECT_EQ(child.detached().prefix(), child.prefix());
}

TEST_F(ContextTest, AChildCanOnlyShortenTheDeadline) {
  Context outer = root_.with_timeout(10s);
  EXPECT_EQ(outer.with_timeout(20s).remaining(), 10s);
  EXPECT_EQ(outer.with_timeout(3s).remaining(), 3s);
  EXPECT_EQ(outer.remaining(), 10s);
  EXPECT_EQ(outer.remaining_or(4s), 4s);
  EXPECT_EQ(outer.remaining_or(40s), 10s);
}

TEST_F(ContextTest, ADeadlinePasses) {
  Context context = root_.with_timeout(10s);
  clock_.advance(9s);
  EXPECT_NO_THROW(context.check("get"));
  clock_.advance(1s);
  try {
    context.check("get a");
    FAIL();
  } catch (const DeadlineExceeded& error) {
    EXPECT_EQ(error.subject(), "get a");
  }
  clock_.advance(1h);
  EXPECT_EQ(context.remaining(), 0s);
}

TEST_F(ContextTest, ADeadlineDoesNotFollowTheWallClock) {
  Context context = root_.with_timeout(10s);
  clock_.jump_wall(24h);
  EXPECT_NO_THROW(context.check("get"));
  EXPECT_EQ(context.remaining(), 10s);
}

TEST_F(ContextTest, CancellingReachesChildrenAndNotParents) {
  Context parent = root_.cancellable();
  Context child = parent.named("x").with_timeout(1h).cancellable();
  Context sibling = root_.cancellable();
  parent.cancel();
  EXPECT_TRUE(parent.cancelled());
  EXPECT_TRUE(child.cancelled());
  EXPECT_FALSE(root_.cancelled());
  EXPECT_FALSE(sibling.cancelled());
  EXPECT_THROW(child.check("x"), Cancelled);
  EXPECT_NO_THROW(sibling.check("x"));
}

TEST_F(ContextTest, CancellingAChildLeavesTheParent) {
  Context child = root_.cancellable();
  child.cancel();
  EXPECT_TRUE(child.cancelled());
  EXPECT_FALSE(root_.cancelled());
  EXPECT_FALSE(root_.cancellable().cancelled());
}

TEST_F(ContextTest, AContextThatWasNotMadeCancellableSharesTheFlagOfItsMaker) {
  Context named = root_.named("x");
  named.cancel();
  EXPECT_TRUE(root_.cancelled());
}

TEST_F(ContextTest, SleepMovesTheClockOn) {
  SteadyTime start = clock_.steady();
  root_.sleep(5min, "wait");
  EXPECT_EQ(clock_.steady() - start, 5min);
}

TEST_F(ContextTest, SleepEndsAtTheDeadline) {
  SteadyTime start = clock_.steady();
  EXPECT_THROW(root_.with_timeout(2s).sleep(1h, "wait"), DeadlineExceeded);
  EXPECT_EQ(clock_.steady() - start, 2s);
}

TEST_F(ContextTest, SleepEndsAtOnceWhenCancelled) {
  SteadyTime start = clock_.steady();
  Context context = root_.cancellable();
  context.cancel();
  EXPECT_THROW(context.sleep(1h, "wait"), Cancelled);
  EXPECT_EQ(clock_.steady(), start);
}

// On the machine's clock: only cancelling ends this, however the two threads are scheduled.
TEST(ContextOnTheMachinesClock, CancelWakesASleeper) {
  Context context = Context::background().cancellable();
  std::thread sleeper([&] { EXPECT_THROW(context.sleep(24h, "wait"), Cancelled); });
  context.cancel();
  sleeper.join();
}

}  // namespace
}  // namespace holdfast
