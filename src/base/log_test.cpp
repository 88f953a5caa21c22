#include "base/log.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class LogTest : public ::testing::Test {
 protected:
  ~LogTest() override {
    log::set_level(log::Level::kInfo);
    log::set_format(log::Format::kText);
  }
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

TEST_F(LogTest, ALineTellsItsRun) {
  testing::internal::CaptureStderr();
  log::info(context_.named("clickhouse").with_run("4f1d").named("upload"), "sent");
  log::info(context_.with_run("4f1d").detached(), "kept");
  const std::string lines = testing::internal::GetCapturedStderr();
  EXPECT_THAT(lines, HasSubstr(" info [clickhouse upload run=4f1d] sent\n"));
  EXPECT_THAT(lines, HasSubstr(" info [run=4f1d] kept\n"));
}

TEST_F(LogTest, JsonLines) {
  log::set_format(log::Format::kJson);
  testing::internal::CaptureStderr();
  log::warning(context_.named("clickhouse").with_run("4f1d"), "a \"b\" \\ {} %v \u00e9\n\x1b[31m");
  log::error(context_, "plain");
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              MatchesRegex("[{]\"time\":\"[0-9-]+T[0-9:.]+Z\",\"level\":\"warning\",\"scope\":"
                           "\"clickhouse\",\"run\":\"4f1d\",\"message\":\"a \\\\\"b\\\\\" "
                           "\\\\\\\\ [{][}] %v \u00e9\\\\u000a\\\\u001b\\[31m\"[}]\n"
                           "[{]\"time\":\"[0-9-]+T[0-9:.]+Z\",\"level\":\"error\",\"message\":"
                           "\"plain\"[}]\n"));
}

TEST_F(LogTest, JsonHoldsOnlyWholeCharacters) {
  log::set_format(log::Format::kJson);
  for (const char* bad : {"\xff", "\xc0\x80", "\xe4\xb8", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                          "\xf0\x80\x80\x80", "\xe0\x80\x80", "\x80"}) {
    testing::internal::CaptureStderr();
    log::info(context_, std::string("a") + bad);
    const std::string line = testing::internal::GetCapturedStderr();
    EXPECT_THAT(line, HasSubstr("\"message\":\"a\xEF\xBF\xBD")) << line;
  }
  testing::internal::CaptureStderr();
  log::info(context_, "\u4e16\U0001f600");
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("\"message\":\"\u4e16\U0001f600\""));
}

}  // namespace
}  // namespace holdfast
