// Encryption that is asked for is passed on, and must be confirmed.
#include <gtest/gtest.h>

#include "codec/text.h"
#include "storage/s3/s3_storage.h"
#include "support/s3_peer.h"

namespace holdfast::storage {
namespace {

using support::error_reply;
using support::is_rightly_signed;
using support::object_reply;
using support::RecordedRequest;
using support::reply;
using support::S3Peer;
using support::ScriptedReply;
using support::xml_reply;

const ObjectRef kRef{"bucket", "key"};
const Secret kKey(std::string(32, 'k')), kOther(std::string(32, 'o'));
const std::string kCustomer = "x-amz-server-side-encryption-customer-";
const std::string kSource = "x-amz-copy-source-server-side-encryption-customer-";
const std::pair<std::string, std::string> kDone{kCustomer + "algorithm", "AES256"};

void expect_key(const RecordedRequest& request, const std::string& prefix, const Secret& key) {
  EXPECT_EQ(request.header(prefix + "algorithm"), "AES256");
  EXPECT_EQ(request.header(prefix + "key"), codec::to_base64(key.reveal()));
  EXPECT_EQ(request.header(prefix + "key-md5"),
            codec::to_base64(codec::digest_of(codec::DigestAlgorithm::kMd5, key.reveal())));
  EXPECT_TRUE(is_rightly_signed(request));
}

ScriptedReply copied(const std::string& root, bool encrypted) {
  const std::string body = "<" + root +
                           "><LastModified>2026-11-22T14:31:20.000Z</LastModified>"
                           "<ETag>\"abc\"</ETag></" +
                           root + ">";
  if (!encrypted) return xml_reply(200, body);
  return reply(200, body, {{"Content-Type", "application/xml"}, kDone});
}

TEST(S3EncryptionTest, ClientsKeysGoUpWithEveryRequest) {
  S3Peer peer({reply(200, "", {{"ETag", "\"e\""}, kDone}), object_reply("bytes", "e", {kDone}),
               object_reply("", "e", {kDone})});
  const PutResult put =
      put_bytes(*peer.storage, peer.context, kRef, "bytes", {.encryption = {.customer_key = kKey}});
  EXPECT_TRUE(put.encryption.customer);
  expect_key(peer.server.request(0), kCustomer, kKey);
  EXPECT_EQ(get_bytes(*peer.storage, peer.context, kRef, 100, {.customer_key = kKey}), "bytes");
  expect_key(peer.server.request(1), kCustomer, kKey);
  EXPECT_TRUE(peer.storage->head(peer.context, kRef, {.customer_key = kKey}).encryption.customer);
  expect_key(peer.server.request(2), kCustomer, kKey);
}

TEST(S3EncryptionTest, CopiesHaveTwoKeys) {
  S3Peer peer({copied("CopyObjectResult", true), copied("CopyPartResult", true)});
  peer.storage->copy(peer.context, {"other", "source"}, kRef,
                     {.source_customer_key = kOther, .encryption = {.customer_key = kKey}});
  peer.storage->multipart()->copy_part(
      peer.context, kRef, "id", 1, {"other", "source"},
      {.range = Range{0, 9, std::nullopt}, .source_customer_key = kOther, .customer_key = kKey});
  for (unsigned i = 0; i < 2; ++i) {
    expect_key(peer.server.request(i), kSource, kOther);
    expect_key(peer.server.request(i), kCustomer, kKey);
  }
}

TEST(S3EncryptionTest, TheStoragesOwnKeysAreNamed) {
  S3Peer peer({reply(200, "",
                     {{"ETag", "\"e\""},
                      {"x-amz-server-side-encryption", "aws:kms"},
                      {"x-amz-server-side-encryption-aws-kms-key-id", "arn:key"}})});
  const PutResult put = put_bytes(*peer.storage, peer.context, kRef, "bytes",
                                  {.encryption = {.algorithm = "aws:kms", .key_id = "arn:key"}});
  EXPECT_EQ(put.encryption.algorithm, "aws:kms");
  EXPECT_EQ(put.encryption.key_id, "arn:key");
  EXPECT_EQ(peer.server.request(0).header("x-amz-server-side-encryption"), "aws:kms");
  EXPECT_EQ(peer.server.request(0).header("x-amz-server-side-encryption-aws-kms-key-id"),
            "arn:key");
}

// There are endpoints that ignore what they do not know.
TEST(S3EncryptionTest, WhatIsNotConfirmedIsNoSuccess) {
  const ScriptedReply silent = reply(200, "", {{"ETag", "\"e\""}});
  S3Peer peer({silent, silent, silent, copied("CopyObjectResult", false),
               xml_reply(200,
                         "<InitiateMultipartUploadResult><UploadId>id</UploadId>"
                         "</InitiateMultipartUploadResult>")});
  Storage& storage = *peer.storage;
  const EncryptionRequest customer{.customer_key = kKey}, own{.algorithm = "AES256"};
  EXPECT_THROW(put_bytes(storage, peer.context, kRef, "x", {.encryption = customer}), Unsupported);
  EXPECT_THROW(put_bytes(storage, peer.context, kRef, "x", {.encryption = own}), Unsupported);
  MemorySource part("x");
  EXPECT_THROW(
      storage.multipart()->put_part(peer.context, kRef, "id", 1, part, {.encryption = customer}),
      Unsupported);
  EXPECT_THROW(storage.copy(peer.context, {"b", "k"}, kRef, {.encryption = customer}), Unsupported);
  EXPECT_THROW(storage.multipart()->create(peer.context, kRef, {}, std::nullopt, own), Unsupported);
}

TEST(S3EncryptionTest, RefusalsComeThrough) {
  S3Peer peer({error_reply(400, "InvalidRequest"), error_reply(403, "AccessDenied")});
  EXPECT_THROW(peer.storage->get(peer.context, kRef, {}), InvalidArgument);
  EXPECT_THROW(peer.storage->get(peer.context, kRef, {.customer_key = kOther}), AccessDenied);
}

}  // namespace
}  // namespace holdfast::storage
