#include "storage/folder/locks.h"

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "support/test_folder.h"

namespace holdfast::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(LocksTest, AScanHearsOfWhatIsReplacedMeanwhile) {
  ChangeLog log;
  auto before = std::make_unique<ChangeLog::Change>(log, "folder", "begun before");
  ChangeLog::Scan scan(log, "folder");
  before.reset();
  {
    ChangeLog::Change inside(log, "folder", "inside");
  }
  {
    ChangeLog::Change elsewhere(log, "another", "elsewhere");
  }
  EXPECT_THAT(scan.take(), ElementsAre("begun before", "inside"));
  EXPECT_THAT(scan.take(), IsEmpty());
}

TEST(LocksTest, AScanHearsNothingOfWhatIsOver) {
  ChangeLog log;
  {
    ChangeLog::Change over(log, "folder", "over");
  }
  ChangeLog::Scan scan(log, "folder");
  EXPECT_THAT(scan.take(), IsEmpty());
}

TEST(LocksTest, EveryChangeIsCountedWhenItBeginsAndEnds) {
  ChangeLog log;
  std::uint64_t first = log.generation("folder");
  {
    ChangeLog::Change change(log, "folder", "name");
    EXPECT_NE(log.generation("folder"), first);
    first = log.generation("folder");
  }
  EXPECT_NE(log.generation("folder"), first);
}

TEST(LocksTest, OneKeyHasOneLock) {
  KeyLocks locks;
  EXPECT_EQ(&locks.of("a/b"), &locks.of(std::string("a/") + "b"));
}

TEST(LocksTest, ManyThreadsSyncOneFolder) {
  TemporaryFolder place(place_for_folders());
  Descriptor folder = open_folder(place.path());
  FolderSync sync;
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) sync.sync(folder.get(), "test");
      ++done;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 8);
}

TEST(LocksTest, AFailedSyncIsTold) {
  FolderSync sync;
  EXPECT_THROW(sync.sync(-1, "test"), Error);
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  Descriptor read(pipe_ends[0]), write(pipe_ends[1]);
  EXPECT_THROW(sync.sync(read.get(), "a pipe cannot be synced"), Error);
  EXPECT_THROW(sync.sync(read.get(), "nor at the second try"), Error);
}

}  // namespace
}  // namespace holdfast::storage
