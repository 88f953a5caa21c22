#include "base/process.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast {
namespace {

TEST(Process, ThisProcessIsAlive) {
  ProcessIdentity self = this_process();
  EXPECT_EQ(self.pid, ::getpid());
  EXPECT_GT(self.start, 0u);
  EXPECT_EQ(liveness(self), Liveness::kAlive);
}

TEST(Process, AReusedPidIsAnotherProcess) {
  ProcessIdentity earlier = this_process();
  earlier.start -= 1;
  EXPECT_EQ(liveness(earlier), Liveness::kDead);
}

TEST(Process, AnEndedChildIsDead) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  pid_t child = ::fork();
  if (child == 0) {
    ProcessIdentity own = this_process();
    ssize_t written = ::write(pipe_ends[1], &own.start, sizeof own.start);
    ::_exit(written == ssize_t(sizeof own.start) ? 0 : 1);
  }
  ProcessIdentity identity = this_process();
  identity.pid = child;
  ASSERT_EQ(::read(pipe_ends[0], &identity.start, sizeof identity.start),
            ssize_t(sizeof identity.start));
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(liveness(identity), Liveness::kDead);
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
}

TEST(Process, NothingIsKnownOfAnotherMachine) {
  ProcessIdentity other = this_process();
  other.boot_id = "another boot";
  EXPECT_EQ(liveness(other), Liveness::kUnknown);
  other = this_process();
  other.pid_namespace = "pid:[1]";
  EXPECT_EQ(liveness(other), Liveness::kUnknown);
}

}  // namespace
}  // namespace holdfast
