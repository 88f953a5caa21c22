#include "codec/text.h"

#include <gtest/gtest.h>

namespace holdfast::codec {
namespace {

std::string all_bytes() {
  std::string out;
  for (int i = 0; i < 256; ++i) out += static_cast<char>(i);
  return out;
}

TEST(Hex, WritesLowerCase) {
  EXPECT_EQ(to_hex(""), "");
  EXPECT_EQ(to_hex(std::string_view("\0\x7f\x80\xff", 4)), "007f80ff");
}

TEST(Hex, ReadsEitherCaseAndEveryByte) {
  EXPECT_EQ(from_hex("Ab0F"), "\xab\x0f");
  EXPECT_EQ(from_hex(to_hex(all_bytes())), all_bytes());
}

TEST(Hex, RefusesOddLengthAndOtherCharacters) {
  for (const char* bad : {"a", "abc", "0g", "g0", " 0", "0x", "-1", "00 0"}) {
    EXPECT_EQ(from_hex(bad), std::nullopt) << bad;
  }
}

// RFC 4648 section 10.
TEST(Base64, PublishedVectors) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(to_base64(plain), encoded);
    EXPECT_EQ(from_base64(encoded), plain);
  }
}

TEST(Base64, RoundTripsEveryByteAtEveryLength) {
  std::string bytes = all_bytes();
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    EXPECT_EQ(from_base64(to_base64(bytes.substr(0, size))), bytes.substr(0, size));
  }
}

TEST(Base64, RefusesWhatIsNotExactlyIt) {
  for (const char* bad : {"Z", "Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zm9v ", " Zm9v",
                          "Zm9v\n", "Zm9-", "Zm9_", "Zg==Zg==", "Zm=v", "Z\n==", "Zh==", "Zm9="}) {
    EXPECT_EQ(from_base64(bad), std::nullopt) << bad;
  }
}

TEST(UriEncode, LeavesTheUnreservedAlone) {
  std::string unreserved = "ABCXYZabcxyz0189-._~";
  EXPECT_EQ(uri_encode(unreserved, Slash::kEncode), unreserved);
  EXPECT_EQ(uri_encode("a/b c+d%", Slash::kEncode), "a%2Fb%20c%2Bd%25");
  EXPECT_EQ(uri_encode("a/b c", Slash::kKeep), "a/b%20c");
  EXPECT_EQ(uri_encode("\xc3\xa4", Slash::kKeep), "%C3%A4");
}

TEST(UriDecode, UndoesEveryByte) {
  EXPECT_EQ(uri_decode(uri_encode(all_bytes(), Slash::kEncode)), all_bytes());
  EXPECT_EQ(uri_decode("%41%4a%4A"), "AJJ");
}

TEST(UriDecode, PlusIsABlankOnlyWhenAsked) {
  EXPECT_EQ(uri_decode("a+b"), "a+b");
  EXPECT_EQ(uri_decode("a+b%2B", true), "a b+");
}

TEST(UriDecode, RefusesMalformedEscapes) {
  for (const char* bad : {"%", "%4", "a%", "%4g", "%g4", "%%41", "%-1", "%\xff\xff"}) {
    EXPECT_EQ(uri_decode(bad), std::nullopt) << bad;
  }
}

TEST(Query, KeepsOrderDuplicatesAndEmptyValues) {
  auto query = parse_query("b=1&a&b=%20+x&=v&c=d=e");
  QueryParameters expected = {{"b", "1"}, {"a", ""}, {"b", "  x"}, {"", "v"}, {"c", "d=e"}};
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(*query, expected);
}

TEST(Query, SkipsEmptyPairs) {
  EXPECT_EQ(parse_query(""), QueryParameters{});
  EXPECT_EQ(parse_query("&&"), QueryParameters{});
  EXPECT_EQ(parse_query("&a=1&"), (QueryParameters{{"a", "1"}}));
}

TEST(Query, RefusesMalformedEscapesInNamesAndValues) {
  EXPECT_EQ(parse_query("a=%"), std::nullopt);
  EXPECT_EQ(parse_query("%zz=1"), std::nullopt);
  EXPECT_EQ(parse_query("ok=1&b=%2"), std::nullopt);
}

TEST(Query, BuildsWhatItReads) {
  QueryParameters parameters = {{"prefix", "a/b c+d&e=f%"}, {"list-type", "2"}, {"delete", ""}};
  EXPECT_EQ(build_query(parameters), "prefix=a%2Fb%20c%2Bd%26e%3Df%25&list-type=2&delete=");
  EXPECT_EQ(parse_query(build_query(parameters)), parameters);
}

TEST(Utf8, AcceptsTheEdgesOfEveryLength) {
  for (const char* good :
       {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << to_hex(good);
  }
  EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3)));
}

TEST(Utf8, RefusesOverlongSurrogateTruncatedAndTooHigh) {
  for (const char* bad :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc2", "\xe1\x80", "\xf1\x80\x80",
        "\xc2\x41", "\xe1\x80\x41", "a\xf1\x80\x80z"}) {
    EXPECT_FALSE(is_utf8(bad)) << to_hex(bad);
  }
}

}  // namespace
}  // namespace holdfast::codec
