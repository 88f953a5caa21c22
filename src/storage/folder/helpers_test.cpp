#include "storage/folder/helpers.h"

#include <chrono>
#include <gtest/gtest.h>
#include <set>

#include "base/error.h"

namespace holdfast::storage {
namespace {

TEST(HelpersTest, EveryNumberIsWorkedOnce) {
  Helpers helpers;
  for (std::size_t count : {0, 1, 7, 8, 9, 1001}) {
    std::vector<std::atomic<int>> worked(count);
    helpers.each(count, [&](std::size_t i) { ++worked[i]; });
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(worked[i], 1) << i << " of " << count;
  }
}

TEST(HelpersTest, SeveralThreadsWorkAtOnce) {
  Helpers helpers;
  std::mutex mutex;
  std::condition_variable met;
  std::set<std::thread::id> inside;
  bool together = false;
  helpers.each(100, [&](std::size_t) {
    std::unique_lock lock(mutex);
    inside.insert(std::this_thread::get_id());
    together = together || inside.size() > 1;
    met.notify_all();
    if (!met.wait_for(lock, std::chrono::minutes(1), [&] { return together; })) {
      throw Failed("wait", "no other thread came");
    }
  });
  EXPECT_GT(inside.size(), 1u);
}

TEST(HelpersTest, WithoutThreadsTheCallerWorks) {
  Helpers helpers(0);
  std::set<std::thread::id> workers;
  helpers.each(100, [&](std::size_t) { workers.insert(std::this_thread::get_id()); });
  EXPECT_EQ(workers, std::set{std::this_thread::get_id()});
}

TEST(HelpersTest, AFailureEndsTheWorkAndIsThrown) {
  Helpers helpers;
  std::atomic<std::size_t> worked{0};
  const auto fail = [&](std::size_t) {
    ++worked;
    throw NotFound("a number", "it is gone");
  };
  EXPECT_THROW(helpers.each(100000, fail), NotFound);
  // One for each thread that had begun.
  EXPECT_LE(worked, 4u);
  // What comes after it is done whole.
  worked = 0;
  helpers.each(100, [&](std::size_t) { ++worked; });
  EXPECT_EQ(worked, 100u);
}

TEST(HelpersTest, ManyCallersGetTheirOwnWorkDone) {
  Helpers helpers;
  std::vector<std::thread> callers;
  std::atomic<std::size_t> wrong{0};
  for (int caller = 0; caller < 8; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        std::atomic<std::size_t> sum{0};
        helpers.each(64, [&](std::size_t i) { sum += i; });
        if (sum != 64 * 63 / 2) ++wrong;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace holdfast::storage
