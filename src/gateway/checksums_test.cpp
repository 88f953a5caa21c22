#include "gateway/checksums.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "codec/text.h"

namespace holdfast::gateway {
namespace {

using codec::DigestAlgorithm;

http::ServerRequest with(std::vector<std::pair<std::string, std::string>> headers) {
  return {.headers = std::move(headers)};
}

template <class Function>
std::string code_of(Function function) {
  try {
    function();
  } catch (const InvalidArgument& error) {
    return error.code();
  }
  return "nothing thrown";
}

const std::string kCrc = codec::to_base64("\x01\x02\x03\x04");

TEST(GatewayChecksums, NamesHeadersAndElements) {
  EXPECT_EQ(checksum_header(DigestAlgorithm::kCrc64Nvme), "x-amz-checksum-crc64nvme");
  EXPECT_EQ(checksum_header(DigestAlgorithm::kSha256), "x-amz-checksum-sha256");
  EXPECT_EQ(checksum_element(DigestAlgorithm::kCrc32c), "ChecksumCRC32C");
}

TEST(GatewayChecksums, RoundTripsBothForms) {
  for (const std::string& text : {kCrc, kCrc + "-17"}) {
    auto checksum = parse_checksum(DigestAlgorithm::kCrc32, text);
    ASSERT_TRUE(checksum) << text;
    EXPECT_EQ(format_checksum(*checksum), text);
  }
  EXPECT_EQ(parse_checksum(DigestAlgorithm::kCrc32, kCrc + "-17")->parts, 17u);
}

TEST(GatewayChecksums, RefusesMalformedValues) {
  const std::vector<std::string> bad = {
      "",          "AQIDBA=",   "AQID",          "!!!!!!==", kCrc + "-",
      kCrc + "-0", kCrc + "-x", kCrc + "-10001", "-1",       " " + kCrc};
  for (const std::string& text : bad) {
    EXPECT_FALSE(parse_checksum(DigestAlgorithm::kCrc32, text)) << text;
  }
  EXPECT_FALSE(parse_checksum(DigestAlgorithm::kSha256, kCrc));
}

TEST(GatewayChecksums, ReadsTheOneHeader) {
  EXPECT_FALSE(checksum_of_headers(with({{"x-amz-checksum-mode", "ENABLED"}})));
  auto checksum = checksum_of_headers(with({{"X-Amz-Checksum-CRC32", kCrc}}));
  ASSERT_TRUE(checksum);
  EXPECT_EQ(checksum->value, "\x01\x02\x03\x04");
  EXPECT_EQ(code_of([] {
              checksum_of_headers(
                  with({{"x-amz-checksum-crc32", kCrc}, {"x-amz-checksum-crc32c", kCrc}}));
            }),
            "InvalidRequest");
  EXPECT_EQ(code_of([] { checksum_of_headers(with({{"x-amz-checksum-sha1", kCrc}})); }),
            "InvalidRequest");
}

TEST(GatewayChecksums, ReadsTheAnnouncedTrailer) {
  EXPECT_FALSE(announced_trailer(with({})));
  EXPECT_EQ(announced_trailer(with({{"x-amz-trailer", " X-Amz-Checksum-Crc32c"}})),
            DigestAlgorithm::kCrc32c);
  for (const char* bad : {"x-amz-checksum-md5", "x-amz-checksum-", "x-amz-meta-a", "", "a,b"}) {
    EXPECT_EQ(code_of([&] { announced_trailer(with({{"x-amz-trailer", bad}})); }), "InvalidRequest")
        << bad;
  }
}

TEST(GatewayChecksums, ChoosesTheKindOfAMultipartObject) {
  auto kind = [](std::string algorithm, std::string type) {
    std::vector<std::pair<std::string, std::string>> headers;
    if (!algorithm.empty()) headers.emplace_back("x-amz-checksum-algorithm", algorithm);
    if (!type.empty()) headers.emplace_back("x-amz-checksum-type", type);
    return multipart_checksum_kind(with(headers));
  };
  EXPECT_FALSE(kind("", ""));
  EXPECT_TRUE(kind("CRC32", "")->composite);
  EXPECT_FALSE(kind("CRC32", "FULL_OBJECT")->composite);
  EXPECT_TRUE(kind("sha256", "COMPOSITE")->composite);
  EXPECT_FALSE(kind("CRC64NVME", "")->composite);
  using Pair = std::pair<std::string, std::string>;
  for (const auto& [algorithm, type] :
       {Pair{"", "COMPOSITE"}, Pair{"CRC64NVME", "COMPOSITE"}, Pair{"SHA1", "FULL_OBJECT"},
        Pair{"MD5", ""}, Pair{"CRC32", "SOMETHING"}, Pair{"ROT13", ""}}) {
    EXPECT_EQ(code_of([&] { kind(algorithm, type); }), "InvalidRequest") << algorithm << type;
  }
}

TEST(GatewayChecksums, ReadsContentMd5) {
  EXPECT_FALSE(content_md5(with({})));
  EXPECT_EQ(content_md5(with({{"Content-MD5", codec::to_base64(std::string(16, 'x'))}})),
            std::string(16, 'x'));
  for (const std::string& bad : {std::string("x"), kCrc, std::string()}) {
    EXPECT_EQ(code_of([&] { content_md5(with({{"Content-MD5", bad}})); }), "InvalidDigest") << bad;
  }
}

TEST(GatewayChecksums, ReadsElements) {
  auto part = codec::parse_xml("<Part><ChecksumCRC32C> " + kCrc + "\n</ChecksumCRC32C></Part>");
  EXPECT_EQ(checksum_of_element(part)->algorithm, DigestAlgorithm::kCrc32c);
  EXPECT_FALSE(checksum_of_element(codec::parse_xml("<Part/>")));
  EXPECT_EQ(code_of([] {
              checksum_of_element(codec::parse_xml("<Part><ChecksumSHA1>x</ChecksumSHA1></Part>"));
            }),
            "MalformedXML");
}

}  // namespace
}  // namespace holdfast::gateway
