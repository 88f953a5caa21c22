#include "job/scratch.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

namespace holdfast::job {
namespace {

TEST(ScratchTest, GoesWithItsOwner) {
  TemporaryFolder parent;
  fs::path path;
  {
    Scratch scratch(parent.path(), "vm");
    path = scratch.path();
    write_file_durably(path / "data", "x");
    EXPECT_TRUE(remove_dead_scratches(parent.path(), "vm").empty());
    EXPECT_TRUE(fs::exists(path / "data"));
  }
  EXPECT_TRUE(fs::is_empty(parent.path()));
}

TEST(ScratchTest, OfAKilledDrillIsRemovedByTheNext) {
  TemporaryFolder parent;
  const pid_t child = ::fork();
  if (child == 0) {
    Scratch scratch(parent.path(), "vm");
    write_file_durably(scratch.path() / "data", "x");
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_FALSE(fs::is_empty(parent.path()));
  EXPECT_TRUE(remove_dead_scratches(parent.path(), "another-store").empty());
  EXPECT_EQ(remove_dead_scratches(parent.path(), "vm").size(), 1u);
  EXPECT_TRUE(fs::is_empty(parent.path()));
}

TEST(ScratchTest, ALinkThatSomebodyPutThereIsLeftAlone) {
  TemporaryFolder parent, elsewhere;
  write_file_durably(elsewhere.path() / "precious", "x");
  fs::create_directory_symlink(elsewhere.path(), parent.path() / "holdfast-drill-vm-0123");
  EXPECT_TRUE(remove_dead_scratches(parent.path(), "vm").empty());
  EXPECT_TRUE(fs::exists(elsewhere.path() / "precious"));
}

}  // namespace
}  // namespace holdfast::job
