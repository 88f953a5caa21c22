#include "base/worker_pool.h"

#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <set>

#include "base/error.h"

namespace holdfast {
namespace {

const Context kContext = Context::background();

TEST(WorkerPool, RunsEveryTask) {
  std::atomic<int> sum = 0;
  WorkerPool pool(kContext, 3);
  for (int i = 1; i <= 100; ++i) pool.submit([&sum, i] { sum += i; });
  pool.finish();
  EXPECT_EQ(sum, 5050);
}

TEST(WorkerPool, CanBeUsedAgainAfterFinish) {
  std::atomic<int> count = 0;
  WorkerPool pool(kContext, 2);
  pool.finish();
  pool.submit([&] { ++count; });
  pool.finish();
  pool.submit([&] { ++count; });
  pool.finish();
  EXPECT_EQ(count, 2);
}

TEST(WorkerPool, NoThreadsMeansOne) {
  std::atomic<int> count = 0;
  WorkerPool pool(kContext, 0);
  for (int i = 0; i < 5; ++i) pool.submit([&] { ++count; });
  pool.finish();
  EXPECT_EQ(count, 5);
}

// Two tasks that each wait for the other can only end when both run at the same time.
TEST(WorkerPool, RunsAsManyAtOnceAsAsked) {
  std::promise<void> first, second;
  WorkerPool pool(kContext, 2);
  pool.submit([&] {
    first.set_value();
    second.get_future().wait();
  });
  pool.submit([&] {
    second.set_value();
    first.get_future().wait();
  });
  pool.finish();
}

TEST(WorkerPool, NeverMoreThanAsked) {
  std::atomic<int> running = 0, most = 0;
  WorkerPool pool(kContext, 3);
  for (int i = 0; i < 200; ++i) {
    pool.submit([&] {
      int now = ++running;
      int seen = most;
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      --running;
    });
  }
  pool.finish();
  EXPECT_LE(most, 3);
  EXPECT_GE(most, 1);
}

TEST(WorkerPool, SubmitWaitsWhileTheQueueIsFull) {
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  std::atomic<int> submitted = 0;
  std::promise<void> running;
  WorkerPool pool(kContext, 1, 2);
  std::thread producer([&] {
    for (int i = 0; i < 6; ++i) {
      pool.submit([&, i, opened] {
        if (i == 0) running.set_value();
        opened.wait();
      });
      ++submitted;
    }
  });
  running.get_future().wait();
  // One runs and two wait: the fourth cannot have been taken, however long we looked.
  EXPECT_LE(submitted, 3);
  gate.set_value();
  producer.join();
  pool.finish();
  EXPECT_EQ(submitted, 6);
}

TEST(WorkerPool, TheFirstFailureIsRethrownAndCancelsTheRest) {
  std::atomic<int> after = 0;
  WorkerPool pool(kContext, 1, 100);
  std::promise<void> gate;
  pool.submit([&] {
    gate.get_future().wait();
    throw Corrupt("read a", "wrong");
  });
  for (int i = 0; i < 50; ++i) pool.submit([&] { ++after; });
  EXPECT_FALSE(pool.context().cancelled());
  gate.set_value();
  EXPECT_THROW(pool.finish(), Corrupt);
  EXPECT_EQ(after, 0);
  EXPECT_TRUE(pool.context().cancelled());
  EXPECT_FALSE(kContext.cancelled());
  EXPECT_THROW(pool.submit([] {}), Corrupt);
  EXPECT_THROW(pool.finish(), Corrupt);
}

TEST(WorkerPool, AFailureReachesTasksThatRun) {
  WorkerPool pool(kContext, 2);
  pool.submit(
      [&pool] { EXPECT_THROW(pool.context().sleep(std::chrono::hours(24), "x"), Cancelled); });
  pool.submit([] { throw Failed("a", "b"); });
  EXPECT_THROW(pool.finish(), Failed);
}

TEST(WorkerPool, AFailureFreesABlockedProducer) {
  std::promise<void> gate;
  WorkerPool pool(kContext, 1, 1);
  pool.submit([&] {
    gate.get_future().wait();
    throw Failed("a", "b");
  });
  std::thread opener([&] { gate.set_value(); });
  EXPECT_THROW(
      {
        while (true) pool.submit([] {});
      },
      Failed);
  opener.join();
}

TEST(WorkerPool, DestroyingDropsWhatWaitsAndStopsWhatRuns) {
  std::atomic<int> count = 0;
  std::promise<void> running;
  {
    WorkerPool pool(kContext, 1, 10);
    pool.submit([&] {
      running.set_value();
      EXPECT_THROW(pool.context().sleep(std::chrono::hours(24), "x"), Cancelled);
    });
    running.get_future().wait();
    for (int i = 0; i < 5; ++i) pool.submit([&] { ++count; });
  }
  EXPECT_EQ(count, 0);
}

TEST(WorkerPool, ATaskIsGoneOnceItRan) {
  auto owned = std::make_shared<int>(1);
  WorkerPool pool(kContext, 1);
  pool.submit([owned] {});
  pool.finish();
  EXPECT_EQ(owned.use_count(), 1);
}

}  // namespace
}  // namespace holdfast
