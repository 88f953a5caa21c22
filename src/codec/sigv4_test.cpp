#include "codec/sigv4.h"

#include <gtest/gtest.h>

#include "codec/digest.h"

namespace holdfast::codec {
namespace {

// The example account, requests and signatures that AWS publishes in "Authenticating requests:
// using the Authorization header", "... query parameters" and "... multiple chunks".
const char kAccessKey[] = "AKIAIOSFODNN7EXAMPLE";
const Secret kSecretKey("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
const Scope kScope{"20130524", "us-east-1", "s3"};
const char kTimestamp[] = "20130524T000000Z";
const char kEmptyHash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

Credentials example_credentials() { return {kAccessKey, kSecretKey, ""}; }

WallTime example_time() { return parse_basic_iso(kTimestamp); }

SignedRequest example_get(std::string path, QueryParameters query) {
  return {"GET",
          std::move(path),
          std::move(query),
          {{"Host", "examplebucket.s3.amazonaws.com"},
           {"x-amz-content-sha256", kEmptyHash},
           {"x-amz-date", kTimestamp}}};
}

std::string sign_example(const SignedRequest& request, const std::vector<std::string>& names,
                         std::string_view payload_hash) {
  return sign(request, names, payload_hash, kTimestamp, kScope, signing_key(kSecretKey, kScope));
}

TEST(Sigv4, PublishedGetObject) {
  SignedRequest request = example_get("/test.txt", {});
  request.headers.emplace_back("Range", "bytes=0-9");
  EXPECT_EQ(
      sign_example(request, {"host", "range", "x-amz-content-sha256", "x-amz-date"}, kEmptyHash),
      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(Sigv4, PublishedPutObject) {
  std::string hash = to_hex(digest_of(DigestAlgorithm::kSha256, "Welcome to Amazon S3."));
  SignedRequest request{"PUT",
                        "/test%24file.text",
                        {},
                        {{"Host", "examplebucket.s3.amazonaws.com"},
                         {"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                         {"x-amz-date", kTimestamp},
                         {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                         {"x-amz-content-sha256", hash}}};
  std::vector<std::string> names = {"date", "host", "x-amz-content-sha256", "x-amz-date",
                                    "x-amz-storage-class"};
  std::string published = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd";
  EXPECT_EQ(sign_example(request, names, hash), published);
  // A client that leaves '$' bare means the same path.
  request.path = "/test$file.text";
  EXPECT_EQ(sign_example(request, names, hash), published);
  request.path = "/%74est%24file.text";
  EXPECT_EQ(sign_example(request, names, hash), published);
}

TEST(Sigv4, PublishedGetBucketLifecycle) {
  EXPECT_EQ(sign_example(example_get("/", {{"lifecycle", ""}}),
                         {"host", "x-amz-content-sha256", "x-amz-date"}, kEmptyHash),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(Sigv4, PublishedListObjectsWhateverTheOrderOfTheQuery) {
  for (QueryParameters query : {QueryParameters{{"max-keys", "2"}, {"prefix", "J"}},
                                QueryParameters{{"prefix", "J"}, {"max-keys", "2"}}}) {
    EXPECT_EQ(sign_example(example_get("/", query), {"host", "x-amz-content-sha256", "x-amz-date"},
                           kEmptyHash),
              "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
  }
}

TEST(Sigv4, PublishedPresignedUrl) {
  SignedRequest request{"GET", "/test.txt", {}, {{"Host", "examplebucket.s3.amazonaws.com"}}};
  std::string query = presign(request, example_credentials(), "us-east-1", example_time(), 86400);
  EXPECT_EQ(query,
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F"
            "us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"
            "X-Amz-SignedHeaders=host&X-Amz-Signature="
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");

  request.query = parse_query(query).value();
  auto claim = parse_claim(request);
  ASSERT_TRUE(claim.has_value());
  EXPECT_TRUE(claim->presigned);
  EXPECT_EQ(claim->access_key, kAccessKey);
  EXPECT_EQ(claim->expires_seconds, 86400u);
  EXPECT_EQ(claim->payload_hash, kUnsignedPayload);
  EXPECT_EQ(claim->scope.text(), "20130524/us-east-1/s3/aws4_request");
  EXPECT_EQ(expected_signature(request, *claim, signing_key(kSecretKey, claim->scope)),
            claim->signature);
}

SignedRequest chunked_example(std::string_view payload, bool trailer) {
  SignedRequest request{"PUT",
                        "/examplebucket/chunkObject.txt",
                        {},
                        {{"Host", "s3.amazonaws.com"},
                         {"x-amz-date", kTimestamp},
                         {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                         {"x-amz-content-sha256", std::string(payload)},
                         {"Content-Encoding", "aws-chunked"},
                         {"x-amz-decoded-content-length", "66560"}}};
  if (trailer) {
    request.headers.emplace_back("x-amz-trailer", "x-amz-checksum-crc32c");
  } else {
    request.headers.emplace_back("Content-Length", "66824");
  }
  return request;
}

std::string hash_of(std::string_view text) {
  return to_hex(digest_of(DigestAlgorithm::kSha256, text));
}

TEST(Sigv4, PublishedChunkedUpload) {
  std::string seed =
      sign_example(chunked_example(kStreamingSigned, false),
                   {"content-encoding", "content-length", "host", "x-amz-content-sha256",
                    "x-amz-date", "x-amz-decoded-content-length", "x-amz-storage-class"},
                   kStreamingSigned);
  EXPECT_EQ(seed, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
  ChunkSigner signer(signing_key(kSecretKey, kScope), kTimestamp, kScope, seed);
  EXPECT_EQ(signer.next_chunk(hash_of(std::string(65536, 'a'))),
            "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648");
  EXPECT_EQ(signer.next_chunk(hash_of(std::string(1024, 'a'))),
            "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497");
  EXPECT_EQ(signer.next_chunk(hash_of("")),
            "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9");
}

TEST(Sigv4, PublishedChunkedUploadWithTrailer) {
  std::string seed =
      sign_example(chunked_example(kStreamingSignedTrailer, true),
                   {"content-encoding", "host", "x-amz-content-sha256", "x-amz-date",
                    "x-amz-decoded-content-length", "x-amz-storage-class", "x-amz-trailer"},
                   kStreamingSignedTrailer);
  EXPECT_EQ(seed, "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
  ChunkSigner signer(signing_key(kSecretKey, kScope), kTimestamp, kScope, seed);
  EXPECT_EQ(signer.next_chunk(hash_of(std::string(65536, 'a'))),
            "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2");
  EXPECT_EQ(signer.next_chunk(hash_of(std::string(1024, 'a'))),
            "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7");
  EXPECT_EQ(signer.next_chunk(hash_of("")),
            "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992");
  EXPECT_EQ(signer.trailer(hash_of("x-amz-checksum-crc32c:sOO8/Q==\n")),
            "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435");
}

TEST(Sigv4, HeadersAreSqueezedJoinedAndCaseless) {
  SignedRequest plain = example_get("/k", {});
  plain.headers.emplace_back("x-amz-meta-a", "one two,three");
  SignedRequest odd = example_get("/k", {});
  odd.headers.emplace_back("X-Amz-Meta-A", "  one \t two ");
  odd.headers.emplace_back("x-AMZ-meta-a", "three");
  std::vector<std::string> names = {"host", "x-amz-meta-a"};
  EXPECT_EQ(sign_example(plain, names, kEmptyHash), sign_example(odd, names, kEmptyHash));
}

TEST(Sigv4, TheSignatureCoversEveryPart) {
  SignedRequest base = example_get("/a/b", {{"prefix", "x"}});
  std::vector<std::string> names = {"host", "x-amz-date"};
  std::string signature = sign_example(base, names, kEmptyHash);
  auto changed = [&](auto change) {
    SignedRequest request = base;
    change(request);
    return sign_example(request, names, kEmptyHash);
  };
  EXPECT_NE(changed([](auto& r) { r.method = "PUT"; }), signature);
  EXPECT_NE(changed([](auto& r) { r.path = "/a/c"; }), signature);
  EXPECT_NE(changed([](auto& r) { r.path = "/a%2Fb"; }), signature);
  EXPECT_NE(changed([](auto& r) { r.path = "/a//b"; }), signature);
  EXPECT_NE(changed([](auto& r) { r.query[0].second = "y"; }), signature);
  EXPECT_NE(changed([](auto& r) { r.query.emplace_back("delete", ""); }), signature);
  EXPECT_NE(changed([](auto& r) { r.headers[0].second = "other"; }), signature);
  EXPECT_NE(sign_example(base, names, kUnsignedPayload), signature);
  EXPECT_NE(sign_example(base, {"host"}, kEmptyHash), signature);
  EXPECT_EQ(changed([](auto& r) { r.headers[1].second = "not signed"; }), signature);
}

TEST(Sigv4, SigningKeyDependsOnEveryPartOfTheScope) {
  std::string key = signing_key(kSecretKey, kScope);
  EXPECT_EQ(key.size(), 32u);
  EXPECT_NE(key, signing_key(Secret("other"), kScope));
  EXPECT_NE(key, signing_key(kSecretKey, {"20130525", "us-east-1", "s3"}));
  EXPECT_NE(key, signing_key(kSecretKey, {"20130524", "eu-west-1", "s3"}));
  EXPECT_NE(key, signing_key(kSecretKey, {"20130524", "us-east-1", "sts"}));
}

SignedRequest authorized(Credentials credentials) {
  SignedRequest request{"PUT",
                        "/bucket/a%20key",
                        {{"partNumber", "1"}},
                        {{"Host", "127.0.0.1:9000"},
                         {"Content-Type", "text/plain"},
                         {"User-Agent", "any"},
                         {"X-Amz-Meta-Name", "value"}}};
  add_authorization(request, credentials, "eu-west-1", example_time(), kUnsignedPayload);
  return request;
}

TEST(Sigv4, WhatTheClientAddsTheServerAccepts) {
  Credentials credentials = example_credentials();
  credentials.session_token = "token";
  SignedRequest request = authorized(credentials);
  auto claim = parse_claim(request);
  ASSERT_TRUE(claim.has_value());
  EXPECT_FALSE(claim->presigned);
  EXPECT_EQ(claim->timestamp, kTimestamp);
  EXPECT_EQ(claim->scope.region, "eu-west-1");
  EXPECT_EQ(claim->payload_hash, kUnsignedPayload);
  std::vector<std::string> names = {"content-type",         "host",
                                    "x-amz-content-sha256", "x-amz-date",
                                    "x-amz-meta-name",      "x-amz-security-token"};
  EXPECT_EQ(claim->signed_headers, names);
  std::string key = signing_key(kSecretKey, claim->scope);
  EXPECT_EQ(expected_signature(request, *claim, key), claim->signature);
  EXPECT_TRUE(unsigned_headers(request, *claim).empty());
}

TEST(Sigv4, SigningAgainReplacesTheFirstSignature) {
  SignedRequest request = authorized(example_credentials());
  std::size_t count = request.headers.size();
  add_authorization(request, example_credentials(), "eu-west-1",
                    example_time() + std::chrono::hours(1), kEmptyHash);
  EXPECT_EQ(request.headers.size(), count);
  auto claim = parse_claim(request);
  ASSERT_TRUE(claim.has_value());
  EXPECT_EQ(claim->timestamp, "20130524T010000Z");
  EXPECT_EQ(claim->payload_hash, kEmptyHash);
}

TEST(Sigv4, PresignedWithTokenQueryAndSignedHeaders) {
  Credentials credentials = example_credentials();
  credentials.session_token = "a+b/c";
  SignedRequest request{"PUT",
                        "/bucket/key",
                        {{"versionId", "x y"}},
                        {{"Host", "h"}, {"Content-Type", "text/plain"}}};
  request.query =
      parse_query(presign(request, credentials, "us-east-1", example_time(), 1)).value();
  auto claim = parse_claim(request);
  ASSERT_TRUE(claim.has_value());
  EXPECT_EQ(claim->signed_headers, (std::vector<std::string>{"content-type", "host"}));
  std::string key = signing_key(kSecretKey, claim->scope);
  EXPECT_EQ(expected_signature(request, *claim, key), claim->signature);
  request.headers[1].second = "text/html";
  EXPECT_NE(expected_signature(request, *claim, key), claim->signature);
}

TEST(Sigv4, NamesTheHeadersOutsideOfTheSignature) {
  SignedRequest request = authorized(example_credentials());
  auto claim = parse_claim(request);
  ASSERT_TRUE(claim.has_value());
  request.headers.emplace_back("X-Amz-Copy-Source", "/other/secret");
  request.headers.emplace_back("x-amz-acl", "public-read");
  request.headers.emplace_back("X-Amz-Acl", "private");
  request.headers.emplace_back("X-Amzn-Trace-Id", "proxy");
  EXPECT_EQ(unsigned_headers(request, *claim),
            (std::vector<std::string>{"x-amz-acl", "x-amz-copy-source"}));
}

TEST(Sigv4, PresignedRequestsMayCarryAnUnsignedPayloadHash) {
  SignedRequest request{"GET", "/k", {}, {{"Host", "h"}}};
  request.query =
      parse_query(presign(request, example_credentials(), "us-east-1", example_time(), 60)).value();
  request.headers.emplace_back("x-amz-content-sha256", std::string(kUnsignedPayload));
  auto claim = parse_claim(request);
  ASSERT_TRUE(claim.has_value());
  EXPECT_TRUE(unsigned_headers(request, *claim).empty());
}

}  // namespace
}  // namespace holdfast::codec
