#include "base/operation.h"

#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"

namespace holdfast {
namespace {

// The plan is read from the environment once a process, so every case runs in a process of its own,
// started anew
// ("threadsafe") because this one has passed operations already.
class OperationTest : public ::testing::Test {
 protected:
  OperationTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

// Three operations; the process's exit status tells how it went.
[[noreturn]] void work(const char* variable, const char* value) {
  ::setenv(variable, value, 1);
  int done = 0;
  try {
    {
      Operation operation("file.rename", "a");
    }
    ++done;
    {
      Operation operation("storage.put", "b");
    }
    ++done;
    {
      Operation operation("file.rename", "c");
      std::fputs("inside the third\n", stderr);
    }
    ++done;
    std::fputs("after the third\n", stderr);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s: %s\n", std::string(name_of(error.kind())).c_str(), error.what());
  }
  std::_Exit(10 + done);
}

TEST_F(OperationTest, WithoutAPlanAllPass) {
  EXPECT_EXIT(work("HOLDFAST_OTHER", "1"), testing::ExitedWithCode(13), "");
}

TEST_F(OperationTest, FailsByKindAndCount) {
  EXPECT_EXIT(work("HOLDFAST_FAIL_AT", "file.rename=no_space"), testing::ExitedWithCode(10),
              "no_space: file.rename a: made to fail by a test");
  EXPECT_EXIT(work("HOLDFAST_FAIL_AT", "file.rename:2=unavailable"), testing::ExitedWithCode(12),
              "unavailable: file.rename c");
  EXPECT_EXIT(work("HOLDFAST_FAIL_AT", "storage.put=corrupt"), testing::ExitedWithCode(11),
              "corrupt: storage.put b");
  EXPECT_EXIT(work("HOLDFAST_FAIL_AT", "file.rename:3=corrupt"), testing::ExitedWithCode(13), "");
}

TEST_F(OperationTest, FailsByNumber) {
  EXPECT_EXIT(work("HOLDFAST_FAIL_AT", "2=access_denied"), testing::ExitedWithCode(11),
              "access_denied: storage.put b");
}

TEST_F(OperationTest, AnUnknownErrorNameIsAPlainFailure) {
  EXPECT_EXIT(work("HOLDFAST_FAIL_AT", "1=nonsense"), testing::ExitedWithCode(10), "failed: ");
}

TEST_F(OperationTest, KillsBeforeOrAfter) {
  EXPECT_EXIT(work("HOLDFAST_KILL_AT", "3:before"), testing::KilledBySignal(SIGKILL), "^$");
  EXPECT_EXIT(work("HOLDFAST_KILL_AT", "file.rename:2:after"), testing::KilledBySignal(SIGKILL),
              "^inside the third\n$");
  EXPECT_EXIT(work("HOLDFAST_KILL_AT", "storage.put:before"), testing::KilledBySignal(SIGKILL),
              "^$");
  EXPECT_EXIT(work("HOLDFAST_KILL_AT", "4:before"), testing::ExitedWithCode(13), "");
}

TEST_F(OperationTest, TracesEveryOperationWithItsNumber) {
  // The process that runs the case starts this test anew, so the folder's name must not change.
  fs::path file = fs::temp_directory_path() / ("holdfast-trace-" + std::to_string(::getuid()));
  fs::remove(file);
  EXPECT_EXIT(work("HOLDFAST_TRACE_OPERATIONS", file.c_str()), testing::ExitedWithCode(13), "");
  EXPECT_EQ(read_file(file, 1000), "1 file.rename a\n2 storage.put b\n3 file.rename c\n");
  fs::remove(file);
}

}  // namespace
}  // namespace holdfast
