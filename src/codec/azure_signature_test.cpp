#include "codec/azure_signature.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast::codec {
namespace {

// Signatures below were made by Microsoft's own client library for Python with this account.
AzureAccount account() {
  std::string key;
  for (int i = 0; i < 64; ++i) key += char(i);
  return {"myaccount", Secret(to_base64(key))};
}

SignedRequest put_block() {
  return {.method = "PUT",
          .path = "/my-container/dir/a%20b%2B%C3%BC.bin",
          .query = {{"comp", "block"}, {"blockid", "QUJD+Q=="}, {"timeout", "20"}},
          .headers = {{"x-ms-version", "2021-12-02"},
                      {"Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww=="},
                      {"Content-Type", "text/plain"},
                      {"If-None-Match", "*"},
                      {"x-ms-meta-holdfast", "AQID"},
                      {"x-ms-blob-type", "BlockBlob"},
                      {"Host", "myaccount.blob.core.windows.net"}}};
}

const WallTime kNow = parse_rfc3339("2026-11-22T14:31:20Z");

std::string header_of(const SignedRequest& request, std::string_view wanted) {
  for (const auto& [name, value] : request.headers) {
    if (name == wanted) return value;
  }
  return "";
}

TEST(AzureSignature, SignsTheHeadersAndTheResourceInTheirOrder) {
  SignedRequest request = put_block();
  request.headers.emplace_back("x-ms-date", "Sun, 22 Nov 2026 14:31:20 GMT");
  EXPECT_EQ(azure_string_to_sign(request, 11, "myaccount"),
            "PUT\n\n\n11\nXrY7u+Ae7tCTyyK7j1rNww==\ntext/plain\n\n\n\n*\n\n\n"
            "x-ms-blob-type:BlockBlob\nx-ms-date:Sun, 22 Nov 2026 14:31:20 GMT\n"
            "x-ms-meta-holdfast:AQID\nx-ms-version:2021-12-02\n"
            "/myaccount/my-container/dir/a%20b%2B%C3%BC.bin\n"
            "blockid:QUJD+Q==\ncomp:block\ntimeout:20");
}

// The example of Microsoft's reference: Get Container Metadata.
TEST(AzureSignature, AnEmptyBodyIsSignedWithoutALength) {
  SignedRequest request{
      .method = "GET",
      .path = "/mycontainer",
      .query = {{"restype", "container"}, {"comp", "metadata"}, {"timeout", "20"}},
      .headers = {{"x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT"}, {"x-ms-version", "2015-02-21"}}};
  EXPECT_EQ(azure_string_to_sign(request, 0, "myaccount"),
            "GET\n\n\n\n\n\n\n\n\n\n\n\n"
            "x-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n"
            "/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20");
}

TEST(AzureSignature, RepeatedParametersAreJoinedInOrder) {
  SignedRequest request{
      .method = "GET",
      .path = "/c",
      .query = {{"Include", "snapshots"}, {"comp", "list"}, {"include", "metadata"}},
      .headers = {}};
  EXPECT_TRUE(azure_string_to_sign(request, 0, "a")
                  .ends_with("/a/c\ncomp:list\ninclude:metadata,snapshots"));
}

TEST(AzureSignature, NamesInAnyCaseAndBlanksAroundValues) {
  SignedRequest request{.method = "GET",
                        .path = "/c/b",
                        .query = {},
                        .headers = {{"RANGE", " bytes=0-4 "}, {"X-MS-Version", "\t2021-12-02 "}}};
  EXPECT_EQ(azure_string_to_sign(request, 0, "a"),
            "GET\n\n\n\n\n\n\n\n\n\n\nbytes=0-4\nx-ms-version:2021-12-02\n/a/c/b");
}

TEST(AzureSignature, TheAuthorizationIsThatOfTheOfficialClient) {
  SignedRequest request = put_block();
  add_shared_key(request, 11, account(), kNow);
  EXPECT_EQ(header_of(request, "x-ms-date"), "Sun, 22 Nov 2026 14:31:20 GMT");
  EXPECT_EQ(header_of(request, "Authorization"),
            "SharedKey myaccount:fAJxX5yPOqh/BHjdgdGJfnYWHQxn4+JhAIGnLsGZ5pg=");
}

TEST(AzureSignature, AReadSignatureIsThatOfTheOfficialClient) {
  auto made = parse_query(azure_read_signature(account(), "my-container", "dir/a b+\xc3\xbc.bin",
                                               kNow + std::chrono::hours(1)));
  ASSERT_TRUE(made);
  QueryParameters expected = {{"sv", "2020-12-06"},
                              {"sr", "b"},
                              {"sp", "r"},
                              {"se", "2026-11-22T15:31:20Z"},
                              {"sig", "D8Pmp1Zunjd9hweVar7NCljyhr+79U98Mrg5RAzzFgk="}};
  EXPECT_EQ(*made, expected);
}

TEST(AzureSignature, AKeyThatIsNotBase64IsRefused) {
  SignedRequest request = put_block();
  AzureAccount bad{"myaccount", Secret("not base64!")};
  EXPECT_FALSE(is_azure_key(bad.key));
  EXPECT_FALSE(is_azure_key(Secret("")));
  EXPECT_TRUE(is_azure_key(account().key));
  try {
    add_shared_key(request, 0, bad, kNow);
    FAIL() << "nothing was thrown";
  } catch (const InvalidArgument& error) {
    EXPECT_EQ(error.to_string().find("not base64!"), std::string::npos) << error.to_string();
  }
  EXPECT_THROW(azure_read_signature(bad, "c", "b", kNow), InvalidArgument);
}

TEST(AzureSignature, GivenSignaturesAreReadAndChecked) {
  auto parsed = parse_azure_signature("?sv=2021-12-02&ss=b&sig=a%2Bb%3D");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->back().second, "a+b=");
  EXPECT_EQ(parse_azure_signature("sv=2021-12-02&sig=x"),
            (QueryParameters{{"sv", "2021-12-02"}, {"sig", "x"}}));
  for (const char* bad : {"", "?", "sv=1", "sig=x", "sv=&sig=x", "sv=1&sig=%", "sv=1&sig="}) {
    EXPECT_FALSE(parse_azure_signature(bad)) << bad;
  }
  EXPECT_FALSE(parse_azure_signature("sv=1&sig=" + std::string(4096, 'x')));
}

}  // namespace
}  // namespace holdfast::codec
