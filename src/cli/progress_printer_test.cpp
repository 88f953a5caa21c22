#include "cli/progress_printer.h"

#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

namespace holdfast::cli {
namespace {

using namespace std::chrono_literals;

class ProgressPrinterTest : public ::testing::Test {
 protected:
  ProgressPrinterTest() { EXPECT_EQ(::pipe(ends_), 0); }
  ~ProgressPrinterTest() override {
    ::close(ends_[0]);
    if (ends_[1] >= 0) ::close(ends_[1]);
  }
  std::string printed() {
    ::close(ends_[1]);
    ends_[1] = -1;
    std::string text;
    char buffer[4096];
    for (ssize_t count; (count = ::read(ends_[0], buffer, sizeof buffer)) > 0;)
      text.append(buffer, std::size_t(count));
    return text;
  }

  FakeClock clock_{WallTime{}};
  Context context_ = Context::with_clock(clock_);
  int ends_[2];
};

TEST_F(ProgressPrinterTest, LinesTellBytesRateAndTimeLeft) {
  {
    ProgressPrinter progress(context_, ProgressStyle::kLines, ends_[1]);
    progress.phase("upload", 100 << 20, 10);
    clock_.advance(10s);
    progress.advance(25 << 20, 2);
    progress.advance(0, 0);  // too soon for another line
  }
  EXPECT_EQ(printed(),
            "upload: 25.00MiB of 100.00MiB (25%), 2 of 10 objects, 2.50MiB/s, 30s left\n"
            "upload: 25.00MiB of 100.00MiB (25%), 2 of 10 objects, 2.50MiB/s, 30s left\n");
}

TEST_F(ProgressPrinterTest, ATerminalsLineIsRewrittenAndEnded) {
  {
    ProgressPrinter progress(context_, ProgressStyle::kTerminal, ends_[1]);
    progress.phase("check", 0, 0);
    clock_.advance(1s);
    progress.advance(2048, 1);
    progress.note("a decision");
  }
  std::string text = printed();
  EXPECT_EQ(text.find('\n'), text.find("a decision") + 10);
  EXPECT_NE(text.find("\r\033[Kcheck: 2.00KiB, 1 objects, 2.00KiB/s"), std::string::npos);
  EXPECT_EQ(text.back(), '\n');
}

TEST_F(ProgressPrinterTest, SilenceIsSilent) {
  {
    ProgressPrinter progress(context_, ProgressStyle::kSilent, ends_[1]);
    progress.phase("upload", 1, 1);
    clock_.advance(1min);
    progress.advance(1, 1);
    progress.note("nothing");
  }
  EXPECT_EQ(printed(), "");
}

}  // namespace
}  // namespace holdfast::cli
