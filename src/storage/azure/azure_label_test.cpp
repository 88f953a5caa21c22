#include "storage/azure/azure_label.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "codec/text.h"
#include "storage/azure/azure_upload_id.h"

namespace holdfast::storage {
namespace {

const std::string kMd5(16, '\xab');
const std::string kMd5Hex = "abababababababababababababababab";

AzureLabel label() {
  AzureLabel made{.md5 = kMd5, .parts = 3, .tag = "abcd"};
  made.attributes.headers = {{"content-type", "text/x"}, {"expires", "never"}};
  made.attributes.metadata = {{"with-dash", "v\xc3\xbc"}, {"mtime", "1.5"}};
  made.attributes.checksum = Checksum{codec::DigestAlgorithm::kCrc32, "1234", true, 3};
  return made;
}

AzureBlob blob() {
  AzureBlob made;
  made.properties = {{"etag", "\"0x8DCAFEBABE\""}};
  made.size = 7;
  made.modified = parse_rfc3339("2026-11-22T14:31:20Z");
  return made;
}

std::string header_of(const codec::Headers& headers, std::string_view wanted) {
  for (const auto& [name, value] : headers) {
    if (name == wanted) return value;
  }
  return "(none)";
}

TEST(AzureLabel, EverythingComesBack) {
  auto read = decode_azure_label(encode_azure_label(label()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->md5, kMd5);
  EXPECT_EQ(read->parts, 3u);
  EXPECT_EQ(read->tag, "abcd");
  EXPECT_EQ(read->attributes, label().attributes);
  AzureLabel bare{.tag = "wxyz"};
  read = decode_azure_label(encode_azure_label(bare));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->md5, "");
}

TEST(AzureLabel, WhatIsDamagedOrNewerIsNotRead) {
  std::string text = encode_azure_label(label());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(decode_azure_label(changed)) << i;
    EXPECT_FALSE(decode_azure_label(text.substr(0, i))) << i;
  }
  EXPECT_FALSE(decode_azure_label(std::string(8004, 'A')));
}

TEST(AzureLabel, MoreThanAzureTakesIsRefused) {
  AzureLabel large = label();
  large.attributes.metadata["x"] = std::string(7000, 'x');
  EXPECT_THROW(encode_azure_label(large), InvalidArgument);
}

TEST(AzureLabel, OthersSeeTheProperties) {
  codec::Headers headers;
  add_label_headers(headers, label(), kMd5);
  EXPECT_EQ(header_of(headers, "x-ms-blob-content-type"), "text/x");
  EXPECT_EQ(header_of(headers, "x-ms-blob-content-md5"), codec::to_base64(kMd5));
  EXPECT_EQ(header_of(headers, "x-ms-meta-holdfast"), encode_azure_label(label()));
  EXPECT_EQ(header_of(headers, "x-ms-blob-expires"), "(none)");
  headers.clear();
  add_label_headers(headers, label(), "");
  EXPECT_EQ(header_of(headers, "x-ms-blob-content-md5"), "(none)");
}

TEST(AzureLabel, OurOwnObjectIsToldByItsLabel) {
  AzureBlob own = blob();
  own.metadata["holdfast"] = encode_azure_label(label());
  own.properties["content-type"] = "changed/elsewhere";
  ObjectInfo info = info_of("key", own);
  EXPECT_EQ(info.etag, kMd5Hex + "-3");
  EXPECT_EQ(info.revision, "0x8DCAFEBABE");
  EXPECT_EQ(info.parts, 3u);
  EXPECT_EQ(info.size, 7u);
  EXPECT_EQ(info.attributes, label().attributes);
}

// As MinIO's gateway for Azure wrote it: '_' for '-', "__" for '_', and Azure's own MD5.
TEST(AzureLabel, ObjectsOfEarlierGatewaysAreRead) {
  AzureBlob old = blob();
  old.properties["content-md5"] = codec::to_base64(kMd5);
  old.properties["content-type"] = "text/plain";
  old.properties["cache-control"] = "";
  old.metadata = {{"X_S3cmd__attrs", "a"}, {"mtime", "1"}};
  ObjectInfo info = info_of("key", old);
  EXPECT_EQ(info.etag, kMd5Hex);
  EXPECT_EQ(info.parts, 0u);
  EXPECT_EQ(info.attributes.headers,
            (std::map<std::string, std::string>{{"content-type", "text/plain"}}));
  EXPECT_EQ(info.attributes.metadata,
            (std::map<std::string, std::string>{{"x-s3cmd_attrs", "a"}, {"mtime", "1"}}));
}

TEST(AzureLabel, WithoutAnMd5TheETagIsNoneOfAnMd5) {
  EXPECT_EQ(info_of("key", blob()).etag, "8dcafebabe-0");
  AzureBlob odd = blob();
  odd.properties["content-md5"] = "short";
  EXPECT_EQ(info_of("key", odd).etag, "8dcafebabe-0");
  AzureBlob damaged = blob();
  damaged.metadata["holdfast"] = "damaged";
  EXPECT_EQ(info_of("key", damaged).etag, "8dcafebabe-0");
  EXPECT_TRUE(info_of("key", damaged).attributes.metadata.empty());
}

TEST(AzureBlobName, WhatAzureWouldChangeIsRefused) {
  for (const char* key : {"a", "a/b", "a//b", "/a", "a/", "100%", "a b+c", ".hidden", "a.b/c.d",
                          "\xc3\xbc", "-rf", "~"}) {
    EXPECT_NO_THROW(check_blob_name(key)) << key;
  }
  for (const char* key : {"", ".", "..", "a/.", "a/..", "./a", "../a", "a/./b", "trailing.",
                          "dir./a", "back\\slash", "tab\t", "\x7f", "\xc2\x81", "\xef\xbf\xbe"}) {
    EXPECT_THROW(check_blob_name(key), InvalidArgument) << key;
  }
  EXPECT_NO_THROW(check_blob_name(std::string(253, '/')));
  EXPECT_THROW(check_blob_name(std::string(254, '/')), InvalidArgument);
}

TEST(AzureUploadId, CarriesWhatTheUploadWasBegunWith) {
  const ObjectRef ref{"bucket", "key"};
  AzureUpload upload{"abcd", label().attributes,
                     Checksum{codec::DigestAlgorithm::kSha256, "", true}};
  upload.attributes.checksum.reset();
  std::string id = encode_upload_id(upload, ref, "seal key");
  EXPECT_EQ(
      id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
      std::string::npos);
  AzureUpload read = decode_upload_id(id, ref, "seal key");
  EXPECT_EQ(read.tag, "abcd");
  EXPECT_EQ(read.attributes, upload.attributes);
  ASSERT_TRUE(read.checksum_kind);
  EXPECT_EQ(read.checksum_kind->algorithm, codec::DigestAlgorithm::kSha256);
  EXPECT_TRUE(read.checksum_kind->composite);
  upload.checksum_kind.reset();
  EXPECT_FALSE(
      decode_upload_id(encode_upload_id(upload, ref, "seal key"), ref, "seal key").checksum_kind);
}

TEST(AzureUploadId, IsOnlyGoodForItsObjectAndItsAccount) {
  const ObjectRef ref{"bucket", "key"};
  std::string id = encode_upload_id({"abcd", {}, std::nullopt}, ref, "seal key");
  auto refused = [&](std::string_view text, const ObjectRef& of, std::string_view key) {
    try {
      decode_upload_id(text, of, key);
      ADD_FAILURE() << "taken: " << text;
    } catch (const NotFound& error) {
      EXPECT_EQ(error.code(), kNoSuchUpload);
    }
  };
  EXPECT_NO_THROW(decode_upload_id(id, ref, "seal key"));
  refused(id, {"bucket", "other"}, "seal key");
  refused(id, {"other", "key"}, "seal key");
  refused(id, ref, "another key");
  for (std::size_t i = 0; i < id.size(); ++i) {
    std::string changed = id;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    refused(changed, ref, "seal key");
    refused(id.substr(0, i), ref, "seal key");
  }
  refused(id + "AAAA", ref, "seal key");
  refused(std::string(16 * 1024 + 1, 'A'), ref, "seal key");
  refused(id.substr(0, 4) + "=" + id.substr(5), ref, "seal key");
}

}  // namespace
}  // namespace holdfast::storage
