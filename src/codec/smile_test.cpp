#include "codec/smile.h"

#include <cmath>
#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast::codec {
namespace {

using Json = nlohmann::json;

constexpr char kNamesOnly = 1, kBoth = 3, kAll = 7;

std::string bytes_of(std::initializer_list<int> values) {
  std::string bytes;
  for (int value : values) bytes += char(value);
  return bytes;
}

std::string document(const std::string& body, char flags = kAll) {
  return std::string(":)\n") + flags + body;
}

Json decode(const std::string& bytes) { return decode_smile(bytes, "read x"); }

void expect_corrupt(const std::string& bytes, const std::string& why) {
  try {
    Json json = decode(bytes);
    ADD_FAILURE() << "read as " << json.dump() << ", expected: " << why;
  } catch (const Corrupt& error) {
    EXPECT_NE(error.to_string().find(why), std::string::npos) << error.to_string();
    EXPECT_EQ(error.subject(), "read x");
  }
}

TEST(Smile, LiteralsAndSmallValues) {
  EXPECT_EQ(decode(document("\x20")), "");
  EXPECT_EQ(decode(document("\x21")), nullptr);
  EXPECT_EQ(decode(document("\x22")), false);
  EXPECT_EQ(decode(document("\x23")), true);
  EXPECT_EQ(decode(document("\xC0")), 0);
  EXPECT_EQ(decode(document("\xC1")), -1);
  EXPECT_EQ(decode(document("\xDE")), 15);
  EXPECT_EQ(decode(document("\xDF")), -16);
  EXPECT_EQ(decode(document("\xF8\xF9")), Json::array());
  EXPECT_EQ(decode(document("\xFA\xFB")), Json::object());
  EXPECT_EQ(decode(document("\xC2\xFF")), 1);  // the mark of the end
}

// Bytes out of a snap-UUID.dat that Elasticsearch 7.17.29 wrote.
TEST(Smile, NumbersAsElasticsearchWritesThem) {
  EXPECT_EQ(decode(document(bytes_of({0x24, 0x0D, 0x57, 0x1C, 0x8E}))), 7172999);
  EXPECT_EQ(decode(document(bytes_of({0x25, 0x01, 0x51, 0x01, 0x66, 0x09, 0x50, 0x86}))),
            1795416955395);
  EXPECT_EQ(decode(document(bytes_of({0x24, 0x02, 0x00, 0x80}))), 8192);
}

TEST(Smile, NumbersAtTheirEnds) {
  EXPECT_EQ(decode(document(bytes_of({0x24, 0x1F, 0x7F, 0x7F, 0x7F, 0xBE}))), 2147483647);
  EXPECT_EQ(decode(document(bytes_of({0x24, 0x1F, 0x7F, 0x7F, 0x7F, 0xBF}))), -2147483648ll);
  expect_corrupt(document(bytes_of({0x24, 0x20, 0x00, 0x00, 0x00, 0x80})), "too large");
  const std::string nine(9, '\x7F');
  EXPECT_EQ(decode(document("\x25\x03" + nine.substr(1) + "\xBE")),
            std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(decode(document("\x25\x03" + nine.substr(1) + "\xBF")),
            std::numeric_limits<std::int64_t>::min());
  expect_corrupt(document("\x25\x04" + nine.substr(1) + "\xBE"), "too large");
  expect_corrupt(document(bytes_of({0x24, 0xC0})), "malformed");
}

TEST(Smile, FloatsAreSevenBitsAByte) {
  // 29.9510 is 0x41EF9BA6; -1.5 is 0xBFF8000000000000.
  EXPECT_EQ(decode(document(bytes_of({0x28, 0x04, 0x0F, 0x3E, 0x37, 0x26}))), 29.951f);
  EXPECT_EQ(decode(document(bytes_of({0x29, 0x01, 0x3F, 0x7C, 0, 0, 0, 0, 0, 0, 0}))), -1.5);
  expect_corrupt(document(bytes_of({0x28, 0x84, 0, 0, 0, 0})), "seven bits");
}

TEST(Smile, BigNumbers) {
  // 2^64 - 1 = 00 FF*8: nine bytes, as sevens, then the last two as 2 * 7 + 2 bits.
  EXPECT_EQ(decode(document(bytes_of(
                {0x26, 0x89, 0x00, 0x3F, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x03}))),
            18446744073709551615ull);
  EXPECT_EQ(decode(document(bytes_of({0x26, 0x81, 0x7F, 0x01}))), -1);
  // 2^64 = 01 00*8
  EXPECT_EQ(decode(document(bytes_of({0x26, 0x89, 0x00, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0}))),
            "0x010000000000000000");
  // 1.25 = 125 * 10^-2
  EXPECT_EQ(decode(document(bytes_of({0x2A, 0x84, 0x81, 0x3E, 0x01}))), 1.25);
  EXPECT_EQ(decode(document(bytes_of({0x2A, 0x84, 0x81, 0x41, 0x01}))), -1.25);
  expect_corrupt(document(bytes_of({0x26, 0x80})), "malformed");
}

TEST(Smile, TextsOfEveryLength) {
  auto token = [](int first, std::size_t size, std::size_t smallest) {
    return bytes_of({int(first + (size - smallest))});
  };
  for (std::size_t size = 1; size <= 64; ++size) {
    std::string text(size, 'x');
    std::string bytes = size <= 32 ? token(0x40, size, 1) : token(0x60, size, 33);
    EXPECT_EQ(decode(document(bytes + text)), text);
  }
  for (std::size_t size = 2; size <= 65; ++size) {
    std::string text = std::string(size - 2, 'x') + "\xC3\xA4";
    std::string bytes = size <= 33 ? token(0x80, size, 2) : token(0xA0, size, 34);
    EXPECT_EQ(decode(document(bytes + text)), text);
  }
  EXPECT_EQ(decode(document("\xE0" + std::string(300, 'a') + "\xFC")), std::string(300, 'a'));
  EXPECT_EQ(decode(document("\xE4\xC3\xA4\xFC")), "\xC3\xA4");
  expect_corrupt(document("\x41\xC3\x28"), "UTF-8");
  expect_corrupt(document("\xE0"
                          "abc"),
                 "cut off");
}

TEST(Smile, BinaryValues) {
  const Json expected = Json::binary({0xFF, 0x00, 0x3A});
  EXPECT_EQ(decode(document("\xFD\x83" + bytes_of({0xFF, 0x00, 0x3A}))), expected);
  EXPECT_EQ(decode(document(bytes_of({0xE8, 0x83, 0x7F, 0x40, 0x07, 0x02}))), expected);
  expect_corrupt(document("\xFD\x81x", kBoth), "did not announce");
  expect_corrupt(document("\xFD\x3F\xBFx"), "leads behind");
  expect_corrupt(document("\xFD\x84xyz"), "cut off");
}

TEST(Smile, NamesAreShared) {
  EXPECT_EQ(decode(document("\xF8\xFA\x82"
                            "abc\xC2\xFB\xFA\x40\xC4\xFB\xF9")),
            Json::parse(R"([{"abc":1},{"abc":2}])"));
  EXPECT_EQ(
      decode(document("\xFA\x20\xC2\x34" + std::string(70, 'n') + "\xFC\xC4\xC0\xC3\xA4\xC6\xFB")),
      Json({{"", 1}, {std::string(70, 'n'), 2}, {"\xC3\xA4", 3}}));
  // Empty names take no place, long ones do.
  EXPECT_EQ(decode(document("\xFA\x20\xC2\x34" + std::string(70, 'n') +
                            "\xFC\xFA\x80"
                            "a\xC2\xFB\x41\xC4\xFB")),
            Json({{"", 1}, {std::string(70, 'n'), {{"a", 1}}}, {"a", 2}}));
  expect_corrupt(document("\xFA\x41\xC2\xFB"), "not there");
  expect_corrupt(document("\xF8\xFA\x80"
                          "a\xC2\xFB\xFA\x40\xC4\xFB\xF9",
                          0),
                 "not there");
  expect_corrupt(document("\xFA\x80"
                          "a\xC2\x40\xC2\xFB"),
                 "twice");
  expect_corrupt(document("\xFA\x2F\xFB"), "place of a name");
}

TEST(Smile, LongReferencesAndATableThatBeginsAnew) {
  std::string body = "\xF8";
  for (int i = 0; i < 1024; ++i) {
    body += "\xFA\x83" + std::to_string(1000 + i) + "\xC2\xFB";
  }
  // Name 70 by two bytes; then the table is full, and one more begins it anew at 0.
  EXPECT_EQ(decode(document(body + bytes_of({0xFA, 0x30, 70, 0xC2, 0xFB, 0xF9}))).back(),
            Json({{"1070", 1}}));
  EXPECT_EQ(decode(document(body + bytes_of({0xFA, 0x33, 0xFD, 0xC2, 0xFB, 0xF9}))).back(),
            Json({{"2021", 1}}));
  EXPECT_EQ(decode(document(body + "\xFA\x80"
                                   "x\xC2\xFB\xFA\x40\xC2\xFB\xF9"))
                .back(),
            Json({{"x", 1}}));
  expect_corrupt(document(body + "\xFA\x80"
                                 "x\xC2\xFB\xFA\x41\xC2\xFB\xF9"),
                 "not there");
}

TEST(Smile, ValuesAreSharedWhereTheHeaderSaysSo) {
  EXPECT_EQ(decode(document("\xF8\x42"
                            "abc\x20\x01\xEC" +
                                std::string(1, '\0') + "\xF9",
                            kBoth)),
            Json::parse(R"(["abc","","abc","abc"])"));
  expect_corrupt(document("\xF8\x42"
                          "abc\x01\xF9",
                          kNamesOnly),
                 "not there");
  expect_corrupt(document("\xF8\x42"
                          "abc\x02\xF9",
                          kBoth),
                 "not there");
}

TEST(Smile, WhatIsNoDocumentIsRefused) {
  expect_corrupt("", "not SMILE");
  expect_corrupt("{}", "not SMILE");
  expect_corrupt(":)\n", "cut off");
  expect_corrupt(":)\n\x11\x21", "another version");
  expect_corrupt(document("\x21\x21"), "behind");
  expect_corrupt(document("\x21\xFF\x21"), "behind");
  for (int token : {0x00, 0x27, 0x2B, 0x2C, 0x3A, 0xF0, 0xF9, 0xFB, 0xFC, 0xFE, 0xFF}) {
    expect_corrupt(document(bytes_of({token})), "unknown token");
  }
}

TEST(Smile, EveryTruncationIsCutOff) {
  const std::string whole = document(
      "\xFA\x82"
      "abc\xF8\x24\x02\x80\x42xyz\xE0long\xFC\xFD\x82xx\xF9\xFB");
  ASSERT_EQ(decode(whole)["abc"].size(), 4u);
  for (std::size_t size = 4; size < whole.size(); ++size) {
    expect_corrupt(whole.substr(0, size), "");
  }
}

TEST(Smile, LimitsHold) {
  std::string deep(100, '\xF8'), ends(100, '\xF9');
  EXPECT_NO_THROW(decode(document(deep + ends)));
  expect_corrupt(document("\xF8" + deep + ends + "\xF9"), "too deeply");
  SmileLimits few;
  few.values = 3;
  EXPECT_NO_THROW(decode_smile(document("\xF8\xC0\xC0\xF9"), "x", few));
  EXPECT_THROW(decode_smile(document("\xF8\xC0\xC0\xC0\xF9"), "x", few), Corrupt);
  SmileLimits short_ones;
  short_ones.bytes = 9;  // a short reference names ten bytes again
  EXPECT_THROW(decode_smile(document("\xF8\x44"
                                     "abcde\x01\xF9"),
                            "x", short_ones),
               Corrupt);
}

// As jackson-dataformat-smile 2.14 writes {"LONG": 1, "host": 2, "in": {"host": 3}}: the long name
// is the first of those that are shared, so that "host" is the second.
TEST(Smile, LongNamesTakeAPlaceAmongTheSharedOnes) {
  const std::string longest(65, 'a');
  const std::string bytes = std::string(":)\n\x01\xFA\x34", 6) + longest +
                            "\xFC\xC2\x83host\xC4\x81in\xFA\x41\xC6\xFB\xFB";
  const nlohmann::json expected = {{longest, 1}, {"host", 2}, {"in", {{"host", 3}}}};
  EXPECT_EQ(decode_smile(bytes, "read a test"), expected);
}

}  // namespace
}  // namespace holdfast::codec
