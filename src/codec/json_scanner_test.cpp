#include "codec/json_scanner.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast::codec {
namespace {

const JsonOrigin kOrigin{.what = "read x"};

std::string_view skip_all(std::string_view json) {
  JsonScanner scanner(json, kOrigin);
  const std::string_view span = scanner.skip();
  scanner.end();
  return span;
}

void expect_corrupt(std::string_view json, const std::string& why) {
  try {
    skip_all(json);
    ADD_FAILURE() << json << " was read, expected: " << why;
  } catch (const Corrupt& error) {
    EXPECT_EQ(error.to_string(), "read x: " + why);
  }
}

TEST(JsonScanner, PassesEveryKindOfValue) {
  for (std::string_view json :
       {"null", "true", "false", "0", "-0", "10", "-1.5e+10", "0.1E-3", "\"\"", "\"a\"", "[]", "{}",
        "[1,[2],{\"a\":3}]", "{\"a\":{\"b\":[]},\"c\":\"}\"}", " [ 1 , 2 ] ", "\t{\r\n\"a\" : 1 } ",
        R"("\"\\\/\b\f\n\r\t\u00e4\uD83D\uDE00")"}) {
    const std::string_view span = skip_all(json);
    const std::size_t begin = json.find_first_not_of(" \t");
    EXPECT_EQ(span, json.substr(begin, json.find_last_not_of(' ') + 1 - begin));
  }
}

TEST(JsonScanner, RefusesWhatIsNoJson) {
  expect_corrupt("", "the JSON is cut off (byte 0)");
  expect_corrupt("  ", "the JSON is cut off (byte 2)");
  expect_corrupt("nul", "there is no JSON value (byte 0)");
  expect_corrupt("+1", "there is no JSON value (byte 0)");
  expect_corrupt("NaN", "there is no JSON value (byte 0)");
  expect_corrupt("'a'", "there is no JSON value (byte 0)");
  expect_corrupt("01", "there are bytes behind the JSON (byte 1)");
  expect_corrupt("1.", "a number is malformed (byte 2)");
  expect_corrupt("-", "a number is malformed (byte 1)");
  expect_corrupt("1e", "a number is malformed (byte 2)");
  expect_corrupt("1 2", "there are bytes behind the JSON (byte 2)");
  expect_corrupt("[1", "a comma or the end of an array is missing (byte 2)");
  expect_corrupt("[1,]", "a value is missing (byte 3)");
  expect_corrupt("[,1]", "there is no JSON value (byte 1)");
  expect_corrupt("[1}", "a comma or the end of an array is missing (byte 2)");
  expect_corrupt("{\"a\":1", "a comma or the end of an object is missing (byte 6)");
  expect_corrupt("{\"a\":1,}", "the name of a member is missing (byte 7)");
  expect_corrupt("{\"a\" 1}", "a colon is missing (byte 5)");
  expect_corrupt("{1:1}", "the name of a member is missing (byte 1)");
}

TEST(JsonScanner, RefusesTextsThatAreNone) {
  expect_corrupt("\"abc", "the text is cut off (byte 4)");
  expect_corrupt("\"abcdefghij", "the text is cut off (byte 11)");
  expect_corrupt("\"a\nb\"", "there is a control character in a text (byte 2)");
  expect_corrupt(std::string_view("\"1234567\0\"", 10),
                 "there is a control character in a text (byte 8)");
  expect_corrupt("\"\\x\"", "an escape is malformed (byte 1)");
  expect_corrupt(std::string_view("\"\\\0\"", 4), "an escape is malformed (byte 1)");
  expect_corrupt("\"\\u12G4\"", "an escape is malformed (byte 1)");
  expect_corrupt("\"\\u12", "the text is cut off (byte 1)");
  expect_corrupt("\"\\", "the text is cut off (byte 1)");
}

TEST(JsonScanner, RefusesWhatIsNoUtf8) {
  for (std::string_view good : {"\"\x7F\"", "\"\xC3\xA4\"", "\"\xE2\x82\xAC\"", "\"\xEF\xBF\xBF\"",
                                "\"\xF0\x9F\x98\x80\"", "\"\xF4\x8F\xBF\xBF\""}) {
    EXPECT_EQ(skip_all(good), good);
  }
  for (std::string_view bad :
       {"\"\x80\"", "\"\xC0\x80\"", "\"\xC3\"", "\"\xE0\x80\x80\"", "\"\xED\xA0\x80\"",
        "\"\xE2\x82\"", "\"\xF0\x80\x80\x80\"", "\"\xF4\x90\x80\x80\"", "\"\xF5\x80\x80\x80\"",
        "\"\xFF\"", "\"\xC3", "\"\xE2\x82\xC0\""}) {
    expect_corrupt(bad, "the text is not UTF-8 (byte 1)");
  }
}

// Every place of a mark in the eight bytes that are looked at together.
TEST(JsonScanner, FindsTheEndOfATextAtEveryPlace) {
  for (std::size_t length = 0; length < 40; ++length) {
    const std::string plain(length, 'x');
    EXPECT_EQ(skip_all("\"" + plain + "\""), "\"" + plain + "\"");
    EXPECT_EQ(skip_all("\"" + plain + "\\n" + plain + "\""), "\"" + plain + "\\n" + plain + "\"");
    EXPECT_EQ(skip_all("\"" + plain + "\xC3\xA4!\""), "\"" + plain + "\xC3\xA4!\"");
    expect_corrupt(
        "\"" + plain + "\x1F" + plain + "\"",
        "there is a control character in a text (byte " + std::to_string(length + 1) + ")");
  }
}

TEST(JsonScanner, BoundsTheDepth) {
  const std::size_t most = JsonScanner::kDepth;
  const std::string deepest = std::string(most, '[') + std::string(most, ']');
  EXPECT_EQ(skip_all(deepest), deepest);
  expect_corrupt("[" + deepest + "]", "arrays and objects lie too deep in each other (byte " +
                                          std::to_string(most) + ")");
  expect_corrupt(
      std::string(1'000'000, '['),
      "arrays and objects lie too deep in each other (byte " + std::to_string(most) + ")");
}

TEST(JsonScanner, StepsThroughMembersAndElements) {
  JsonScanner scanner(R"( {"a":[1, "t"],"b":null} )", kOrigin);
  std::string_view name;
  bool first = true, first_element = true;
  scanner.open('{', "no object");
  ASSERT_TRUE(scanner.next_member(first, name));
  EXPECT_EQ(name, "a");
  scanner.open('[', "no array");
  ASSERT_TRUE(scanner.next_element(first_element));
  EXPECT_EQ(scanner.plain("no number"), "1");
  ASSERT_TRUE(scanner.next_element(first_element));
  EXPECT_EQ(scanner.text("no text"), "t");
  EXPECT_FALSE(scanner.next_element(first_element));
  ASSERT_TRUE(scanner.next_member(first, name));
  EXPECT_EQ(name, "b");
  EXPECT_EQ(scanner.skip(), "null");
  EXPECT_FALSE(scanner.next_member(first, name));
  scanner.end();
}

TEST(JsonScanner, SaysWhatItExpectedAndWhere) {
  const std::string_view line = "{\"a\":[]}";
  JsonScanner scanner(line.substr(5), {"read x", 12, line});
  try {
    scanner.text("the label is not a text");
    ADD_FAILURE() << "it was read";
  } catch (const Corrupt& error) {
    EXPECT_EQ(error.to_string(), "read x: the label is not a text (line 12, column 6)");
  }
  EXPECT_THROW(scanner.plain("no number"), Corrupt);
  EXPECT_THROW(scanner.open('{', "no object"), Corrupt);
}

TEST(JsonText, UndoesEscapes) {
  EXPECT_EQ(json_text("plain", kOrigin), "plain");
  EXPECT_EQ(json_text(R"(a\"\\\/\b\f\n\r\tz)", kOrigin), "a\"\\/\b\f\n\r\tz");
  EXPECT_EQ(json_text(R"(\u0041\u00e4\u20AC\uD83D\uDE00)", kOrigin),
            "A\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(json_text(R"(\u0000)", kOrigin), std::string(1, '\0'));
}

TEST(JsonText, RefusesHalfASurrogatePair) {
  for (std::string_view raw : {R"(\uD83D)", R"(\uDE00)", R"(\uD83Dx)", R"(\uD83D\u0041)",
                               R"(\uD83D\n)", R"(\uDE00\uD83D)"}) {
    EXPECT_THROW(json_text(raw, kOrigin), Corrupt) << raw;
  }
}

TEST(JsonText, QuotesAsTinkerPopDoes) {
  std::string out;
  append_json_quoted("a\"\\/\b\f\n\r\t\x01\x1F\x7F\xC3\xA4", out);
  EXPECT_EQ(out, "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001F\x7F\xC3\xA4\"");
  EXPECT_EQ(json_text(std::string_view(out).substr(1, out.size() - 2), kOrigin),
            "a\"\\/\b\f\n\r\t\x01\x1F\x7F\xC3\xA4");
}

}  // namespace
}  // namespace holdfast::codec
