#include "storage/s3/s3_etags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/text.h"
#include "storage/s3/s3_etag_memory.h"
#include "support/s3_peer.h"

namespace holdfast::storage {
namespace {

using support::error_reply;
using support::object_reply;
using support::reply;
using support::S3Peer;
using support::ScriptedReply;
using ::testing::HasSubstr;

constexpr const char* kOther = "0123456789abcdef0123456789abcdef";

// What it was sent with: a script is asked before the body is read.
std::string md5_of(const support::RecordedRequest& request) {
  return codec::to_hex(codec::from_base64(request.header("content-md5")).value_or(""));
}

ScriptedReply put_reply(const std::string& etag, const std::string& encryption = "") {
  std::vector<std::pair<std::string, std::string>> headers = {{"ETag", '"' + etag + '"'}};
  if (!encryption.empty()) headers.emplace_back("x-amz-server-side-encryption", encryption);
  return reply(200, "", headers);
}
ScriptedReply missing() { return error_reply(404, "NoSuchKey"); }
ScriptedReply removed() { return reply(204); }

TEST(S3EtagsTest, WhatIsShownLeadsBackWhateverIsKnown) {
  EXPECT_EQ(shown_etag(kOther, true), kOther);
  EXPECT_EQ(shown_etag(kOther, false), std::string(kOther) + "-0");
  EXPECT_EQ(shown_etag("abc-12", false), "abc-12") << "of parts, which nobody takes for an MD5";
  EXPECT_EQ(shown_etag("abc-10", false), "abc-10");
  for (const bool is_md5 : {true, false}) {
    for (const std::string etag : {kOther, "abc-12", "abc-10", "abc-0", "abc-0-0", "-0", ""}) {
      EXPECT_EQ(upstream_etag(shown_etag(etag, is_md5)), etag);
    }
  }
  EXPECT_EQ(upstream_etag(std::string(kOther) + "-0"), kOther) << "told by another process";
}

class EtagMemoryTest : public ::testing::Test {
 protected:
  S3EtagMemory& over(std::deque<ScriptedReply> replies, bool may_probe = true) {
    peer_ = std::make_unique<S3Peer>(std::move(replies));
    memory_ = std::make_unique<S3EtagMemory>(*peer_->storage,
                                             EtagOptions{"catalog", ".holdfast/", may_probe});
    return *memory_;
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    for (const auto& request : peer_->server.requests()) lines.push_back(request.first_line());
    return lines;
  }
  bool is_md5() { return memory_->is_md5(peer_->context, "b"); }
  // The probe is answered with its own MD5.
  static support::ScriptedServer::Script honest() {
    return [](const support::RecordedRequest& request) {
      if (request.first_line().starts_with("PUT")) return put_reply(md5_of(request));
      return request.first_line().starts_with("GET") ? missing() : removed();
    };
  }

  std::unique_ptr<S3Peer> peer_;
  std::unique_ptr<S3EtagMemory> memory_;
};

TEST_F(EtagMemoryTest, AProbeThatAnswersAnotherEtagIsRemembered) {
  over({missing(), put_reply(kOther), removed(), put_reply(kOther)});
  EXPECT_FALSE(is_md5());
  EXPECT_FALSE(is_md5());
  const auto sent = lines();
  ASSERT_EQ(sent.size(), 4u) << "asked once";
  EXPECT_EQ(sent[0], "GET /catalog/.holdfast/etags/b.json HTTP/1.1");
  EXPECT_THAT(sent[1], HasSubstr("PUT /b/.holdfast/probe-"));
  EXPECT_THAT(sent[2], HasSubstr("DELETE /b/.holdfast/probe-"));
  EXPECT_EQ(sent[3], "PUT /catalog/.holdfast/etags/b.json HTTP/1.1");
  EXPECT_THAT(peer_->server.request(3).body, HasSubstr(R"("etags":"other")"));
}

TEST_F(EtagMemoryTest, WhatIsRememberedNeedsNoProbe) {
  over({object_reply(R"({"etags": "other"})", kOther)});
  EXPECT_FALSE(is_md5());
  EXPECT_EQ(lines().size(), 1u);
}

TEST_F(EtagMemoryTest, ReadersDoNotProbe) {
  over({missing()}, false);
  EXPECT_TRUE(is_md5());
  EXPECT_EQ(lines().size(), 1u);
}

TEST_F(EtagMemoryTest, NonsenseThatLiesThereIsNotBelieved) {
  for (const char* note : {"", "[]", "{}", R"({"etags": 7})"}) {
    over({object_reply(note, kOther)}, false);
    EXPECT_TRUE(is_md5()) << note;
  }
}

TEST_F(EtagMemoryTest, AProbeWithItsMd5OrWithoutABucketChangesNothing) {
  peer_ = std::make_unique<S3Peer>(std::deque<ScriptedReply>{});
  support::ScriptedServer honest_server(honest());
  auto storage = make_s3_storage(support::s3_options(honest_server.url()));
  S3EtagMemory memory(*storage, {"catalog", ".holdfast/", true});
  EXPECT_TRUE(memory.is_md5(peer_->context, "b"));
  EXPECT_EQ(honest_server.requests().size(), 3u);
  over({missing(), error_reply(404, "NoSuchBucket")});
  EXPECT_TRUE(is_md5());
}

TEST_F(EtagMemoryTest, WithoutTheRightToLookTheEtagsCountAsMd5s) {
  over({error_reply(403, "AccessDenied")});
  EXPECT_TRUE(is_md5());
  EXPECT_TRUE(is_md5());
  EXPECT_EQ(lines().size(), 1u) << "asking again would not help";
}

TEST_F(EtagMemoryTest, PassingTroubleIsAskedAgain) {
  over({error_reply(503, "SlowDown"), object_reply(R"({"etags": "other"})", kOther)});
  EXPECT_TRUE(is_md5());
  EXPECT_FALSE(is_md5());
}

TEST_F(EtagMemoryTest, AWriteTeachesByItsMd5OrByItsKey) {
  const std::string md5 = codec::digest_of(codec::DigestAlgorithm::kMd5, "bytes");
  over({put_reply(kOther)});
  memory_->learn(peer_->context, "b", md5, codec::to_hex(md5), {"AES256", ""});
  memory_->learn(peer_->context, "b", std::nullopt, kOther, {});
  EXPECT_TRUE(lines().empty()) << "nothing is wrong with these";
  memory_->learn(peer_->context, "b", md5, kOther, {});
  EXPECT_FALSE(is_md5());
  memory_->learn(peer_->context, "b", md5, kOther, {});
  EXPECT_EQ(lines().size(), 1u) << "remembered once";
  over({error_reply(403, "AccessDenied")});
  memory_->learn(peer_->context, "b", std::nullopt, kOther, {"aws:kms", "key"});
  EXPECT_FALSE(is_md5()) << "also when it cannot be remembered";
}

TEST(S3EtagStorageTest, ShowsAndStripsThemEverywhere) {
  const std::string shown = std::string(kOther) + "-0";
  const std::string list =
      "<ListBucketResult><Contents><Key>k</Key><Size>1</Size><ETag>\"" + std::string(kOther) +
      "\"</ETag><LastModified>2026-11-22T14:31:20Z</LastModified></Contents></ListBucketResult>";
  S3Peer peer({object_reply(R"({"etags": "other"})", kOther), put_reply(kOther, "aws:kms"),
               object_reply("x", kOther), object_reply("", kOther), support::xml_reply(200, list),
               removed()});
  auto storage = with_client_etags(std::move(peer.storage), {"catalog", ".holdfast/", true});
  PutRequest request{.condition = {.etag_is = {shown}}};
  const PutResult put = put_bytes(*storage, peer.context, {"b", "k"}, "x", request);
  EXPECT_EQ(put.etag, shown);
  EXPECT_EQ(put.revision, kOther);
  EXPECT_EQ(put.encryption.algorithm, "aws:kms");
  GetRequest get{.condition = {.etag_is = {shown}, .etag_is_not = {"other-0"}}};
  EXPECT_EQ(storage->get(peer.context, {"b", "k"}, get)->info().etag, shown);
  EXPECT_EQ(storage->head(peer.context, {"b", "k"}, {}).etag, shown);
  EXPECT_EQ(storage->list(peer.context, {.bucket = "b"}).objects.at(0).etag, shown);
  storage->remove(peer.context, "b", {{"k", shown}});
  const auto sent = peer.server.requests();
  EXPECT_EQ(sent.at(1).header("if-match"), '"' + std::string(kOther) + '"');
  EXPECT_EQ(sent.at(2).header("if-match"), '"' + std::string(kOther) + '"');
  EXPECT_EQ(sent.at(2).header("if-none-match"), "\"other\"");
  EXPECT_EQ(sent.at(5).header("if-match"), '"' + std::string(kOther) + '"');
}

TEST(S3EtagStorageTest, ShowsAndStripsThemOfParts) {
  const std::string shown = std::string(kOther) + "-0";
  S3Peer peer({object_reply(R"({"etags": "other"})", kOther), put_reply(kOther),
               support::xml_reply(200,
                                  "<CompleteMultipartUploadResult><ETag>\"abc-1\"</ETag>"
                                  "</CompleteMultipartUploadResult>")});
  auto storage = with_client_etags(std::move(peer.storage), {"catalog", ".holdfast/", true});
  MemorySource body("x");
  const PartInfo part = storage->multipart()->put_part(peer.context, {"b", "k"}, "id", 1, body, {});
  EXPECT_EQ(part.etag, shown);
  const PutResult put = storage->multipart()->complete(peer.context, {"b", "k"}, "id",
                                                       {{1, shown, std::nullopt}}, {});
  EXPECT_EQ(put.etag, "abc-1");
  EXPECT_THAT(peer.server.request(2).body, HasSubstr(kOther));
  EXPECT_THAT(peer.server.request(2).body, testing::Not(HasSubstr(shown)));
}

}  // namespace
}  // namespace holdfast::storage
