#include "config/scalars.h"

#include <gtest/gtest.h>

namespace holdfast::config {
namespace {

using namespace std::chrono_literals;

template <class Function>
std::string refusal_of(Function&& function) {
  try {
    function();
  } catch (const BadValue& bad) {
    return bad.why;
  }
  return "taken";
}

TEST(Scalars, FlagsAreThoseOfYaml) {
  for (const char* text : {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"}) {
    EXPECT_TRUE(parse_flag(text)) << text;
  }
  for (const char* text : {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"}) {
    EXPECT_FALSE(parse_flag(text)) << text;
  }
  for (const char* text : {"", "tRue", "1", "0", "y", "n", "truee", "true "}) {
    EXPECT_THROW(parse_flag(text), BadValue) << text;
  }
}

TEST(Scalars, CountsAreDigitsInsideTheirRange) {
  EXPECT_EQ(parse_count("0", 0, 9), 0u);
  EXPECT_EQ(parse_count("007", 0, 9), 7u);
  EXPECT_EQ(parse_count("18446744073709551615", 0, ~0ull), ~0ull);
  EXPECT_EQ(refusal_of([] { parse_count("10", 0, 9); }), "10 is out of range");
  EXPECT_EQ(refusal_of([] { parse_count("0", 1, 9); }), "0 is out of range");
  EXPECT_EQ(refusal_of([] { parse_count("18446744073709551616", 0, ~0ull); }),
            "the number is too large");
  for (const char* text : {"", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x10", "one"}) {
    EXPECT_THROW(parse_count(text, 0, 100), BadValue) << text;
  }
}

TEST(Scalars, DurationsAddTheirParts) {
  EXPECT_EQ(parse_duration("90s"), 90s);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("7d"), 168h);
  EXPECT_EQ(parse_duration("1s500ms"), 1500ms);
  EXPECT_EQ(parse_duration("0"), 0s);
  EXPECT_EQ(parse_duration("0s"), 0s);
  EXPECT_EQ(parse_duration("3653d"), 24h * 3653);
}

TEST(Scalars, OtherTextsAreNoDurations) {
  EXPECT_EQ(refusal_of([] { parse_duration("60"); }), "a number without its unit");
  EXPECT_EQ(refusal_of([] { parse_duration("1h30"); }), "a number without its unit");
  EXPECT_EQ(refusal_of([] { parse_duration("5 minutes"); }), "a unit that is not known");
  EXPECT_EQ(refusal_of([] { parse_duration("1w"); }), "a unit that is not known");
  EXPECT_EQ(refusal_of([] { parse_duration("-1s"); }), "not a time");
  EXPECT_EQ(refusal_of([] { parse_duration("s"); }), "not a time");
  EXPECT_EQ(refusal_of([] { parse_duration(""); }), "no time given");
  EXPECT_EQ(refusal_of([] { parse_duration("3654d"); }), "longer than ten years");
  EXPECT_EQ(refusal_of([] { parse_duration("3653d1s"); }), "longer than ten years");
  EXPECT_EQ(refusal_of([] { parse_duration("99999999999999999999s"); }), "the number is too large");
  EXPECT_EQ(refusal_of([] { parse_duration("9223372036854775807ms"); }), "longer than ten years");
}

TEST(Scalars, DurationsAreWrittenAsTheyAreRead) {
  for (const char* text : {"0", "90d", "1h30m", "1d1h1m1s1ms", "25s", "500ms"}) {
    EXPECT_EQ(format_duration(parse_duration(text)), text);
  }
  EXPECT_EQ(format_duration(90s), "1m30s");
}

TEST(Scalars, SizesAreKubernetesQuantities) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("1024"), 1024u);
  EXPECT_EQ(parse_size("1k"), 1000u);
  EXPECT_EQ(parse_size("1K"), 1000u);
  EXPECT_EQ(parse_size("1Ki"), 1024u);
  EXPECT_EQ(parse_size("1KiB"), 1024u);
  EXPECT_EQ(parse_size("100Mi"), 100u << 20);
  EXPECT_EQ(parse_size("500Gi"), 500ull << 30);
  EXPECT_EQ(parse_size("1.5Gi"), 3ull << 29);
  EXPECT_EQ(parse_size("0.25k"), 250u);
  EXPECT_EQ(parse_size("2T"), 2'000'000'000'000u);
  for (const char* text : {"", "x", "-1", "1.", "1.5", "1.00001Gi", "1 Gi", "1gi", "1Zi", "Gi",
                           "9223372036854775808", "9000Pi0", "8192Pi", "99999999999999999999"}) {
    EXPECT_THROW(parse_size(text), BadValue) << text;
  }
}

TEST(Scalars, SplitSizesAreThoseOfSplit) {
  EXPECT_EQ(parse_split_size("0"), 0u);
  EXPECT_EQ(parse_split_size("10"), 10u);
  EXPECT_EQ(parse_split_size("1K"), 1024u);
  EXPECT_EQ(parse_split_size("1KB"), 1000u);
  EXPECT_EQ(parse_split_size("2M"), 2u << 20);
  EXPECT_EQ(parse_split_size("2MB"), 2'000'000u);
  EXPECT_EQ(parse_split_size("3G"), 3ull << 30);
  EXPECT_EQ(parse_split_size("3GB"), 3'000'000'000u);
  for (const char* text :
       {"", "1k", "1Ki", "1.5G", "G", "-1", "99999999999999999999G", "18446744073709551615K"}) {
    EXPECT_THROW(parse_split_size(text), BadValue) << text;
  }
}

TEST(Scalars, SizesAreWrittenInTheLargestWholeUnit) {
  EXPECT_EQ(format_size(0), "0");
  EXPECT_EQ(format_size(1000), "1000");
  EXPECT_EQ(format_size(32 * 1024), "32Ki");
  EXPECT_EQ(format_size(64ull << 20), "64Mi");
  EXPECT_EQ(format_size((1ull << 30) + 1), "1073741825");
  EXPECT_EQ(format_size(1ull << 60), "1024Pi");
}

TEST(Scalars, TextsHoldNoControlCharactersAndAreShort) {
  EXPECT_NO_THROW(check_text("grüße *?$(date)"));
  EXPECT_NO_THROW(check_text(std::string(4096, 'a')));
  EXPECT_THROW(check_text(std::string(4097, 'a')), BadValue);
  EXPECT_THROW(check_text("a\nb"), BadValue);
  EXPECT_THROW(check_text(std::string("a\0b", 3)), BadValue);
  EXPECT_THROW(check_text("\x1b[31m"), BadValue);
  EXPECT_THROW(check_text("\x7f"), BadValue);
}

TEST(Scalars, UrlsNameASchemeAndAHost) {
  const std::vector<std::string> web = {"http", "https"};
  for (const char* text : {"http://127.0.0.1:8428", "https://s3.example.com", "http://h/a/b",
                           "http://[::1]:9000", "http://stackstate-minio:9000/"}) {
    EXPECT_EQ(refusal_of([&] { check_url(text, web); }), "taken") << text;
  }
  EXPECT_EQ(refusal_of([&] { check_url("ws://h", web); }),
            "does not begin with http:// or https://");
  EXPECT_EQ(refusal_of([&] { check_url("localhost:9000", web); }),
            "does not begin with http:// or https://");
  EXPECT_EQ(refusal_of([&] { check_url("http://user:password@h", web); }),
            "holds a user's name before an @");
  EXPECT_EQ(refusal_of([&] { check_url("http://:80", web); }), "names no host");
  EXPECT_EQ(refusal_of([&] { check_url("http://", web); }), "names no host");
  EXPECT_EQ(refusal_of([&] { check_url("http://h:x", web); }), "the port is no number");
  EXPECT_EQ(refusal_of([&] { check_url("http://h:", web); }), "the port is no number");
  EXPECT_EQ(refusal_of([&] { check_url("http://h:0", web); }), "0 is out of range");
  EXPECT_EQ(refusal_of([&] { check_url("http://h:65536", web); }), "65536 is out of range");
  EXPECT_EQ(refusal_of([&] { check_url("http://h?x=1", web); }), "holds a ? or a #");
  EXPECT_EQ(refusal_of([&] { check_url("http://h/a b", web); }), "holds a blank or a quote");
  EXPECT_EQ(refusal_of([&] { check_url("http://[::1", web); }),
            "the address in brackets is no IPv6 address");
  EXPECT_EQ(refusal_of([&] { check_url("http://h\\x", web); }),
            "the host's name holds another character");
}

TEST(Scalars, ListenAddressesNameAPort) {
  for (const char* text : {"127.0.0.1:9000", ":9000", "[::]:9000", "localhost:0"}) {
    EXPECT_EQ(refusal_of([&] { check_listen(text); }), "taken") << text;
  }
  for (const char* text : {"", "9000", "127.0.0.1", "h:", "h:70000", "h:9000x", "::1:9000",
                           "http://h:9000", "[::1]9000", "[]:9000"}) {
    EXPECT_NE(refusal_of([&] { check_listen(text); }), "taken") << text;
  }
}

TEST(Scalars, HostsAreNamesOrAddresses) {
  for (const char* text : {"", "mail.example.com", "10.0.0.1", "[::1]"}) {
    EXPECT_EQ(refusal_of([&] { check_host(text); }), "taken") << text;
  }
  for (const char* text : {"mail:25", "a b", "http://h"}) {
    EXPECT_NE(refusal_of([&] { check_host(text); }), "taken") << text;
  }
}

TEST(Scalars, BucketsAreWhatAnyStoreTakesOrPlain) {
  for (const char* text : {"sts-stackgraph-backup", "AWS_STACKGRAPH_BUCKET", "a.b", "abc"}) {
    EXPECT_EQ(refusal_of([&] { check_bucket(text); }), "taken") << text;
  }
  for (const char* text : {"", "ab", "a/b", "s3://abc", "a b", "-abc", ".abc", "../x"}) {
    EXPECT_NE(refusal_of([&] { check_bucket(text); }), "taken") << text;
  }
  EXPECT_THROW(check_bucket(std::string(256, 'a')), BadValue);
  EXPECT_TRUE(is_plain_bucket_name("sts-stackgraph-backup"));
  EXPECT_TRUE(is_plain_bucket_name("a.b"));
  for (const char* text : {"AWS", "a_b", "ab", "a..b", "abc-", "-abc"}) {
    EXPECT_FALSE(is_plain_bucket_name(text)) << text;
  }
  EXPECT_FALSE(is_plain_bucket_name(std::string(64, 'a')));
}

TEST(Scalars, PrefixesAreFoldersWithoutTheLastSlash) {
  EXPECT_EQ(parse_prefix(""), "");
  EXPECT_EQ(parse_prefix("/"), "");
  EXPECT_EQ(parse_prefix("a"), "a");
  EXPECT_EQ(parse_prefix("a/b//"), "a/b");
  for (const char* text : {"/a", "a//b", "a/../b", "..", "./a"}) {
    EXPECT_THROW(parse_prefix(text), BadValue) << text;
  }
  EXPECT_THROW(parse_prefix(std::string(513, 'a')), BadValue);
}

TEST(Scalars, ZoneNamesStayInTheDatabase) {
  for (const char* text :
       {"local", "UTC", "Europe/Amsterdam", "Etc/GMT+5", "America/Port-au-Prince"}) {
    EXPECT_EQ(refusal_of([&] { check_zone_name(text); }), "taken") << text;
  }
  for (const char* text : {"", "/etc/passwd", "../zone", "Europe Amsterdam"}) {
    EXPECT_NE(refusal_of([&] { check_zone_name(text); }), "taken") << text;
  }
}

TEST(Scalars, NameTemplatesRunNothing) {
  for (const char* text :
       {"sts-backup-$(date +%Y%m%d-%H%M).graph", "fixed.graph", "$(date +%s)-$(date +%H)"}) {
    EXPECT_EQ(refusal_of([&] { check_name_template(text); }), "taken") << text;
  }
  for (const char* text : {"", "a/b", "$(rm -rf)", "`date`", "$HOME", "a b", "$(date +%Y; rm x)",
                           "$(date +)", "$(date +%Y", "x$(date)"}) {
    EXPECT_NE(refusal_of([&] { check_name_template(text); }), "taken") << text;
  }
}

}  // namespace
}  // namespace holdfast::config
