#include "storage/s3/s3_headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/text.h"

namespace holdfast::storage {
namespace {

using testing::ElementsAre;
using testing::Pair;

const WallTime kTime = parse_rfc3339("2026-11-22T14:31:20Z");
const ObjectRef kRef{"bucket", "key"};

class Answer : public http::Exchange {
 public:
  Answer(int status, http::Headers headers) : status_(status), headers_(std::move(headers)) {}
  int status() const override { return status_; }
  const http::Headers& headers() const override { return headers_; }
  std::size_t read(std::span<char>) override { return 0; }

 private:
  int status_;
  http::Headers headers_;
};

Answer answer(http::Headers more, int status = 200) {
  http::Headers headers{{"ETag", "\"abc\""},
                        {"Last-Modified", "Sun, 22 Nov 2026 14:31:20 GMT"},
                        {"Content-Length", "10"}};
  for (auto& [name, value] : more) {
    std::erase_if(headers, [&](const auto& header) { return header.first == name; });
    if (!value.empty()) headers.emplace_back(name, value);
  }
  return {status, headers};
}

codec::Headers of_read(const Condition& condition, std::string_view prefix = "") {
  codec::Headers headers;
  add_read_conditions(headers, condition, prefix);
  return headers;
}
codec::Headers of_write(const Condition& condition) {
  codec::Headers headers;
  add_write_conditions(headers, condition);
  return headers;
}

TEST(S3HeadersTest, EtagsLoseTheirQuotesAndTellTheirParts) {
  EXPECT_EQ(unquoted("\"abc\""), "abc");
  EXPECT_EQ(unquoted("W/\"abc\""), "abc");
  EXPECT_EQ(unquoted("abc"), "abc");
  EXPECT_EQ(unquoted("\""), "\"");
  EXPECT_EQ(quote_etag("abc"), "\"abc\"");
  EXPECT_EQ(parts_of_etag("abc-12"), 12u);
  EXPECT_EQ(parts_of_etag("abc"), 0u);
  EXPECT_EQ(parts_of_etag("abc-x"), 0u);
  EXPECT_EQ(parts_of_etag("abc-10001"), 0u);
}

TEST(S3HeadersTest, ReadConditions) {
  EXPECT_THAT(of_read({}), ElementsAre());
  EXPECT_THAT(of_read({.must_exist = true}), ElementsAre());  // reading needs it anyway
  EXPECT_THAT(of_read({.etag_is = {"a", "b"}, .etag_is_not = {"c"}}),
              ElementsAre(Pair("if-match", "\"a\", \"b\""), Pair("if-none-match", "\"c\"")));
  EXPECT_THAT(of_read({.revision_is = "r", .modified_since = kTime, .unmodified_since = kTime}),
              ElementsAre(Pair("if-match", "\"r\""),
                          Pair("if-modified-since", "Sun, 22 Nov 2026 14:31:20 GMT"),
                          Pair("if-unmodified-since", "Sun, 22 Nov 2026 14:31:20 GMT")));
  EXPECT_THAT(of_read({.etag_is = {"a"}}, "x-amz-copy-source-"),
              ElementsAre(Pair("x-amz-copy-source-if-match", "\"a\"")));
}

TEST(S3HeadersTest, WriteConditions) {
  EXPECT_THAT(of_write({}), ElementsAre());
  EXPECT_THAT(of_write({.must_not_exist = true}), ElementsAre(Pair("if-none-match", "*")));
  EXPECT_THAT(of_write({.must_exist = true}), ElementsAre(Pair("if-match", "*")));
  EXPECT_THAT(of_write({.must_exist = true, .revision_is = "r"}),
              ElementsAre(Pair("if-match", "\"r\"")));
  EXPECT_THAT(of_write({.etag_is = {"q", "r"}, .revision_is = "r"}),
              ElementsAre(Pair("if-match", "\"r\"")));
  EXPECT_THROW(of_write({.etag_is = {"q"}, .revision_is = "r"}), PreconditionFailed);
  EXPECT_THROW(of_write({.must_not_exist = true, .must_exist = true}), PreconditionFailed);
  EXPECT_TRUE(needs_object({.revision_is = "r"}));
  EXPECT_FALSE(needs_object({.must_not_exist = true}));
}

TEST(S3HeadersTest, Ranges) {
  EXPECT_EQ(range_header({5, 9, std::nullopt}), "bytes=5-9");
  EXPECT_EQ(range_header({5, std::nullopt, std::nullopt}), "bytes=5-");
  EXPECT_EQ(range_header({0, std::nullopt, 7}), "bytes=-7");
}

TEST(S3HeadersTest, AnAnswerTellsOfTheObject) {
  ObjectInfo info = read_info(answer({{"ETag", "\"abc-3\""},
                                      {"Content-Type", "text/plain"},
                                      {"Content-Encoding", "aws-chunked,gzip"},
                                      {"X-Amz-Meta-Mark", "x y"},
                                      {"Server", "none"}}),
                              kRef);
  EXPECT_EQ(info.key, "key");
  EXPECT_EQ(info.size, 10u);
  EXPECT_EQ(info.etag, "abc-3");
  EXPECT_EQ(info.revision, "abc-3");
  EXPECT_EQ(info.parts, 3u);
  EXPECT_EQ(info.modified, kTime);
  EXPECT_THAT(info.attributes.headers,
              ElementsAre(Pair("content-encoding", "gzip"), Pair("content-type", "text/plain")));
  EXPECT_THAT(info.attributes.metadata, ElementsAre(Pair("mark", "x y")));
  EXPECT_EQ(info.attributes.checksum, std::nullopt);
  info = read_info(answer({{"Content-Encoding", "aws-chunked"}}), kRef);
  EXPECT_TRUE(info.attributes.headers.empty());
}

TEST(S3HeadersTest, APartOfAnObjectTellsItsPlaceAndTheWholeSize) {
  Answer part = answer({{"Content-Range", "bytes 90-99/100"}}, 206);
  EXPECT_EQ(read_info(part, kRef).size, 100u);
  Delivered delivered = read_delivered(part, kRef);
  EXPECT_EQ(delivered.offset, 90u);
  EXPECT_EQ(delivered.length, 10u);
  delivered = read_delivered(answer({}), kRef);
  EXPECT_EQ(delivered.offset, 0u);
  EXPECT_EQ(delivered.length, 10u);
}

TEST(S3HeadersTest, AnswersThatCannotBeUsedAreFailures) {
  for (const http::Headers& odd : {http::Headers{{"ETag", ""}},
                                   {{"ETag", "\"\""}},
                                   {{"Last-Modified", ""}},
                                   {{"Last-Modified", "yesterday"}},
                                   {{"Content-Length", ""}},
                                   {{"Content-Length", "10 bytes"}},
                                   {{"Content-Length", "-1"}},
                                   {{"Content-Length", "99999999999999999999"}}}) {
    EXPECT_THROW(read_info(answer(odd), kRef), Failed) << odd[0].first << odd[0].second;
  }
  for (const char* range : {"", "bytes", "bytes 0-9", "bytes 0-9/*", "bytes 9-0/100",
                            "items 0-9/100", "bytes 0-9/9", "bytes -9/100", "bytes 0-9/100x"}) {
    EXPECT_THROW(read_info(answer({{"Content-Range", range}}, 206), kRef), Failed) << range;
  }
  EXPECT_THROW(read_delivered(answer({{"Content-Range", "bytes 0-8/100"}}, 206), kRef), Failed);
}

TEST(S3HeadersTest, Checksums) {
  std::string crc = codec::digest_of(codec::DigestAlgorithm::kCrc32c, "abc");
  std::string sha = codec::digest_of(codec::DigestAlgorithm::kSha256, "abc");
  EXPECT_EQ(read_checksum(answer({{"x-amz-checksum-crc32c", codec::to_base64(crc)}})),
            (Checksum{codec::DigestAlgorithm::kCrc32c, crc}));
  EXPECT_EQ(read_checksum(answer({{"x-amz-checksum-sha256", codec::to_base64(sha) + "-7"}})),
            (Checksum{codec::DigestAlgorithm::kSha256, sha, true, 7}));
  for (const char* bad : {"", "!!!!", "AAAA", "-"}) {
    EXPECT_EQ(read_checksum(answer({{"x-amz-checksum-crc32c", bad}})), std::nullopt) << bad;
  }
  EXPECT_EQ(checksum_header(codec::DigestAlgorithm::kCrc64Nvme), "x-amz-checksum-crc64nvme");
}

}  // namespace
}  // namespace holdfast::storage
