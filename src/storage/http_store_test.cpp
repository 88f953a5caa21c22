#include "storage/http_store.h"

#include <gtest/gtest.h>

namespace holdfast::storage {
namespace {

TEST(HttpStore, ContentRangesAreReadExactly) {
  auto range = parse_content_range("bytes 5-9/100");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 5u);
  EXPECT_EQ(range->last, 9u);
  EXPECT_EQ(range->total, 100u);
  for (const char* bad :
       {"", "bytes", "bytes 5-9", "bytes 9-5/100", "bytes 5-100/100", "bytes */100",
        "bytes 5/9-100", "items 5-9/100", "bytes 5-9/x", "bytes 5-99999999999999999999/100"}) {
    EXPECT_FALSE(parse_content_range(bad)) << bad;
  }
}

TEST(HttpStore, RangesAreWrittenAsHttpWantsThem) {
  EXPECT_EQ(range_header({.first = 3}), "bytes=3-");
  EXPECT_EQ(range_header({.first = 3, .last = 5}), "bytes=3-5");
  EXPECT_EQ(range_header({.first = 3, .suffix = 7}), "bytes=-7");
}

TEST(HttpStore, EtagsLoseTheirQuotes) {
  EXPECT_EQ(unquoted("\"a\""), "a");
  EXPECT_EQ(unquoted("W/\"a\""), "a");
  EXPECT_EQ(unquoted("a"), "a");
  EXPECT_EQ(unquoted("\""), "\"");
  EXPECT_EQ(quote_etag("a"), "\"a\"");
}

TEST(HttpStore, NumbersAreWholeTexts) {
  EXPECT_EQ(parse_number("18446744073709551615"), ~0ull);
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616"}) {
    EXPECT_FALSE(parse_number(bad)) << bad;
  }
}

TEST(HttpStore, TextsOfOthersAreCutAndCleaned) {
  EXPECT_EQ(cleaned_text("It\tis\r\nso. .", 100), "It is  so");
  EXPECT_EQ(cleaned_text("abcdef", 3), "abc");
  EXPECT_EQ(cleaned_text("", 3), "");
}

TEST(HttpStore, DocumentsAreReadUpToALimit) {
  const std::string text(40'000, 'x');
  MemorySource source(text);
  EXPECT_EQ(read_some(source, 100'000), text);
  MemorySource again(text);
  EXPECT_GE(read_some(again, 20'000).size(), 20'000u);
}

TEST(HttpStore, TheShorterTimeOfARequestIsPassingTrouble) {
  FakeClock clock(parse_rfc3339("2026-11-22T10:00:00Z"));
  Context context = Context::with_clock(clock).with_timeout(std::chrono::hours(1));
  auto outlive = [&](const Context& shorter) { shorter.sleep(std::chrono::hours(2), "wait"); };
  EXPECT_THROW(within(context, std::chrono::minutes(1), "put b/k", outlive), Unavailable);
  Context ends = Context::with_clock(clock).with_timeout(std::chrono::seconds(1));
  EXPECT_THROW(within(ends, std::chrono::minutes(1), "put b/k", outlive), DeadlineExceeded);
}

}  // namespace
}  // namespace holdfast::storage
