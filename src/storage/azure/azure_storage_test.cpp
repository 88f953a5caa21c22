// What the driver sends and makes of answers, with a server that answers as a test says. How a real
// server takes it is tests/conformance's affair.
#include "storage/azure/azure_storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/text.h"
#include "storage/azure/azure_block_id.h"
#include "storage/azure/azure_blocks.h"
#include "storage/azure/azure_copy.h"
#include "storage/azure/azure_label.h"
#include "storage/azure/azure_list.h"
#include "support/scripted_server.h"

namespace holdfast::storage {
namespace {

using support::RecordedRequest;
using support::reply;
using support::ScriptedReply;
using support::ScriptedServer;
using testing::HasSubstr;
using testing::Not;
using Headers = std::vector<std::pair<std::string, std::string>>;

const std::string kKey = codec::to_base64("a key that must never be seen");
constexpr const char* kSignature = "sv=2021-12-02&sp=rwdl&sig=c2VjcmV0IHNpZ25hdHVyZQ%3D%3D";

ScriptedReply written(const char* etag = "0x8D1") {
  return reply(201, "",
               {{"ETag", "\"" + std::string(etag) + "\""},
                {"Last-Modified", "Sun, 22 Nov 2026 14:31:20 GMT"}});
}

ScriptedReply found(std::uint64_t size, Headers more = {}) {
  more.emplace_back("ETag", "\"0x8D1\"");
  more.emplace_back("Last-Modified", "Sun, 22 Nov 2026 14:31:20 GMT");
  ScriptedReply answer = reply(200, "", more);
  const std::string none = "Content-Length: 0";
  answer.bytes.replace(answer.bytes.find(none), none.size(),
                       "Content-Length: " + std::to_string(size));
  return answer;
}

ScriptedReply refused(int status, std::string_view code, std::string_view message = "It failed.") {
  std::string document = "\xef\xbb\xbf<?xml version=\"1.0\"?><Error><Code>" + std::string(code) +
                         "</Code><Message>" + std::string(message) +
                         "\nRequestId:1\nTime:2</Message></Error>";
  return reply(status, document, {{"x-ms-error-code", std::string(code)}});
}

class AzureDriver : public ::testing::Test {
 protected:
  void serve(std::deque<ScriptedReply> replies, bool by_signature = false,
             std::size_t held_bytes = AzureOptions().held_bytes) {
    server_ = std::make_unique<ScriptedServer>(std::move(replies));
    AzureOptions options;
    options.account = {"acme", Secret(by_signature ? "" : kKey)};
    if (by_signature) options.signature = Secret(kSignature);
    options.endpoint = server_->url();
    options.held_bytes = held_bytes;
    options.write_retry = {.attempts = 3};
    storage_ = make_azure_storage(options);
  }
  RecordedRequest request(std::size_t index) const { return server_->request(index); }
  std::size_t count() const { return server_->requests().size(); }

  std::string error_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.to_string();
    }
    return "(none)";
  }

  FakeClock clock_{parse_rfc3339("2026-11-22T14:31:20Z")};
  Context context_ = Context::with_clock(clock_);
  std::unique_ptr<ScriptedServer> server_;
  std::unique_ptr<Storage> storage_;
  const ObjectRef ref_{"box", "dir/a b+c"};
};

TEST_F(AzureDriver, ASmallObjectIsOneRequest) {
  serve({written("0x8DAB")});
  PutRequest put;
  put.attributes.headers = {{"content-type", "text/x"}};
  PutResult result = put_bytes(*storage_, context_, ref_, "content", put);
  EXPECT_EQ(result.revision, "0x8DAB");
  const std::string md5 = codec::digest_of(codec::DigestAlgorithm::kMd5, "content");
  EXPECT_EQ(result.etag, codec::to_hex(md5));
  ASSERT_EQ(count(), 1u);
  EXPECT_EQ(request(0).first_line(), "PUT /acme/box/dir/a%20b%2Bc HTTP/1.1");
  EXPECT_EQ(request(0).body, "content");
  EXPECT_EQ(request(0).header("x-ms-blob-type"), "BlockBlob");
  EXPECT_EQ(request(0).header("content-md5"), codec::to_base64(md5));
  EXPECT_EQ(request(0).header("x-ms-blob-content-md5"), codec::to_base64(md5));
  EXPECT_EQ(request(0).header("x-ms-blob-content-type"), "text/x");
  EXPECT_THAT(request(0).header("authorization"), testing::StartsWith("SharedKey acme:"));
  auto label = decode_azure_label(request(0).header("x-ms-meta-holdfast"));
  ASSERT_TRUE(label);
  EXPECT_EQ(label->md5, md5);
}

TEST_F(AzureDriver, ASignatureTakesTheKeysPlace) {
  serve({written()}, true);
  put_bytes(*storage_, context_, ref_, "content");
  EXPECT_FALSE(request(0).has_header("authorization"));
  EXPECT_THAT(request(0).first_line(), HasSubstr("sig=c2VjcmV0IHNpZ25hdHVyZQ%3D%3D"));
}

TEST_F(AzureDriver, NoErrorHoldsASecret) {
  for (bool by_signature : {false, true}) {
    serve({refused(403, "AuthenticationFailed", "Server failed to authenticate.")}, by_signature);
    std::string line = error_of([&] { put_bytes(*storage_, context_, ref_, "x"); });
    EXPECT_THAT(line, HasSubstr("Server failed to authenticate (AuthenticationFailed)"));
    EXPECT_THAT(line, Not(HasSubstr("RequestId")));
    EXPECT_THAT(line, Not(HasSubstr("c2VjcmV0")));
    EXPECT_THAT(line, Not(HasSubstr(kKey)));
  }
}

TEST_F(AzureDriver, BadSettingsAreRefusedWithoutShowingThem) {
  AzureOptions options;
  options.account = {"acme", Secret("no base64 !")};
  EXPECT_THROW(make_azure_storage(options), InvalidArgument);
  EXPECT_THAT(error_of([&] { make_azure_storage(options); }), Not(HasSubstr("no base64 !")));
  options.account.key = Secret(kKey);
  options.endpoint = "ftp://somewhere";
  EXPECT_THROW(make_azure_storage(options), InvalidArgument);
  options.endpoint = "";
  EXPECT_NO_THROW(make_azure_storage(options));
  options.signature = Secret("sv=1&private");
  EXPECT_THAT(error_of([&] { make_azure_storage(options); }), Not(HasSubstr("private")));
}

// Retries.

TEST_F(AzureDriver, WhatIsHeldIsSentAgain) {
  serve(
      {refused(503, "ServerBusy"), {.bytes = "", .then = ScriptedReply::Then::kReset}, written()});
  put_bytes(*storage_, context_, ref_, "content");
  EXPECT_EQ(count(), 3u);
  EXPECT_EQ(request(2).body, "content");
}

TEST_F(AzureDriver, AConditionalWriteIsNeverSentAgain) {
  PutRequest put;
  put.condition.must_not_exist = true;
  serve({refused(503, "ServerBusy")});
  EXPECT_THROW(put_bytes(*storage_, context_, ref_, "content", put), Unavailable);
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(request(0).header("if-none-match"), "*");
  put.condition = {.revision_is = "0x8D7"};
  serve({refused(500, "InternalError")});
  EXPECT_THROW(put_bytes(*storage_, context_, ref_, "content", put), Unavailable);
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(request(0).header("if-match"), "\"0x8D7\"");
}

TEST_F(AzureDriver, OneBlockOfALargeObjectIsSentAgainAndNoOther) {
  serve({written(), refused(500, "InternalError"), written(), written(), written()});
  std::string bytes(kHeldBlock + 5, 'x');
  bytes.back() = 'y';
  put_bytes(*storage_, context_, ref_, bytes);
  ASSERT_EQ(count(), 4u);
  EXPECT_EQ(request(0).body.size(), kHeldBlock);
  EXPECT_EQ(request(1).body, "xxxxy");
  EXPECT_EQ(request(2).body, "xxxxy");
  EXPECT_EQ(request(1).first_line(), request(2).first_line());
  EXPECT_THAT(request(3).first_line(), HasSubstr("comp=blocklist"));
  EXPECT_EQ(request(3).header("x-ms-blob-content-md5"),
            codec::to_base64(codec::digest_of(codec::DigestAlgorithm::kMd5, bytes)));
  codec::XmlElement list = codec::parse_xml(request(3).body);
  ASSERT_EQ(list.children.size(), 2u);
  EXPECT_EQ(decode_block_id(list.children[0].text)->index, 0u);
  EXPECT_EQ(decode_block_id(list.children[1].text)->index, 1u);
}

TEST_F(AzureDriver, AWrongMd5PublishesNothing) {
  PutRequest put;
  put.md5 = std::string(16, 'x');
  serve({written(), written()});
  EXPECT_THROW(put_bytes(*storage_, context_, ref_, "content", put), InvalidArgument);
  EXPECT_EQ(count(), 0u);
}

// Copies.

TEST_F(AzureDriver, ACopyIsMadeByTheService) {
  serve({found(7, {{"Content-MD5", codec::to_base64(std::string(16, '\xab'))}}), written("0x8D9")});
  CopyResult result = storage_->copy(context_, {"box", "from"}, ref_, {});
  EXPECT_EQ(result.revision, "0x8D9");
  EXPECT_EQ(result.etag, "abababababababababababababababab");
  EXPECT_EQ(request(1).header("x-ms-requires-sync"), "true");
  EXPECT_EQ(request(1).header("x-ms-source-if-match"), "\"0x8D1\"");
  EXPECT_THAT(request(1).header("x-ms-copy-source"),
              testing::StartsWith(server_->url() + "/acme/box/from?sv="));
  EXPECT_THAT(request(1).header("x-ms-copy-source"), HasSubstr("sp=r"));
  EXPECT_EQ(request(1).body, "");
}

TEST_F(AzureDriver, ALargeCopyIsMadeOfBlocksThatTheServiceFetches) {
  const std::uint64_t size = 2 * kCopiedAtOnce + 10;
  AzureLabel label{.md5 = std::string(16, '\xab'), .parts = 9, .tag = "abcd"};
  serve({found(size, {{"x-ms-meta-holdfast", encode_azure_label(label)}}), written(),
         refused(503, "ServerBusy"), written(), written(), written("0x8D9")});
  CopyResult result = storage_->copy(context_, {"box", "from"}, ref_, {});
  EXPECT_EQ(result.etag, "abababababababababababababababab-9");
  EXPECT_EQ(result.revision, "0x8D9");
  ASSERT_EQ(count(), 6u);
  EXPECT_EQ(request(1).header("x-ms-source-range"), "bytes=0-268435455");
  EXPECT_EQ(request(2).header("x-ms-source-range"), "bytes=268435456-536870911");
  EXPECT_EQ(request(3).first_line(), request(2).first_line());
  EXPECT_EQ(request(4).header("x-ms-source-range"), "bytes=536870912-536870921");
  for (std::size_t i = 1; i < 5; ++i) EXPECT_EQ(request(i).body, "") << i;
  EXPECT_EQ(codec::parse_xml(request(5).body).children.size(), 3u);
  EXPECT_EQ(decode_azure_label(request(5).header("x-ms-meta-holdfast"))->parts, 9u);
}

// Reads.

TEST_F(AzureDriver, AnotherStretchThanAskedForIsAnError) {
  GetRequest get{.range = Range{.first = 2, .last = 4}};
  serve({reply(200, "0123456789",
               {{"ETag", "\"0x8D1\""}, {"Last-Modified", "Sun, 22 Nov 2026 14:31:20 GMT"}})});
  EXPECT_THROW(storage_->get(context_, ref_, get), Failed);
  serve({reply(206, "2345",
               {{"ETag", "\"0x8D1\""},
                {"Content-Range", "bytes 2-5/10"},
                {"Last-Modified", "Sun, 22 Nov 2026 14:31:20 GMT"}})});
  EXPECT_THROW(storage_->get(context_, ref_, get), Failed);
}

TEST_F(AzureDriver, AnswersThatLackWhatTheyNeedAreErrors) {
  serve({reply(200, "x", {{"Last-Modified", "Sun, 22 Nov 2026 14:31:20 GMT"}})});
  EXPECT_THROW(storage_->get(context_, ref_, {}), Failed);
  serve({reply(200, "x", {{"ETag", "\"1\""}, {"Last-Modified", "yesterday"}})});
  EXPECT_THROW(storage_->get(context_, ref_, {}), Failed);
  serve({reply(206, "x", {{"ETag", "\"1\""}, {"Content-Range", "bytes x"}})});
  EXPECT_THROW(storage_->get(context_, ref_, {}), Failed);
}

TEST_F(AzureDriver, ReadsOfARevisionAreBoundToIt) {
  serve({refused(412, "ConditionNotMet")});
  EXPECT_THROW(storage_->get(context_, ref_, {.condition = {.revision_is = "0x8D1"}}),
               PreconditionFailed);
  EXPECT_EQ(request(0).header("if-match"), "\"0x8D1\"");
}

// Lists.

ScriptedReply list_reply(const std::vector<std::string>& names, const std::string& next) {
  std::string document = "\xef\xbb\xbf<?xml version=\"1.0\"?><EnumerationResults><Blobs>";
  for (const std::string& name : names) {
    document += "<Blob><Name>" + name +
                "</Name><Properties><Etag>0x8D1</Etag><Content-Length>3</Content-Length>"
                "<Last-Modified>Sun, 22 Nov 2026 14:31:20 GMT</Last-Modified>"
                "</Properties></Blob>";
  }
  return reply(200,
               document + "</Blobs><NextMarker>" + next + "</NextMarker></EnumerationResults>");
}

std::vector<std::string> keys_of(const ListPage& page) {
  std::vector<std::string> keys;
  for (const ObjectInfo& info : page.objects) keys.push_back(info.key);
  return keys;
}

TEST_F(AzureDriver, TheNameOfALastEntryGoesOnFromAzuresMarker) {
  serve({list_reply({"a", "b"}, "mark-1"), list_reply({"c"}, ""), list_reply({"c"}, "")});
  ListRequest request{.bucket = "box", .limit = 2};
  ListPage page = storage_->list(context_, request);
  EXPECT_EQ(keys_of(page), (std::vector<std::string>{"a", "b"}));
  ListRequest by_cursor = request;
  by_cursor.cursor = page.next;
  EXPECT_EQ(keys_of(storage_->list(context_, by_cursor)), std::vector<std::string>{"c"});
  request.after = "b";
  EXPECT_EQ(keys_of(storage_->list(context_, request)), std::vector<std::string>{"c"});
  EXPECT_THAT(server_->request(0).first_line(), HasSubstr("include=metadata"));
  EXPECT_THAT(server_->request(1).first_line(), HasSubstr("marker=mark-1"));
  EXPECT_THAT(server_->request(2).first_line(), HasSubstr("marker=mark-1"));
  EXPECT_EQ(count(), 3u);
}

TEST_F(AzureDriver, AnUnknownNameIsReachedFromTheStart) {
  serve({list_reply({"a", "b"}, "mark-1"), list_reply({}, "mark-2"), list_reply({"c"}, "")});
  ListPage page = storage_->list(context_, {.bucket = "box", .after = "bb", .limit = 2});
  EXPECT_EQ(keys_of(page), std::vector<std::string>{"c"});
  EXPECT_EQ(page.next, "");
  EXPECT_EQ(count(), 3u);
}

TEST_F(AzureDriver, ListsThatCannotBeTrustedAreErrors) {
  auto fails = [&](std::deque<ScriptedReply> replies) {
    serve(std::move(replies));
    EXPECT_THROW(storage_->list(context_, {.bucket = "box", .prefix = "p"}), Failed);
  };
  fails({list_reply({"other"}, "")});
  fails({list_reply({"pb"}, "m"), list_reply({"pa"}, "")});
  fails({list_reply({}, "m"), list_reply({}, "m")});
  fails({reply(200, "<html>")});
  fails({reply(200, "<Other/>")});
  fails({reply(200, "<EnumerationResults/>")});
  fails({reply(200,
               "<EnumerationResults><Blobs><Blob><Name>p</Name></Blob></Blobs>"
               "</EnumerationResults>")});
  serve({});
  EXPECT_THROW(storage_->list(context_, {.bucket = "box", .cursor = "foreign"}), InvalidArgument);
}

TEST_F(AzureDriver, FoldersOfAHierarchicalNamespaceAreNoObjects) {
  ScriptedReply page = list_reply({"dir", "dir/a"}, "");
  const std::string end = "</Properties></Blob>";
  page.bytes.insert(page.bytes.find(end) + 13,
                    "<Metadata><hdi_isfolder>true</hdi_isfolder></Metadata>");
  const std::size_t body = page.bytes.find("\r\n\r\n") + 4;
  serve({reply(200, page.bytes.substr(body))});
  EXPECT_EQ(keys_of(storage_->list(context_, {.bucket = "box"})),
            std::vector<std::string>{"dir/a"});
}

// Removals.

TEST_F(AzureDriver, EveryRemovalHasItsOwnAnswer) {
  server_ = std::make_unique<ScriptedServer>([](const RecordedRequest& seen) {
    if (seen.first_line().starts_with("DELETE /acme/box/gone")) return refused(404, "BlobNotFound");
    if (seen.first_line().starts_with("DELETE /acme/box/held")) {
      return refused(412, "LeaseIdMissing");
    }
    return reply(202);
  });
  AzureOptions options;
  options.account = {"acme", Secret(kKey)};
  options.endpoint = server_->url();
  storage_ = make_azure_storage(options);
  std::vector<RemoveTarget> targets;
  for (int i = 0; i < 30; ++i) targets.push_back({"there" + std::to_string(i), std::nullopt});
  targets.push_back({"gone", std::nullopt});
  targets.push_back({"held", std::nullopt});
  targets.push_back({"ends with a dot.", std::nullopt});
  auto results = storage_->remove(context_, "box", targets);
  ASSERT_EQ(results.size(), targets.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].key, targets[i].key);
    EXPECT_EQ(results[i].error.has_value(), targets[i].key == "held") << targets[i].key;
  }
  EXPECT_EQ(count(), 32u);
}

TEST_F(AzureDriver, AMissingContainerEndsARemovalAtOnce) {
  server_ = std::make_unique<ScriptedServer>(
      [](const RecordedRequest&) { return refused(404, "ContainerNotFound"); });
  AzureOptions options;
  options.account = {"acme", Secret(kKey)};
  options.endpoint = server_->url();
  storage_ = make_azure_storage(options);
  std::vector<RemoveTarget> targets;
  for (int i = 0; i < 1000; ++i) targets.push_back({"key" + std::to_string(i), std::nullopt});
  EXPECT_THROW(storage_->remove(context_, "box", targets), NotFound);
  EXPECT_LT(count(), 1000u);
  targets.push_back({"one too many", std::nullopt});
  EXPECT_THROW(storage_->remove(context_, "box", targets), InvalidArgument);
}

TEST(AzureMarkerCache, ForgetsWhatWasNotUsedLongest) {
  MarkerCache cache(2);
  ListRequest request{.bucket = "box"};
  cache.keep(request, "a", "1");
  cache.keep(request, "b", "2");
  EXPECT_EQ(cache.find(request, "a"), "1");
  cache.keep(request, "c", "3");
  EXPECT_EQ(cache.find(request, "b"), "");
  EXPECT_EQ(cache.find(request, "a"), "1");
  cache.keep(request, "a", "4");
  EXPECT_EQ(cache.find(request, "a"), "4");
  ListRequest other{.bucket = "box", .prefix = "p"};
  EXPECT_EQ(cache.find(other, "a"), "");
}

// Uploads.

TEST_F(AzureDriver, UploadsCannotBeListed) {
  serve({});
  EXPECT_THROW(storage_->multipart()->uploads(context_, {.bucket = "box"}), Unsupported);
}

TEST_F(AzureDriver, ALongPartIsFourBlocksAndOneThatIsHeld) {
  serve({written(), written(), written(), written(), written(), written(), written(), written()});
  std::string upload = storage_->multipart()->create(context_, ref_, {}, std::nullopt);
  std::string bytes(6 * kHeldBlock, 'x');
  MemorySource body(bytes);
  PartInfo part = storage_->multipart()->put_part(context_, ref_, upload, 1, body, {});
  EXPECT_EQ(part.size, bytes.size());
  EXPECT_EQ(part.etag, codec::to_hex(codec::digest_of(codec::DigestAlgorithm::kMd5, bytes)));
  EXPECT_EQ(count(), 1u + 5u);
  std::uint64_t sum = 0;
  for (std::size_t i = 1; i < count(); ++i) sum += request(i).body.size();
  EXPECT_EQ(sum, bytes.size());
  EXPECT_EQ(request(count() - 1).body.size(), kHeldBlock);
}

TEST_F(AzureDriver, AStreamedBlockThatFailsIsNotSentAgain) {
  serve({written(), refused(503, "ServerBusy")});
  std::string upload = storage_->multipart()->create(context_, ref_, {}, std::nullopt);
  std::string bytes(6 * kHeldBlock, 'x');
  MemorySource body(bytes);
  EXPECT_THROW(storage_->multipart()->put_part(context_, ref_, upload, 1, body, {}), Unavailable);
  EXPECT_EQ(count(), 2u);
}

TEST_F(AzureDriver, BlocksAreSmallWhileOthersHoldMuch) {
  serve(std::deque<ScriptedReply>(6, written()), false, 0);
  const std::string bytes(4 * kLeastHeld, 'x');
  put_bytes(*storage_, context_, ref_, bytes);
  ASSERT_EQ(count(), 6u) << "five blocks and their list";
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i + 1 < count(); ++i) {
    EXPECT_LT(request(i).body.size(), kLeastHeld);
    sum += request(i).body.size();
  }
  EXPECT_EQ(sum, bytes.size());
}

TEST_F(AzureDriver, APartHasFiveBlocksAlsoWhileOthersHoldMuch) {
  serve(std::deque<ScriptedReply>(8, written()), false, 0);
  std::string upload = storage_->multipart()->create(context_, ref_, {}, std::nullopt);
  const std::string bytes(6 * kLeastHeld, 'x');
  MemorySource body(bytes);
  storage_->multipart()->put_part(context_, ref_, upload, 1, body, {});
  ASSERT_EQ(count(), 1u + 5u);
  EXPECT_LT(request(5).body.size(), kLeastHeld) << "the block that is held";
}

}  // namespace
}  // namespace holdfast::storage
