#include "gateway/ops/form_upload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using support::GatewayAnswer;
using support::GatewayBench;
using support::GatewayRequest;
using support::GatewayTest;
using support::VersionedGatewayTest;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kScope = "20300101/us-east-1/s3/aws4_request";

// A form as a browser sends it, signed as its page says.
struct Form {
  std::string access_key, secret_key;
  codec::Headers fields = {{"key", "up/a.txt"}};
  std::string conditions = R"({"bucket": "bucket"}, ["starts-with", "$key", "up/"])";
  std::string expiration = "2099-01-01T00:00:00Z";
  std::string file = "the bytes", file_name = "local.txt";
  bool old_signature = false, is_signed = true;

  void allow(const std::string& name, const std::string& value) {
    fields.emplace_back(name, value);
    conditions += R"(, ["starts-with", "$)" + name + R"(", ""])";
  }

  std::string body() const {
    std::string text;
    auto add = [&](const std::string& name, const std::string& value,
                   const std::string& more = "") {
      text += "--edge\r\nContent-Disposition: form-data; name=\"" + name + "\"" + more +
              "\r\n\r\n" + value + "\r\n";
    };
    for (const auto& [name, value] : fields) add(name, value);
    if (is_signed) add_signature(add);
    add("file", file, "; filename=\"" + file_name + "\"\r\nContent-Type: text/plain");
    add("submit", "Upload");
    return text + "--edge--\r\n";
  }

  template <typename Add>
  void add_signature(Add& add) const {
    std::string named = conditions;
    if (!old_signature) {
      for (const char* name : {"x-amz-algorithm", "x-amz-credential", "x-amz-date"}) {
        named += R"(, ["starts-with", "$)" + std::string(name) + R"(", ""])";
      }
    }
    const std::string policy = codec::to_base64(R"({"expiration": ")" + expiration +
                                                R"(", "conditions": [)" + named + "]}");
    add("policy", policy);
    if (old_signature) {
      add("AWSAccessKeyId", access_key);
      add("signature", codec::to_base64(codec::hmac_sha1(secret_key, policy)));
      return;
    }
    const std::string key = codec::signing_key(Secret(secret_key), {"20300101", "us-east-1", "s3"});
    add("x-amz-algorithm", "AWS4-HMAC-SHA256");
    add("x-amz-credential", access_key + "/" + kScope);
    add("x-amz-date", "20300101T000000Z");
    add("x-amz-signature", codec::to_hex(codec::hmac_sha256(key, policy)));
  }
};

GatewayAnswer send_form(support::GatewayClient& client, const Form& form,
                        const std::string& target = "/bucket") {
  return client.send({.method = "POST",
                      .target = target,
                      .headers = {{"content-type", "multipart/form-data; boundary=edge"}},
                      .body = form.body(),
                      .anonymous = true});
}

class FormTest : public GatewayTest {
 protected:
  Form form() {
    Form made;
    made.access_key = "root";
    made.secret_key = "rootsecret";
    return made;
  }
  GatewayAnswer post(const Form& made) { return send_form(root, made); }
};

TEST_F(FormTest, MakesTheObjectThatTheFieldsDescribe) {
  for (bool old_signature : {false, true}) {
    Form made = form();
    made.old_signature = old_signature;
    made.fields[0].second = "up/${filename}";
    made.allow("Content-Type", "text/css");
    made.allow("x-amz-meta-colour", "red");
    made.allow("acl", "private");
    made.fields.emplace_back("x-ignore-this", "x");
    const GatewayAnswer answer = post(made);
    ASSERT_EQ(answer.status, 204) << answer.body;
    EXPECT_EQ(answer.body, "");
    EXPECT_THAT(answer.header("Location"), HasSubstr("/bucket/up/local.txt"));
    const GatewayAnswer read = get("up/local.txt");
    EXPECT_EQ(read.body, "the bytes");
    EXPECT_EQ(read.header("Content-Type"), "text/css");
    EXPECT_EQ(read.header("x-amz-meta-colour"), "red");
    EXPECT_EQ(read.header("ETag"), answer.header("ETag"));
    EXPECT_EQ(root.send("DELETE", "/bucket/up/local.txt").status, 204);
  }
}

TEST_F(FormTest, ALongFileStreams) {
  Form made = form();
  made.file.clear();
  for (int line = 0; made.file.size() < 3'000'000; ++line) {
    made.file += std::to_string(line) + "\r\n--edgeless\r\n";
  }
  EXPECT_EQ(post(made).status, 204);
  EXPECT_EQ(get("up/a.txt").body, made.file);
}

TEST_F(FormTest, AnswersAsTheFormWants) {
  Form made = form();
  made.allow("success_action_status", "201");
  GatewayAnswer answer = post(made);
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.xml().name, "PostResponse");
  EXPECT_EQ(answer.xml().child_text("Key"), "up/a.txt");
  EXPECT_EQ(answer.xml().child_text("Bucket"), "bucket");
  made.fields.back().second = "200";
  EXPECT_EQ(post(made).status, 200);
  made.fields.back().second = "404";  // not one of the three
  EXPECT_EQ(post(made).status, 204);
  made.allow("success_action_redirect", "https://example.com/done?x=1");
  answer = post(made);
  EXPECT_EQ(answer.status, 303);
  EXPECT_THAT(answer.header("Location"),
              StartsWith("https://example.com/done?x=1&bucket=bucket&key=up%2Fa.txt&etag=%22"));
  made.fields.back().second = "javascript:alert(1)";
  EXPECT_EQ(post(made).status, 204);
}

TEST_F(FormTest, NobodyUploadsWithoutASignature) {
  Form made = form();
  made.is_signed = false;
  EXPECT_EQ(post(made).code(), "AccessDenied");
  made = form();
  made.secret_key += "x";
  EXPECT_EQ(post(made).code(), "SignatureDoesNotMatch");
  made.old_signature = true;
  EXPECT_EQ(post(made).code(), "SignatureDoesNotMatch");
  made.access_key = "somebody";
  EXPECT_EQ(post(made).code(), "InvalidAccessKeyId");
  made = form();
  made.expiration = "2001-01-01T00:00:00Z";
  EXPECT_EQ(post(made).code(), "AccessDenied");
  made = form();
  made.fields.emplace_back("x-amz-meta-smuggled", "1");
  EXPECT_EQ(post(made).code(), "AccessDenied");
  made = form();
  made.fields[0].second = "elsewhere";
  EXPECT_EQ(post(made).code(), "AccessDenied");
  EXPECT_EQ(send_form(root, form(), "/another").code(), "AccessDenied") << "signed for a bucket";
  EXPECT_EQ(get("up/a.txt").status, 404);
}

TEST_F(FormTest, TheFileKeepsToTheLimits) {
  Form made = form();
  made.conditions += R"(, ["content-length-range", 5, 10])";
  made.file = "1234";
  EXPECT_EQ(post(made).code(), "EntityTooSmall");
  made.file = "12345678901";
  EXPECT_EQ(post(made).code(), "EntityTooLarge");
  made.file = std::string(300'000, 'x');
  EXPECT_EQ(post(made).code(), "EntityTooLarge");
  EXPECT_EQ(get("up/a.txt").status, 404);
  made.file = "1234567890";
  EXPECT_EQ(post(made).status, 204);
}

TEST_F(FormTest, AChecksumIsCompared) {
  Form made = form();
  made.allow("x-amz-checksum-sha256",
             codec::to_base64(codec::digest_of(codec::DigestAlgorithm::kSha256, made.file)));
  EXPECT_EQ(post(made).status, 204);
  made.file = "other bytes";
  EXPECT_EQ(post(made).code(), "BadDigest");
  EXPECT_EQ(get("up/a.txt").body, "the bytes");
}

TEST_F(FormTest, RefusesFieldsThatAreWrong) {
  Form made = form();
  made.fields.clear();
  EXPECT_EQ(post(made).code(), "InvalidArgument");
  made = form();
  made.fields.emplace_back("Key", "up/b.txt");
  EXPECT_EQ(post(made).code(), "InvalidArgument") << "twice";
  made = form();
  made.allow("x-amz-meta-a", "1\r\nSet-Cookie: x");
  EXPECT_EQ(post(made).code(), "InvalidArgument");
  made = form();
  made.allow("acl", "public-read");
  EXPECT_EQ(post(made).code(), "AccessControlListNotSupported");
  for (const char* name : {"x-amz-server-side-encryption",
                           "x-amz-server-side-encryption-customer-algorithm", "content-md5"}) {
    made = form();
    made.allow(name, "AES256");
    EXPECT_EQ(post(made).status, 501) << name;
  }
  made = form();
  made.allow("tagging", "<Tagging><TagSet/></Tagging>");
  EXPECT_EQ(post(made).status, 501) << "this storage keeps no tags";
  const codec::Headers type = {{"content-type", "multipart/form-data"}};
  EXPECT_EQ(
      root.send({.method = "POST", .target = "/bucket", .headers = type, .anonymous = true}).code(),
      "MalformedPOSTRequest");
  EXPECT_EQ(get("up/a.txt").status, 404);
}

TEST_F(VersionedGatewayTest, AFormMayTag) {
  Form made;
  made.access_key = "root";
  made.secret_key = "rootsecret";
  made.allow("tagging",
             "<Tagging><TagSet><Tag><Key>a b</Key><Value>1&amp;2</Value></Tag></TagSet></Tagging>");
  EXPECT_EQ(send_form(root, made).status, 204);
  const codec::XmlElement tag =
      root.send("GET", "/bucket/up/a.txt?tagging").xml().child("TagSet")->children.at(0);
  EXPECT_EQ(tag.child_text("Key"), "a b");
  EXPECT_EQ(tag.child_text("Value"), "1&2");
}

// A form is a write like another: it may do what the pair that signed it may do.
TEST(FormUpload, GrantsBindFormsToo) {
  GatewayBench bench(
      {.keys = {
           {"limited", Secret("limitedsecret"), false, {{"bucket", "up/", {Verb::kWriteNew}}}}}});
  bench.root.send("PUT", "/bucket");
  Form made;
  made.access_key = "limited";
  made.secret_key = "limitedsecret";
  made.conditions = R"({"bucket": "bucket"}, ["starts-with", "$key", ""])";
  EXPECT_EQ(send_form(bench.root, made).status, 204);
  made.file = "again";
  EXPECT_EQ(send_form(bench.root, made).code(), "AccessDenied") << "may create, not replace";
  made.fields[0].second = "beyond";
  EXPECT_EQ(send_form(bench.root, made).code(), "AccessDenied");
  EXPECT_EQ(bench.root.send("GET", "/bucket/up/a.txt").body, "the bytes");
  EXPECT_EQ(bench.root.send("GET", "/bucket/beyond").status, 404);
}

}  // namespace
}  // namespace holdfast::gateway
