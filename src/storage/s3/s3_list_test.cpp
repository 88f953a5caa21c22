// Lists of objects and buckets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/text.h"
#include "storage/s3/s3_storage.h"
#include "support/s3_peer.h"

namespace holdfast::storage {
namespace {

using support::error_reply;
using support::reply;
using support::S3Peer;
using support::ScriptedReply;
using support::xml_reply;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string object(const std::string& key, const std::string& size = "5",
                   const std::string& time = "2026-11-22T14:31:20.000Z") {
  return "<Contents><Key>" + key + "</Key><LastModified>" + time +
         "</LastModified><ETag>&quot;abc&quot;</ETag><Size>" + size +
         "</Size><StorageClass>STANDARD</StorageClass></Contents>";
}
std::string prefix(const std::string& name) {
  return "<CommonPrefixes><Prefix>" + name + "</Prefix></CommonPrefixes>";
}
std::string page(const std::string& content, const std::string& token = "",
                 const std::string& encoding = "url") {
  return "<?xml version=\"1.0\"?><ListBucketResult><Name>bucket</Name><EncodingType>" + encoding +
         "</EncodingType><IsTruncated>" + (token.empty() ? "false" : "true") + "</IsTruncated>" +
         (token.empty() ? "" : "<NextContinuationToken>" + token + "</NextContinuationToken>") +
         content + "</ListBucketResult>";
}

// The decoded query of a request, sorted by name.
codec::QueryParameters query_of(const S3Peer& peer, std::size_t index) {
  codec::QueryParameters query = support::as_signed(peer.server.request(index)).query;
  std::sort(query.begin(), query.end());
  return query;
}

std::vector<std::string> keys(const ListPage& listed) {
  std::vector<std::string> out;
  for (const ObjectInfo& info : listed.objects) out.push_back(info.key);
  return out;
}

ListPage list_of(const std::string& document, ListRequest request = {}) {
  S3Peer peer({xml_reply(200, document)});
  request.bucket = "bucket";
  return peer.storage->list(peer.context, request);
}

TEST(S3ListTest, AsksForExactlyThis) {
  S3Peer peer({xml_reply(200, page("")), xml_reply(200, page(""))});
  peer.storage->list(
      peer.context,
      {.bucket = "bucket", .prefix = "a b/+", .delimiter = "/", .after = "a b/+c", .limit = 7});
  using Pair = std::pair<std::string, std::string>;
  EXPECT_THAT(
      query_of(peer, 0),
      ElementsAre(Pair("delimiter", "/"), Pair("encoding-type", "url"), Pair("list-type", "2"),
                  Pair("max-keys", "7"), Pair("prefix", "a b/+"), Pair("start-after", "a b/+c")));
  EXPECT_TRUE(support::is_rightly_signed(peer.server.request(0)));
  peer.storage->list(peer.context, {.bucket = "bucket", .after = "x", .cursor = "to+ken="});
  EXPECT_THAT(query_of(peer, 1),
              ElementsAre(Pair("continuation-token", "to+ken="), Pair("encoding-type", "url"),
                          Pair("list-type", "2"), Pair("max-keys", "1000")));
}

TEST(S3ListTest, ReadsAPage) {
  ListPage listed = list_of(
      page(object("a") + object("dir%2Fk+1%2B", "12345678901") + prefix("dir%2Fsub%2F"), "next"));
  EXPECT_THAT(keys(listed), ElementsAre("a", "dir/k 1+"));
  EXPECT_THAT(listed.prefixes, ElementsAre("dir/sub/"));
  EXPECT_EQ(listed.next, "next");
  EXPECT_EQ(listed.objects[1].size, 12345678901u);
  EXPECT_EQ(listed.objects[0].etag, "abc");
  EXPECT_EQ(listed.objects[0].revision, "abc");
  EXPECT_EQ(listed.objects[0].modified, parse_rfc3339("2026-11-22T14:31:20Z"));
}

TEST(S3ListTest, NamesStayAsTheyAreWithoutEncoding) {
  EXPECT_THAT(keys(list_of(page(object("a+b%2F"), "", ""))), ElementsAre("a+b%2F"));
}

TEST(S3ListTest, APrefixBeforeTheStartIsNotShownAgain) {
  ListPage listed = list_of(page(object("a0") + prefix("a%2F") + prefix("b%2F")),
                            {.delimiter = "/", .after = "a/b"});
  EXPECT_THAT(keys(listed), ElementsAre("a0"));
  EXPECT_THAT(listed.prefixes, ElementsAre("b/"));
}

TEST(S3ListTest, APageThatIsLeftEmptyIsFollowedByTheNext) {
  S3Peer peer({xml_reply(200, page(prefix("a%2F"), "token")), xml_reply(200, page("", "second")),
               xml_reply(200, page(object("b")))});
  ListPage listed = peer.storage->list(
      peer.context, {.bucket = "bucket", .delimiter = "/", .after = "a/b", .limit = 1});
  EXPECT_THAT(keys(listed), ElementsAre("b"));
  EXPECT_EQ(listed.next, "");
  EXPECT_EQ(peer.server.requests().size(), 3u);
}

TEST(S3ListTest, PagesThatCannotBeTrustedAreFailures) {
  for (const std::string& document :
       {page(object("b") + object("a")), page(object("a") + object("a")),
        page(prefix("b%2F") + prefix("a%2F")), page(object("a", "x")), page(object("a", "-1")),
        page(object("a", "")), page(object("a", "5", "yesterday")), page(object("a%2")),
        std::string("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"),
        std::string("<Other/>"), std::string("<html>"), std::string("not xml"), std::string()}) {
    try {
      list_of(document);
      ADD_FAILURE() << "accepted: " << document;
    } catch (const Failed& error) {
      EXPECT_THAT(error.to_string(), HasSubstr("list bucket: ")) << document;
    }
  }
  EXPECT_THROW(list_of(page(object("b")), {.prefix = "a"}), Failed);
}

TEST(S3ListTest, ATokenThatGoesInCirclesIsAFailure) {
  S3Peer peer({xml_reply(200, page("", "same")), xml_reply(200, page("", "same"))});
  EXPECT_THROW(peer.storage->list(peer.context, {.bucket = "bucket"}), Failed);
}

TEST(S3ListTest, AnErrorInAGoodAnswerIsAnError) {
  EXPECT_THROW(list_of("\n  <?xml version=\"1.0\"?><Error><Code>InternalError</Code></Error>"),
               Unavailable);
}

TEST(S3ListTest, LimitsAreCheckedBeforeAnythingIsSent) {
  S3Peer peer({});
  EXPECT_THROW(peer.storage->list(peer.context, {.bucket = "bucket", .limit = 0}), InvalidArgument);
  EXPECT_TRUE(peer.server.requests().empty());
}

TEST(S3ListTest, AHugeAnswerIsCut) {
  EXPECT_THROW(list_of(page(object("a") + std::string(5 << 20, ' '))), Failed);
}

TEST(S3BucketsTest, ListsThemSorted) {
  S3Peer peer({xml_reply(200,
                         "<ListAllMyBucketsResult><Owner><ID>x</ID></Owner><Buckets>"
                         "<Bucket><Name>zoo</Name><CreationDate>2026-11-22T14:31:20.000Z"
                         "</CreationDate></Bucket><Bucket><Name>ant</Name>"
                         "<CreationDate>2025-11-22T14:31:20.000Z</CreationDate></Bucket></Buckets>"
                         "</ListAllMyBucketsResult>")});
  auto buckets = peer.storage->buckets()->list(peer.context);
  ASSERT_EQ(buckets.size(), 2u);
  EXPECT_EQ(buckets[0].name, "ant");
  EXPECT_EQ(buckets[1].created, parse_rfc3339("2026-11-22T14:31:20Z"));
  EXPECT_EQ(peer.server.request(0).first_line(), "GET / HTTP/1.1");
}

TEST(S3BucketsTest, CreatesRemovesAndLooks) {
  S3Peer peer({reply(200),
               error_reply(409, "BucketAlreadyOwnedByYou"),
               error_reply(409, "BucketNotEmpty"),
               reply(204),
               reply(200),
               {.bytes = "HTTP/1.1 404 Not Found\r\n\r\n"}});
  BucketStore& buckets = *peer.storage->buckets();
  auto code_of = [](auto action) {
    try {
      action();
    } catch (const Error& error) {
      return error.code();
    }
    return std::string("nothing was thrown");
  };
  buckets.create(peer.context, "bucket");
  EXPECT_EQ(peer.server.request(0).first_line(), "PUT /bucket HTTP/1.1");
  EXPECT_EQ(peer.server.request(0).body, "");
  EXPECT_EQ(code_of([&] { buckets.create(peer.context, "bucket"); }), kBucketExists);
  EXPECT_EQ(code_of([&] { buckets.remove(peer.context, "bucket"); }), kBucketNotEmpty);
  buckets.remove(peer.context, "bucket");
  EXPECT_EQ(peer.server.request(3).first_line(), "DELETE /bucket HTTP/1.1");
  EXPECT_EQ(buckets.info(peer.context, "bucket").name, "bucket");
  EXPECT_EQ(code_of([&] { buckets.info(peer.context, "bucket"); }), kNoSuchBucket);
  EXPECT_EQ(code_of([&] { buckets.create(peer.context, "Bad_Name"); }), kInvalidBucketName);
  EXPECT_EQ(peer.server.requests().size(), 6u);
}

TEST(S3BucketsTest, ABucketElsewhereIsConstrainedToItsRegion) {
  S3Peer peer({reply(200)});
  S3Options options = support::s3_options(peer.server.url());
  options.region = "eu-west-1";
  make_s3_storage(options)->buckets()->create(peer.context, "bucket");
  EXPECT_EQ(peer.server.request(0).body,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CreateBucketConfiguration "
            "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LocationConstraint>eu-west-1"
            "</LocationConstraint></CreateBucketConfiguration>");
  EXPECT_THAT(peer.server.request(0).header("Authorization"), HasSubstr("/eu-west-1/s3/"));
}

}  // namespace
}  // namespace holdfast::storage
