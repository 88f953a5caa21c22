#include "base/child.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "base/error.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;

CommandResult run(std::vector<std::string> arguments, Duration time = 60s) {
  return run_command(Context::background().with_timeout(time), {.arguments = std::move(arguments)});
}

TEST(Child, TellsStatusAndOutputOfBothStreams) {
  const CommandResult result = run({"sh", "-c", "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(result.status, 3);
  EXPECT_EQ(result.output, "out\nerr\n");
  EXPECT_EQ(run({"sh", "-c", "kill -TERM $$"}).status, 128 + SIGTERM);
  EXPECT_EQ(run({"true"}).status, 0);
}

TEST(Child, GetsArgumentsAsTheyAreEnvironmentAndFolder) {
  TemporaryFolder folder;
  const CommandResult result =
      run_command(Context::background(),
                  {.arguments = {"sh", "-c", "echo \"$1\" $HOLDFAST_X; pwd", "sh", "a  b;$"},
                   .environment = {{"HOLDFAST_X", "y"}},
                   .folder = folder.path()});
  EXPECT_EQ(result.output, "a  b;$ y\n" + fs::canonical(folder.path()).string() + "\n");
}

TEST(Child, WithoutProgramOrFolderIsNotStarted) {
  EXPECT_THROW(run({"no-such-program-of-holdfast"}), NotFound);
  EXPECT_THROW(run({}), InvalidArgument);
  EXPECT_THROW(
      run_command(Context::background(), {.arguments = {"true"}, .folder = "/nonexistent"}),
      NotFound);
  EXPECT_THROW(run({"/etc/passwd"}), AccessDenied);
}

TEST(Child, IsEndedWithAllThatItStartedWhenItsTimeIsOver) {
  TemporaryFolder folder;
  const std::string file = (folder.path() / "pid").string();
  EXPECT_THROW(run({"sh", "-c", "sleep 600 & echo $! > " + file + "; wait"}, 1s), DeadlineExceeded);
  const int pid = std::stoi(read_file(file, 100));
  // Reaped by whoever adopts it; until then it may be there as a dead one.
  for (int i = 0; i < 500 && ::kill(pid, 0) == 0; ++i) {
    const std::string state = path_exists("/proc/" + std::to_string(pid) + "/stat")
                                  ? read_file("/proc/" + std::to_string(pid) + "/stat", 4096)
                                  : "";
    if (state.find(") Z ") != std::string::npos || state.empty()) return;
    Context::background().sleep(10ms, "wait");
  }
  EXPECT_NE(::kill(pid, 0), 0);
}

TEST(Child, ThatDoesNotListenIsKilled) {
  TemporaryFolder folder;
  const fs::path ready = folder.path() / "ready";
  Child child(
      {.arguments = {"sh", "-c",
                     "trap '' TERM; touch " + ready.string() + "; while :; do sleep 0.05; done"}});
  const Context context = Context::background().with_timeout(60s);
  while (!path_exists(ready)) context.sleep(10ms, "wait for the program");
  child.stop(system_clock(), 300ms);
  EXPECT_EQ(child.poll(), 128 + SIGKILL);
}

TEST(Child, KeepsTheLastOfALotOfOutput) {
  const CommandResult result = run({"sh", "-c", "seq 1 100000"});
  EXPECT_EQ(result.output.size(), 64u << 10);
  EXPECT_TRUE(result.output.ends_with("99999\n100000\n"));
}

}  // namespace
}  // namespace holdfast
