#include "base/log.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast {
namespace {

using ::testing::EndsWith;
using ::testing::MatchesRegex;

class LogTest : public ::testing::Test {
 protected:
  ~LogTest() override { log::set_level(log::Level::kInfo); }
  Context context_ = Context::background();
};

TEST_F(LogTest, ALineHasTimeLevelPrefixAndMessage) {
  testing::internal::CaptureStderr();
  log::warning(context_.named("backup"), "something {} odd");
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              MatchesRegex("[0-9-]+T[0-9:.]+Z warning \\[backup\\] something \\{\\} odd\n"));
}

TEST_F(LogTest, WithoutPrefixThereAreNoBrackets) {
  testing::internal::CaptureStderr();
  log::error(context_, "[gone]");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), EndsWith("Z error [gone]\n"));
}

TEST_F(LogTest, LevelsBelowTheLimitAreSilent) {
  log::set_level(log::Level::kWarning);
  testing::internal::CaptureStderr();
  log::debug(context_, "a");
  log::info(context_, "b");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  log::set_level(log::Level::kDebug);
  testing::internal::CaptureStderr();
  log::debug(context_, "a");
  log::info(context_, "b");
  std::string lines = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2);
}

TEST_F(LogTest, WhatComesFromOutsideCannotForgeALine) {
  testing::internal::CaptureStderr();
  log::info(context_.named("a\nb"), "x\r\n2026-01-01T00:00:00.000Z error forged\x1b[31m");
  std::string line = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace holdfast
