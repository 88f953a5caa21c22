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

TEST(Child, EndsWithItsGroupWhereThatIsWanted) {
  TemporaryFolder folder;
  const std::string file = (folder.path() / "done").string();
  ChildOptions options{.arguments = {"sh", "-c", "(sleep 0.3; echo done > " + file + ") & exit 3"}};
  EXPECT_EQ(run_command(Context::background(), options).status, 3);
  EXPECT_FALSE(path_exists(file));
  options.arguments[2] = "(sleep 0.3; echo done > " + file + "2) & exit 3";
  options.ends_with_group = true;
  EXPECT_EQ(run_command(Context::background().with_timeout(60s), options).status, 3);
  EXPECT_TRUE(path_exists(file + "2"));
}

TEST(Child, WhoseGroupDoesNotListenIsKilledWithIt) {
  TemporaryFolder folder;
  const fs::path file = folder.path() / "file";
  // The one that it leaves behind takes no SIGTERM and writes for ever.
  ChildOptions options{.arguments = {"sh", "-c",
                                     "(trap '' TERM; while :; do echo x >> \"$0\"; sleep 0.01; "
                                     "done) & while [ ! -s \"$0\" ]; do sleep 0.01; done; wait",
                                     file.string()}};
  options.ends_with_group = true;
  Child child(options);
  while (!path_exists(file)) Context::background().sleep(10ms, "wait");
  child.stop(system_clock(), 200ms);
  Context::background().sleep(50ms, "wait for the last write");
  const std::uint64_t size = size_of_file(file);
  Context::background().sleep(100ms, "wait");
  EXPECT_EQ(size_of_file(file), size);
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
