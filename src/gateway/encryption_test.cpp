#include "gateway/encryption.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using codec::DigestAlgorithm;
using support::checksum_of;
using support::GatewayAnswer;
using support::GatewayBench;
using support::GatewayClient;
using support::GatewayRequest;
using support::GatewayTest;
using support::Payload;

const std::string kKey(32, 'k'), kOther(32, 'o');
const std::string kOwnKey(32, 'w');

codec::Headers key_headers(const std::string& key, std::string_view prefix = kObjectKey) {
  const std::string name(prefix);
  return {{name + "algorithm", "AES256"},
          {name + "key", codec::to_base64(key)},
          {name + "key-MD5", checksum_of(DigestAlgorithm::kMd5, key)}};
}

codec::Headers operator+(codec::Headers a, const codec::Headers& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(EncryptionHeadersTest, AKeyNeedsAllThreeAndTheyMustAgree) {
  auto parse = [](codec::Headers headers) {
    http::ServerRequest request;
    request.headers = std::move(headers);
    return parse_customer_key(request, kObjectKey);
  };
  EXPECT_TRUE(parse({}).empty());
  EXPECT_TRUE(parse({{"x-amz-server-side-encryption", "AES256"}}).empty());
  EXPECT_TRUE(parse(key_headers(kKey, kSourceKey)).empty());
  EXPECT_EQ(parse(key_headers(kKey)).reveal(), kKey);
  auto code_without = [&](std::size_t which, const char* instead) {
    codec::Headers headers = key_headers(kKey);
    if (instead) {
      headers[which].second = instead;
    } else {
      headers.erase(headers.begin() + std::ptrdiff_t(which));
    }
    try {
      parse(headers);
    } catch (const InvalidArgument& error) {
      return error.code();
    }
    return std::string("accepted");
  };
  for (std::size_t which : {0u, 1u, 2u}) EXPECT_EQ(code_without(which, nullptr), "InvalidArgument");
  EXPECT_EQ(code_without(0, "aes256"), "InvalidEncryptionAlgorithmError");
  for (const char* key : {"", "rubbish", "a2tr", "//////////////////////////////////////////8"}) {
    EXPECT_EQ(code_without(1, key), "InvalidArgument") << key;
  }
  EXPECT_EQ(code_without(1, std::string(100'000, 'A').c_str()), "InvalidArgument");
  for (const char* md5 : {"", "rubbish", "1B2M2Y8AsgTpgAmY7PhCfg=="}) {
    EXPECT_EQ(code_without(2, md5), "InvalidArgument") << md5;
  }
}

TEST(EncryptionHeadersTest, BucketsEncryptWithOneAlgorithm) {
  auto document = [](const std::string& inner) {
    return encryption_document(codec::parse_xml("<ServerSideEncryptionConfiguration>" + inner +
                                                "</ServerSideEncryptionConfiguration>"));
  };
  auto rule = [](const std::string& inner) {
    return "<Rule><ApplyServerSideEncryptionByDefault>" + inner +
           "</ApplyServerSideEncryptionByDefault></Rule>";
  };
  const std::string aes = "<SSEAlgorithm>AES256</SSEAlgorithm>";
  EXPECT_NE(document(rule(aes)).find("AES256"), std::string::npos);
  for (const std::string& bad : {std::string(), std::string("<Rule/>"), rule(""),
                                 rule(aes) + rule(aes), rule("<SSEAlgorithm>rot13</SSEAlgorithm>"),
                                 rule(aes + "<KMSMasterKeyID>k</KMSMasterKeyID>")}) {
    EXPECT_THROW(document(bad), InvalidArgument) << bad;
  }
  EXPECT_THROW(document(rule("<SSEAlgorithm>aws:kms</SSEAlgorithm>")), Unsupported);
}

// A storage without keys of any kind.
TEST_F(GatewayTest, WithoutKeysEveryEncryptionIsRefused) {
  put("k", "plain");
  const codec::Headers wanted[] = {key_headers(kKey), {{"x-amz-server-side-encryption", "AES256"}}};
  for (const codec::Headers& headers : wanted) {
    EXPECT_EQ(put("new", "x", headers).code(), "NotImplemented");
    EXPECT_EQ(root.send("POST", "/bucket/new?uploads", "", headers).code(), "NotImplemented");
    EXPECT_EQ(put("new", "", headers + codec::Headers{{"x-amz-copy-source", "/bucket/k"}}).code(),
              "NotImplemented");
  }
  EXPECT_EQ(get("k", key_headers(kKey)).code(), "NotImplemented");
  EXPECT_EQ(put("new", "x", {{"x-amz-server-side-encryption-context", "e30="}}).code(),
            "NotImplemented");
  EXPECT_EQ(put("new", "x", key_headers(kKey, kSourceKey)).code(), "NotImplemented");
  EXPECT_EQ(get("new").status, 404);
}

class SealedGatewayTest : public ::testing::Test {
 protected:
  SealedGatewayTest() { EXPECT_EQ(send("PUT", "").status, 200); }

  // Over TLS, unless a test says otherwise.
  GatewayAnswer send(const GatewayRequest& wanted, bool tls = true) {
    http::ServerRequest request = bench.root.sign(wanted);
    request.tls = tls;
    return bench.root.deliver(request);
  }
  GatewayAnswer send(const std::string& method, const std::string& target,
                     const std::string& body = "", codec::Headers headers = {}) {
    return send({.method = method,
                 .target = "/bucket" + target,
                 .headers = std::move(headers),
                 .body = body});
  }

 private:
  TemporaryFolder place_{storage::place_for_folders()};

 public:
  GatewayBench bench{
      {},
      storage::open_folder_storage(
          Context::background(),
          {.root = place_.path() / "root", .min_part_size = 1, .own_keys = {Secret(kOwnKey)}})};
};

TEST_F(SealedGatewayTest, AKeyNeedsASecureConnection) {
  GatewayRequest put{.method = "PUT", .target = "/bucket/k", .headers = key_headers(kKey)};
  EXPECT_EQ(send(put, false).code(), "InvalidRequest");
  EXPECT_EQ(send(put, true).status, 200);
  put.method = "GET";
  EXPECT_EQ(send(put, false).code(), "InvalidRequest");
}

TEST_F(SealedGatewayTest, HeadAndAttributesWantTheKeyToo) {
  EXPECT_EQ(send("PUT", "/k", "bytes", key_headers(kKey)).status, 200);
  EXPECT_EQ(send("HEAD", "/k").status, 400);
  EXPECT_EQ(send("HEAD", "/k", "", {{"Range", "bytes=0-1"}}).status, 400);
  EXPECT_EQ(send("HEAD", "/k", "", key_headers(kOther)).status, 403);
  const GatewayAnswer head = send("HEAD", "/k", "", key_headers(kKey));
  EXPECT_EQ(head.length, 5u);
  EXPECT_EQ(head.header(std::string(kObjectKey) + "key-md5"),
            checksum_of(DigestAlgorithm::kMd5, kKey));
  const codec::Headers attributes = {{"x-amz-object-attributes", "ObjectSize"}};
  EXPECT_EQ(send("GET", "/k?attributes", "", attributes).code(), "InvalidRequest");
  EXPECT_EQ(send("GET", "/k?attributes", "", attributes + key_headers(kKey))
                .xml()
                .child_text("ObjectSize"),
            "5");
}

TEST_F(SealedGatewayTest, ConditionsNeedNoKey) {
  const std::string etag = send("PUT", "/k", "bytes", key_headers(kKey)).header("ETag");
  EXPECT_EQ(send("PUT", "/k", "x", {{"If-None-Match", "*"}}).status, 412);
  EXPECT_EQ(send("PUT", "/k", "x", {{"If-None-Match", etag}}).status, 412);
  EXPECT_EQ(
      send("PUT", "/k", "new", codec::Headers{{"If-Match", etag}} + key_headers(kOther)).status,
      200);
  EXPECT_EQ(send("GET", "/k", "", key_headers(kOther)).body, "new");
}

TEST_F(SealedGatewayTest, OneEncryptionExcludesTheOther) {
  const codec::Headers own = {{"x-amz-server-side-encryption", "AES256"}};
  EXPECT_EQ(send("PUT", "/k", "x", own + key_headers(kKey)).code(), "InvalidArgument");
  EXPECT_EQ(send("PUT", "/k", "x", {{"x-amz-server-side-encryption", "rot13"}}).code(),
            "InvalidArgument");
  EXPECT_EQ(send("PUT", "/k", "x",
                 own + codec::Headers{{"x-amz-server-side-encryption-aws-kms-key-id", "k"}})
                .code(),
            "InvalidArgument");
  EXPECT_EQ(send("PUT", "/k", "x", {{"x-amz-server-side-encryption", "aws:kms"}}).code(),
            "NotImplemented");
  EXPECT_EQ(send("GET", "/k", "", own).code(), "InvalidArgument");
  EXPECT_EQ(send("GET", "/k").status, 404);
}

TEST_F(SealedGatewayTest, AnEncryptionInTheQueryIsNotLost) {
  for (const char* name : {"x-amz-server-side-encryption", "X-Amz-Server-Side-Encryption",
                           "x-amz-server-side-encryption-customer-algorithm"}) {
    const std::string query = "/k?" + std::string(name) + "=AES256";
    EXPECT_EQ(send("PUT", query, "x").code(), "NotImplemented") << name;
    EXPECT_EQ(send("GET", query).code(), "NotImplemented") << name;
  }
  EXPECT_EQ(send("GET", "/k").status, 404);
}

TEST_F(SealedGatewayTest, EveryFramingOfABodyIsSealed) {
  const std::string body = "0123456789abcdef";
  for (Payload payload : {Payload::kSigned, Payload::kUnsigned, Payload::kChunked,
                          Payload::kChunkedTrailer, Payload::kUnsignedTrailer}) {
    GatewayRequest put{.method = "PUT", .target = "/bucket/k", .headers = key_headers(kKey)};
    put.body = body;
    put.payload = payload;
    const bool trailer =
        payload == Payload::kChunkedTrailer || payload == Payload::kUnsignedTrailer;
    if (trailer) put.trailer = "x-amz-checksum-crc32:" + checksum_of(DigestAlgorithm::kCrc32, body);
    EXPECT_EQ(send(put).status, 200);
    const GatewayAnswer answer = send(
        "GET", "/k", "", key_headers(kKey) + codec::Headers{{"x-amz-checksum-mode", "ENABLED"}});
    EXPECT_EQ(answer.body, body);
    EXPECT_EQ(answer.header("x-amz-checksum-crc32") != "", trailer);
    if (!trailer) continue;
    put.trailer = "x-amz-checksum-crc32:" + checksum_of(DigestAlgorithm::kCrc32, "other");
    EXPECT_EQ(send(put).code(), "BadDigest");
  }
}

// The composite checksum of parts is none of the copy, which has no parts.
TEST_F(SealedGatewayTest, ACopyHasAChecksumOfItsOwn) {
  const GatewayAnswer begun =
      send("POST", "/parts?uploads", "",
           key_headers(kKey) + codec::Headers{{"x-amz-checksum-algorithm", "SHA256"}});
  EXPECT_EQ(begun.header(std::string(kObjectKey) + "algorithm"), "AES256");
  const std::string id = begun.xml().child_text("UploadId");
  std::string parts;
  for (const char* number : {"1", "2"}) {
    const std::string etag =
        send("PUT", "/parts?partNumber=" + std::string(number) + "&uploadId=" + id, "part",
             key_headers(kKey))
            .header("ETag");
    parts += "<Part><PartNumber>" + std::string(number) + "</PartNumber><ETag>" + etag +
             "</ETag></Part>";
  }
  EXPECT_EQ(send("POST", "/parts?uploadId=" + id,
                 "<CompleteMultipartUpload>" + parts + "</CompleteMultipartUpload>")
                .status,
            200);
  const codec::Headers mode = {{"x-amz-checksum-mode", "ENABLED"}};
  EXPECT_EQ(send("HEAD", "/parts", "", key_headers(kKey) + mode).header("x-amz-checksum-type"),
            "COMPOSITE");
  const codec::Headers source = {{"x-amz-copy-source", "/bucket/parts"}};
  EXPECT_EQ(send("PUT", "/copy", "", source + key_headers(kKey, kSourceKey)).status, 200);
  const GatewayAnswer copy = send("GET", "/copy", "", mode);
  EXPECT_EQ(copy.body, "partpart");
  EXPECT_EQ(copy.header("x-amz-checksum-sha256"),
            checksum_of(DigestAlgorithm::kSha256, "partpart"));
}

TEST_F(SealedGatewayTest, EncryptedBytesAreForTheRootPair) {
  GatewayBench limited(
      {.keys = {{"reader", Secret("readersecret"), false, {{"bucket", "", {Verb::kRead}}}}}});
  limited.root.send("PUT", "/bucket");
  limited.root.send("PUT", "/bucket/k", "bytes");
  GatewayClient reader(limited.gateway, limited.clock, "reader", "readersecret");
  const codec::Headers header = {{std::string(kForEtag), "true"}};
  EXPECT_EQ(reader.send("GET", "/bucket/k", "", header).code(), "AccessDenied");
  EXPECT_EQ(limited.root.send("GET", "/bucket/k", "", header).body, "bytes");
  const std::string etag = send("PUT", "/k", "bytes", key_headers(kKey)).header("ETag");
  const GatewayAnswer answer = send("GET", "/k", "", header);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ('"' + codec::to_hex(codec::digest_of(DigestAlgorithm::kMd5, answer.body)) + '"', etag);
}

}  // namespace
}  // namespace holdfast::gateway
