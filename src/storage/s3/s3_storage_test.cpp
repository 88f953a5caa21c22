// What the driver sends, and what it makes of the answers: objects and removals.
#include "storage/s3/s3_storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/text.h"
#include "support/loopback.h"
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
using testing::HasSubstr;

const ObjectRef kRef{"bucket", "dir/key"};
const std::string kEtag = "9a0364b9e99bb480dd25e1f0284c8555";
const std::string kHashOfContent =
    "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73";

ScriptedReply put_reply(const std::string& etag = kEtag) {
  return reply(200, "", {{"ETag", "\"" + etag + "\""}});
}

// The request's head with what is different on every run replaced.
std::string stable_head(const RecordedRequest& request, const S3Peer& peer) {
  std::string head = request.head;
  for (const auto& [from, to] : {std::pair<std::string, std::string>{peer.server.place(), "PLACE"},
                                 {request.header("Authorization"), "AUTHORIZATION"}}) {
    std::size_t at = head.find(from);
    if (at != std::string::npos) head.replace(at, from.size(), to);
  }
  return head;
}

template <typename Action>
Error error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorKind::kFailed, "nothing", "was thrown");
}

TEST(S3StorageTest, PutSendsExactlyThis) {
  S3Peer peer({put_reply()});
  PutRequest request;
  request.attributes.headers = {{"content-type", "text/plain"}};
  request.attributes.metadata = {{"mark", "x"}};
  request.condition.must_not_exist = true;
  PutResult result = put_bytes(*peer.storage, peer.context, kRef, "content", request);
  EXPECT_EQ(result.etag, kEtag);
  EXPECT_EQ(result.revision, kEtag);
  RecordedRequest sent = peer.server.request(0);
  EXPECT_EQ(stable_head(sent, peer),
            "PUT /bucket/dir/key HTTP/1.1\r\n"
            "Host: PLACE\r\n"
            "User-Agent: holdfast\r\n"
            "Accept: */*\r\n"
            "content-type: text/plain\r\n"
            "x-amz-meta-mark: x\r\n"
            "if-none-match: *\r\n"
            "x-amz-date: 20261122T143120Z\r\n"
            "x-amz-content-sha256: " +
                kHashOfContent +
                "\r\n"
                "Authorization: AUTHORIZATION\r\n"
                "Content-Length: 7\r\n\r\n");
  EXPECT_EQ(sent.body, "content");
  EXPECT_TRUE(is_rightly_signed(sent));
}

TEST(S3StorageTest, KeysOfEveryKindArriveAndAreSigned) {
  const std::pair<std::string, std::string> keys[] = {
      {"plain", "plain"},
      {"a b+c&d=e?f#g%h", "a%20b%2Bc%26d%3De%3Ff%23g%25h"},
      {"/leading//double/", "/leading//double/"},
      {"a/../b/./c", "a/../b/./c"},
      {"\xc3\xa4\xf0\x9f\x98\x80", "%C3%A4%F0%9F%98%80"},
      {"tab\there\nline", "tab%09here%0Aline"},
      {std::string(1024, 'k'), std::string(1024, 'k')},
  };
  for (const auto& [key, encoded] : keys) {
    S3Peer peer({put_reply()});
    put_bytes(*peer.storage, peer.context, {"bucket", key}, "x");
    EXPECT_EQ(peer.server.request(0).first_line(), "PUT /bucket/" + encoded + " HTTP/1.1");
    EXPECT_TRUE(is_rightly_signed(peer.server.request(0))) << key;
  }
  S3Peer peer({});
  for (const std::string& key : {std::string(), std::string(1025, 'k'), std::string("\xff")}) {
    EXPECT_THROW(put_bytes(*peer.storage, peer.context, {"bucket", key}, "x"), InvalidArgument);
  }
  EXPECT_TRUE(peer.server.requests().empty());
}

TEST(S3StorageTest, VirtualHostsCarryTheBucketInTheirName) {
  FakeClock clock(WallTime{});
  S3Options options = support::s3_options("http://localhost:1/base/");
  options.path_style = false;
  auto storage = make_s3_storage(options);
  Error error = error_of([&] { storage->head(Context::with_clock(clock), kRef, {}); });
  EXPECT_EQ(error.subject(), "HEAD http://bucket.localhost:1/base/dir/key");
}

TEST(S3StorageTest, EndpointsMustBeUrls) {
  for (const char* endpoint : {"", "127.0.0.1:9000", "ftp://host", "http://", "http:///path",
                               "http://user:password@host", "http://host?x=1"}) {
    EXPECT_THROW(make_s3_storage(support::s3_options(endpoint)), InvalidArgument) << endpoint;
  }
}

TEST(S3StorageTest, ConditionsNameTheRevision) {
  S3Peer peer({put_reply(), error_reply(412, "PreconditionFailed"), error_reply(404, "NoSuchKey"),
               error_reply(409, "ConditionalRequestConflict")});
  PutRequest request;
  request.condition.revision_is = "abc";
  auto put = [&] { put_bytes(*peer.storage, peer.context, kRef, "x", request); };
  put();
  EXPECT_EQ(peer.server.request(0).header("if-match"), "\"abc\"");
  EXPECT_EQ(error_of(put).kind(), ErrorKind::kPreconditionFailed);
  EXPECT_EQ(error_of(put).kind(), ErrorKind::kPreconditionFailed);
  EXPECT_EQ(error_of(put).kind(), ErrorKind::kUnavailable);
}

TEST(S3StorageTest, LargeBodiesWaitForLeave) {
  ScriptedReply refusal = error_reply(403, "AccessDenied");
  refusal.read_body = false;
  S3Peer peer({refusal});
  std::string bytes(1 << 20, 'x');
  EXPECT_THROW(put_bytes(*peer.storage, peer.context, kRef, bytes), AccessDenied);
  EXPECT_EQ(peer.server.request(0).header("expect"), "100-continue");
}

TEST(S3StorageTest, APutWithoutEtagIsAFailure) {
  S3Peer peer({reply(200)});
  EXPECT_EQ(error_of([&] { put_bytes(*peer.storage, peer.context, kRef, "x"); }).to_string(),
            "put bucket/dir/key: the storage's answer has no ETag; check that the endpoint speaks "
            "the S3 protocol");
}

TEST(S3StorageTest, WhatTheBodyThrowsGoesThrough) {
  class Broken : public Source {
   public:
    std::size_t read(std::span<char> into) override {
      if (++reads_ > 1) throw Corrupt("the file", "is damaged");
      into[0] = 'x';
      return 1;
    }
    std::optional<std::uint64_t> size() const override { return 2; }

   private:
    int reads_ = 0;
  } body;
  S3Peer peer({put_reply()});
  EXPECT_THROW(peer.storage->put(peer.context, kRef, body, {}), Corrupt);
  EXPECT_TRUE(peer.server.wait_for_closed(1));
  for (const auto& request : peer.server.requests()) {
    EXPECT_THAT(request.body, testing::Not(HasSubstr("x-amz-checksum")));
  }
}

TEST(S3StorageTest, ALockIsToldAndOneThatCannotBeReadCounts) {
  const auto lock_of = [](std::vector<std::pair<std::string, std::string>> headers) {
    S3Peer peer({object_reply("content", kEtag, std::move(headers))});
    return peer.storage->get(peer.context, kRef, {})->info().marks;
  };
  const Marks until =
      lock_of({{"x-amz-object-lock-mode", "COMPLIANCE"},
               {"x-amz-object-lock-retain-until-date", "2030-01-01T00:00:00.000Z"}});
  ASSERT_TRUE(until.retention);
  EXPECT_TRUE(until.retention->compliance);
  EXPECT_EQ(until.retention->until, parse_rfc3339("2030-01-01T00:00:00Z"));
  EXPECT_FALSE(until.hold);
  EXPECT_TRUE(lock_of({{"x-amz-object-lock-legal-hold", "ON"}}).hold);
  EXPECT_FALSE(lock_of({{"x-amz-object-lock-legal-hold", "OFF"}}).hold);
  EXPECT_TRUE(lock_of({{"x-amz-object-lock-mode", "GOVERNANCE"},
                       {"x-amz-object-lock-retain-until-date", "soon"}})
                  .hold);
  EXPECT_TRUE(lock_of({}).empty());
}

TEST(S3StorageTest, GetSendsExactlyThisAndReadsTheObject) {
  S3Peer peer({object_reply("content", kEtag, {{"x-amz-meta-mark", "x"}})});
  auto reader = peer.storage->get(peer.context, kRef, {});
  EXPECT_EQ(reader->length(), 7u);
  EXPECT_EQ(reader->offset(), 0u);
  EXPECT_EQ(reader->info().size, 7u);
  EXPECT_EQ(reader->info().attributes.metadata.at("mark"), "x");
  EXPECT_EQ(read_all(*reader, 100), "content");
  EXPECT_EQ(stable_head(peer.server.request(0), peer),
            "GET /bucket/dir/key HTTP/1.1\r\n"
            "Host: PLACE\r\n"
            "User-Agent: holdfast\r\n"
            "Accept: */*\r\n"
            "x-amz-checksum-mode: ENABLED\r\n"
            "x-amz-date: 20261122T143120Z\r\n"
            "x-amz-content-sha256: "
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\n"
            "Authorization: AUTHORIZATION\r\n\r\n");
  EXPECT_TRUE(is_rightly_signed(peer.server.request(0)));
}

TEST(S3StorageTest, RangesArePartsOfTheObject) {
  S3Peer peer({object_reply("ten", kEtag, {{"Content-Range", "bytes 3-5/7"}}, 206),
               object_reply("ent", kEtag, {{"Content-Range", "bytes 4-6/7"}}, 206),
               object_reply("part two", kEtag + "-2", {{"Content-Range", "bytes 5-12/13"}}, 206)});
  auto reader = peer.storage->get(peer.context, kRef, {.range = Range{3, 5, std::nullopt}});
  EXPECT_EQ(reader->offset(), 3u);
  EXPECT_EQ(reader->info().size, 7u);
  EXPECT_EQ(read_all(*reader, 100), "ten");
  EXPECT_EQ(peer.server.request(0).header("range"), "bytes=3-5");
  EXPECT_TRUE(is_rightly_signed(peer.server.request(0)));
  reader = peer.storage->get(peer.context, kRef, {.range = Range{0, std::nullopt, 3}});
  EXPECT_EQ(reader->offset(), 4u);
  EXPECT_EQ(peer.server.request(1).header("range"), "bytes=-3");
  reader = peer.storage->get(peer.context, kRef, {.part = 2});
  EXPECT_EQ(reader->offset(), 5u);
  EXPECT_EQ(reader->info().parts, 2u);
  EXPECT_EQ(peer.server.request(2).first_line(), "GET /bucket/dir/key?partNumber=2 HTTP/1.1");
}

TEST(S3StorageTest, AnIgnoredPartNumberIsAFailureUnlessItWasEverything) {
  S3Peer peer({object_reply("content", kEtag), object_reply("content", kEtag + "-2"),
               object_reply("content", kEtag + "-1"), object_reply("content", kEtag)});
  auto get = [&](unsigned part) { return peer.storage->get(peer.context, kRef, {.part = part}); };
  EXPECT_EQ(error_of([&] { get(2); }).kind(), ErrorKind::kFailed);
  EXPECT_EQ(error_of([&] { get(1); }).kind(), ErrorKind::kFailed);
  EXPECT_EQ(read_all(*get(1), 100), "content");
  EXPECT_EQ(read_all(*get(1), 100), "content");
}

TEST(S3StorageTest, AnIgnoredRangeIsAFailureUnlessItWasEverything) {
  S3Peer peer({object_reply("content", kEtag), object_reply("content", kEtag),
               error_reply(416, "InvalidRange")});
  auto get = [&](Range range) { return peer.storage->get(peer.context, kRef, {.range = range}); };
  EXPECT_EQ(error_of([&] { get({3, 5, std::nullopt}); }).kind(), ErrorKind::kFailed);
  EXPECT_EQ(read_all(*get({0, 100, std::nullopt}), 100), "content");
  EXPECT_EQ(error_of([&] { get({9, 10, std::nullopt}); }).code(), kInvalidRange);
}

TEST(S3StorageTest, AnIgnoredConditionIsStillChecked) {
  S3Peer peer({object_reply("content", kEtag), reply(304)});
  EXPECT_THROW(peer.storage->get(peer.context, kRef, {.condition = {.etag_is = {"other"}}}),
               PreconditionFailed);
  Error error = error_of(
      [&] { peer.storage->get(peer.context, kRef, {.condition = {.etag_is_not = {kEtag}}}); });
  EXPECT_EQ(error.code(), kNotModified);
}

TEST(S3StorageTest, ATruncatedBodyIsUnavailable) {
  ScriptedReply cut = object_reply("content", kEtag);
  cut.bytes.resize(cut.bytes.size() - 3);
  cut.then = ScriptedReply::Then::kClose;
  S3Peer peer({cut});
  Error error = error_of([&] { read_all(*peer.storage->get(peer.context, kRef, {}), 100); });
  EXPECT_EQ(error.kind(), ErrorKind::kUnavailable);
  EXPECT_THAT(error.reason(), HasSubstr("before its announced length"));
}

TEST(S3StorageTest, HeadTellsOfTheObject) {
  S3Peer peer({{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: \"" + kEtag +
                         "\"\r\nLast-Modified: Sun, 22 Nov 2026 14:31:20 GMT\r\n\r\n"},
               {.bytes = "HTTP/1.1 404 Not Found\r\n\r\n"},
               {.bytes = "HTTP/1.1 403 Forbidden\r\n\r\n"}});
  ObjectInfo info = peer.storage->head(peer.context, kRef, {});
  EXPECT_EQ(info.size, 1234u);
  EXPECT_EQ(info.modified, peer.clock.now());
  EXPECT_EQ(peer.server.request(0).first_line(), "HEAD /bucket/dir/key HTTP/1.1");
  EXPECT_EQ(find(*peer.storage, peer.context, kRef), std::nullopt);
  Error error = error_of([&] { peer.storage->head(peer.context, kRef, {}); });
  EXPECT_EQ(error.kind(), ErrorKind::kAccessDenied);
  EXPECT_THAT(error.advice(), HasSubstr("minio.accessKey"));
  EXPECT_EQ(peer.server.connections(), 1u);
}

TEST(S3StorageTest, TroubleOfTheEndpointIsUnavailableAndKeepsTheConnection) {
  S3Peer peer({error_reply(503, "SlowDown", "Please reduce your request rate."),
               reply(502, "<html>bad gateway</html>"), object_reply("content", kEtag)});
  auto get = [&] { return peer.storage->get(peer.context, kRef, {}); };
  EXPECT_EQ(error_of(get).to_string(),
            "get bucket/dir/key: Please reduce your request rate (SlowDown)");
  EXPECT_EQ(error_of(get).reason(), "the storage answered status 502");
  EXPECT_EQ(read_all(*get(), 100), "content");
  EXPECT_EQ(peer.server.connections(), 1u);
}

TEST(S3StorageTest, AnUnreachableEndpointNamesThePlace) {
  std::string place = "127.0.0.1:" + std::to_string(support::unused_port());
  auto storage = make_s3_storage(support::s3_options("http://" + place));
  Error error = error_of([&] { storage->get(Context::background(), kRef, {}); });
  EXPECT_EQ(error.kind(), ErrorKind::kUnavailable);
  EXPECT_THAT(error.advice(), HasSubstr(place));
}

TEST(S3StorageTest, ARequestThatTakesTooLongIsUnavailableNotTheEndOfTheDeadline) {
  ScriptedReply stall{.bytes = "", .then = ScriptedReply::Then::kStall};
  S3Peer peer({stall});
  S3Options options = support::s3_options(peer.server.url());
  options.request_timeout = std::chrono::seconds(30);
  auto storage = make_s3_storage(options);
  std::thread other([&] {
    EXPECT_TRUE(peer.server.wait_for_requests(1));
    peer.clock.advance(std::chrono::seconds(31));
  });
  EXPECT_EQ(error_of([&] { storage->get(peer.context, kRef, {}); }).kind(),
            ErrorKind::kUnavailable);
  other.join();
}

TEST(S3StorageTest, OneObjectIsRemovedByItsOwnRequest) {
  S3Peer peer({reply(204), error_reply(412, "PreconditionFailed"), error_reply(404, "NoSuchKey")});
  auto remove = [&](std::optional<std::string> etag) {
    return peer.storage->remove(peer.context, "bucket", {{"dir/key", etag}})[0].error;
  };
  EXPECT_EQ(remove(std::nullopt), std::nullopt);
  EXPECT_EQ(peer.server.request(0).first_line(), "DELETE /bucket/dir/key HTTP/1.1");
  EXPECT_FALSE(peer.server.request(0).has_header("if-match"));
  EXPECT_EQ(remove("abc")->kind(), ErrorKind::kPreconditionFailed);
  EXPECT_EQ(peer.server.request(1).header("if-match"), "\"abc\"");
  EXPECT_EQ(remove("abc"), std::nullopt);
}

TEST(S3StorageTest, OneObjectsTroubleIsThrownWhenItMayPass) {
  S3Peer peer({error_reply(503, "SlowDown"), error_reply(404, "NoSuchBucket"),
               error_reply(403, "AccessDenied")});
  auto remove = [&] { return peer.storage->remove(peer.context, "bucket", {{"key", {}}}); };
  EXPECT_EQ(error_of(remove).kind(), ErrorKind::kUnavailable);
  EXPECT_EQ(error_of(remove).code(), kNoSuchBucket);
  EXPECT_EQ(remove()[0].error->kind(), ErrorKind::kAccessDenied);
}

TEST(S3StorageTest, ManyObjectsAreRemovedTogether) {
  S3Peer peer({xml_reply(200,
                         "<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                         "<Error><Key>b&amp;c</Key><Code>AccessDenied</Code><Message>No.</Message>"
                         "</Error><Error><Key>d</Key><Code>InternalError</Code></Error>"
                         "<Error><Key>e</Key><Code>NoSuchKey</Code></Error></DeleteResult>")});
  auto results =
      peer.storage->remove(peer.context, "bucket", {{"a", {}}, {"b&c", {}}, {"d", {}}, {"e", {}}});
  EXPECT_EQ(results[0].error, std::nullopt);
  EXPECT_EQ(results[1].error->to_string(),
            "remove bucket/b&c: No (AccessDenied); check what the access key may do with this "
            "bucket (minio.accessKey and its policy)");
  EXPECT_EQ(results[2].error->kind(), ErrorKind::kUnavailable);
  EXPECT_EQ(results[3].error, std::nullopt);
  RecordedRequest sent = peer.server.request(0);
  EXPECT_EQ(sent.first_line(), "POST /bucket?delete= HTTP/1.1");
  EXPECT_EQ(sent.body,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            "<Object><Key>a</Key></Object><Object><Key>b&amp;c</Key></Object>"
            "<Object><Key>d</Key></Object><Object><Key>e</Key></Object>"
            "<Quiet>true</Quiet></Delete>");
  EXPECT_EQ(sent.header("content-md5"),
            codec::to_base64(codec::digest_of(codec::DigestAlgorithm::kMd5, sent.body)));
  EXPECT_TRUE(is_rightly_signed(sent));
}

TEST(S3StorageTest, WhatXmlCannotCarryIsRemovedAlone) {
  S3Peer peer({xml_reply(200, "<DeleteResult/>"), reply(204), reply(204), reply(204)});
  auto results = peer.storage->remove(
      peer.context, "bucket",
      {{"plain", {}}, {"bell\x07", {}}, {"odd\xef\xbf\xbf", {}}, {"kept", "abc"}, {"", {}}});
  EXPECT_THAT(peer.server.request(0).body, testing::Not(HasSubstr("bell")));
  EXPECT_EQ(peer.server.request(1).first_line(), "DELETE /bucket/bell%07 HTTP/1.1");
  EXPECT_EQ(peer.server.request(3).header("if-match"), "\"abc\"");
  EXPECT_EQ(results[4].error->kind(), ErrorKind::kInvalidArgument);
  EXPECT_EQ(peer.server.requests().size(), 4u);
}

TEST(S3StorageTest, NothingToRemoveSendsNothing) {
  S3Peer peer({});
  EXPECT_TRUE(peer.storage->remove(peer.context, "bucket", {}).empty());
  EXPECT_THROW(peer.storage->remove(peer.context, "bucket", std::vector<RemoveTarget>(1001)),
               InvalidArgument);
  EXPECT_TRUE(peer.server.requests().empty());
}

TEST(S3StorageTest, TheSecretIsNowhereInAnError) {
  S3Peer peer({error_reply(403, "SignatureDoesNotMatch")});
  Error error = error_of([&] { peer.storage->head(peer.context, kRef, {}); });
  EXPECT_THAT(error.to_string(), testing::Not(HasSubstr("wJalr")));
}

}  // namespace
}  // namespace holdfast::storage
