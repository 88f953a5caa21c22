#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "codec/sigv4.h"

namespace holdfast::codec {
namespace {

using ::testing::HasSubstr;

const char kSignature[] = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
const char kEmptyHash[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const char kHeaderCode[] = "AuthorizationHeaderMalformed";
const char kQueryCode[] = "AuthorizationQueryParametersError";

std::string authorization(std::string_view credential = "AK/20130524/us-east-1/s3/aws4_request",
                          std::string_view names = "host;x-amz-date",
                          std::string_view signature = kSignature) {
  return "AWS4-HMAC-SHA256 Credential=" + std::string(credential) +
         ",SignedHeaders=" + std::string(names) + ",Signature=" + std::string(signature);
}

SignedRequest with_header(std::string value) {
  return {"GET",
          "/b/k",
          {},
          {{"Host", "h"},
           {"X-Amz-Date", "20130524T000000Z"},
           {"X-Amz-Content-Sha256", kEmptyHash},
           {"Authorization", std::move(value)}}};
}

SignedRequest with_query() {
  return {"GET",
          "/b/k",
          {{"X-Amz-Algorithm", "AWS4-HMAC-SHA256"},
           {"X-Amz-Credential", "AK/20130524/us-east-1/s3/aws4_request"},
           {"X-Amz-Date", "20130524T000000Z"},
           {"X-Amz-Expires", "60"},
           {"X-Amz-SignedHeaders", "host"},
           {"X-Amz-Signature", kSignature}},
          {{"Host", "h"}}};
}

struct Refusal {
  std::string code, reason;
};

Refusal refusal(const SignedRequest& request) {
  try {
    parse_claim(request);
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.to_string(), ::testing::Not(HasSubstr("f0e8bdb8"))) << "shows the signature";
    return {error.code(), error.reason()};
  }
  return {"accepted", ""};
}

void set_parameter(SignedRequest& request, std::string_view name, std::string value) {
  for (auto& [key, current] : request.query) {
    if (key == name) current = value;
  }
}

TEST(Sigv4Claim, HeaderWithEverySpacingThatClientsUse) {
  std::string base = authorization();
  std::string with_blanks = base;
  with_blanks.replace(with_blanks.find(",Signed"), 1, ", ");
  with_blanks.replace(with_blanks.find(",Signature"), 1, " ,\t");
  for (const std::string& text : {base, with_blanks, "  " + base + " "}) {
    auto claim = parse_claim(with_header(text));
    ASSERT_TRUE(claim.has_value()) << text;
    EXPECT_EQ(claim->access_key, "AK");
    EXPECT_EQ(claim->scope.text(), "20130524/us-east-1/s3/aws4_request");
    EXPECT_EQ(claim->signed_headers, (std::vector<std::string>{"host", "x-amz-date"}));
    EXPECT_EQ(claim->signature, kSignature);
    EXPECT_EQ(claim->timestamp, "20130524T000000Z");
    EXPECT_EQ(claim->payload_hash, kEmptyHash);
    EXPECT_FALSE(claim->presigned);
  }
}

TEST(Sigv4Claim, AnAccessKeyMayHoldSlashes) {
  auto claim = parse_claim(with_header(authorization("a/b+c=/20130524/r/s3/aws4_request")));
  ASSERT_TRUE(claim.has_value());
  EXPECT_EQ(claim->access_key, "a/b+c=");
}

TEST(Sigv4Claim, NoneWithoutAnyAndWithOtherSchemes) {
  EXPECT_EQ(parse_claim({"GET", "/", {}, {{"Host", "h"}}}), std::nullopt);
  EXPECT_EQ(parse_claim({"GET", "/", {{"x-amz-algorithm", "no"}}, {}}), std::nullopt);
  for (const char* other : {"", "Basic dXNlcjpwYXNz", "AWS AK:signature", "Bearer x", "AWS4"}) {
    EXPECT_EQ(parse_claim(with_header(other)), std::nullopt) << other;
  }
}

TEST(Sigv4Claim, RefusesOtherAlgorithmsOfTheFamily) {
  for (const char* other : {"AWS4-", "AWS4-HMAC-SHA1 Credential=x", "AWS4-ECDSA-P256-SHA256 x",
                            "AWS4-HMAC-SHA256Credential=x"}) {
    EXPECT_EQ(refusal(with_header(other)).code, kHeaderCode) << other;
  }
}

TEST(Sigv4Claim, RefusesEveryTruncationOfTheHeader) {
  std::string whole = authorization();
  for (std::size_t size = 5; size < whole.size(); ++size) {
    EXPECT_EQ(refusal(with_header(whole.substr(0, size))).code, kHeaderCode) << size;
  }
}

TEST(Sigv4Claim, RefusesFieldsThatAreDoubleMissingOrUnknown) {
  const std::string credential = "Credential=AK/20130524/r/s3/aws4_request";
  const std::string names = "SignedHeaders=host";
  const std::string signature = std::string("Signature=") + kSignature;
  auto reason = [](const std::string& fields) {
    return refusal(with_header("AWS4-HMAC-SHA256 " + fields)).reason;
  };
  EXPECT_THAT(reason(credential + "," + names), HasSubstr("Signature is missing"));
  EXPECT_THAT(reason(credential + "," + signature), HasSubstr("SignedHeaders is missing"));
  EXPECT_THAT(reason(names + "," + signature), HasSubstr("Credential is missing"));
  EXPECT_THAT(reason(names + "," + names + "," + credential), HasSubstr("twice"));
  EXPECT_THAT(reason(names + ",Other=1"), HasSubstr("unknown"));
  EXPECT_THAT(reason(names + ","), HasSubstr("unknown"));
  EXPECT_EQ(reason(signature + "," + names + "," + credential), "");
}

TEST(Sigv4Claim, RefusesMalformedCredentials) {
  for (const char* bad :
       {"", "AK", "/20130524/r/s3/aws4_request", "AK/20130524/r/s3/aws4", "AK/20130524/r/s3",
        "AK/r/s3/aws4_request", "AK/20130524/r/ec2/aws4_request", "AK/20130524//s3/aws4_request",
        "AK/20130525/r/s3/aws4_request", "AK/2013052/r/s3/aws4_request", "AK//r/s3/aws4_request",
        "AK/20130524/r\n/s3/aws4_request", "A\x01K/20130524/r/s3/aws4_request",
        "\xc3\xa4/20130524/r/s3/aws4_request"}) {
    EXPECT_EQ(refusal(with_header(authorization(bad))).code, kHeaderCode) << bad;
  }
  std::string long_key(129, 'A');
  EXPECT_EQ(refusal(with_header(authorization(long_key + "/20130524/r/s3/aws4_request"))).code,
            kHeaderCode);
  std::string long_region = "AK/20130524/" + std::string(65, 'r') + "/s3/aws4_request";
  EXPECT_EQ(refusal(with_header(authorization(long_region))).code, kHeaderCode);
}

TEST(Sigv4Claim, RefusesSignedHeadersThatCouldHideSomething) {
  const char* credential = "AK/20130524/r/s3/aws4_request";
  for (const char* bad : {"", ";", "x-amz-date", "host;", ";host", "host;host", "x-amz-date;host",
                          "Host", "host;x amz", "a:b;host", "host;x-\x01"}) {
    EXPECT_EQ(refusal(with_header(authorization(credential, bad))).code, kHeaderCode) << bad;
  }
  std::string many = "host";
  for (int i = 100; i < 300; ++i) many += ";x" + std::to_string(i);
  EXPECT_THAT(refusal(with_header(authorization(credential, many))).reason, HasSubstr("too many"));
}

TEST(Sigv4Claim, RefusesSignaturesOfAnotherForm) {
  std::string upper = kSignature;
  for (char& c : upper) c = static_cast<char>(toupper(c));
  std::string whole = kSignature;
  for (const std::string& bad :
       {upper, std::string(), whole + "0", whole.substr(1), "g" + whole.substr(1), whole + " x"}) {
    EXPECT_EQ(
        refusal(with_header(authorization("AK/20130524/r/s3/aws4_request", "host", bad))).code,
        kHeaderCode)
        << bad;
  }
}

TEST(Sigv4Claim, TheTimeMayStandInTheDateHeader) {
  for (const char* date : {"Fri, 24 May 2013 00:00:00 GMT", "20130524T000000Z"}) {
    SignedRequest request = with_header(authorization());
    request.headers[1] = {"Date", date};
    auto claim = parse_claim(request);
    ASSERT_TRUE(claim.has_value());
    EXPECT_EQ(claim->timestamp, "20130524T000000Z");
  }
}

TEST(Sigv4Claim, XAmzDateWinsOverDate) {
  SignedRequest request = with_header(authorization());
  request.headers.emplace_back("Date", "Sat, 25 May 2013 00:00:00 GMT");
  EXPECT_EQ(parse_claim(request)->timestamp, "20130524T000000Z");
}

TEST(Sigv4Claim, RefusesTimesOfAnotherFormOrDay) {
  for (const char* bad : {"", "yesterday", "20130524T000000", "20130525T000000Z",
                          "20130524T250000Z", "2013-05-24T00:00:00Z"}) {
    SignedRequest request = with_header(authorization());
    request.headers[1].second = bad;
    EXPECT_EQ(refusal(request).code, kHeaderCode) << bad;
    request = with_query();
    set_parameter(request, "X-Amz-Date", bad);
    EXPECT_EQ(refusal(request).code, kQueryCode) << bad;
  }
  // botocore's way when its caller set a Date.
  SignedRequest dated = with_header(authorization());
  dated.headers[1] = {"date", "Fri, 24 May 2013 00:00:00 -0000"};
  EXPECT_EQ(parse_claim(dated)->timestamp, "20130524T000000Z");
  SignedRequest none = with_header(authorization());
  none.headers.erase(none.headers.begin() + 1);
  EXPECT_THAT(refusal(none).reason, HasSubstr("neither x-amz-date nor date"));
}

TEST(Sigv4Claim, RefusesHeadersThatAreGivenTwice) {
  for (const char* name : {"authorization", "x-amz-date", "x-amz-content-sha256"}) {
    SignedRequest request = with_header(authorization());
    request.headers.emplace_back(name, "anything");
    EXPECT_THAT(refusal(request).reason, HasSubstr("twice")) << name;
  }
}

TEST(Sigv4Claim, PayloadHashIsAHashOrOneOfFourNames) {
  auto with_hash = [](std::string_view hash) {
    SignedRequest request = with_header(authorization());
    request.headers[2].second = hash;
    return request;
  };
  for (std::string_view good : {std::string_view(kEmptyHash), kUnsignedPayload, kStreamingSigned,
                                kStreamingSignedTrailer, kStreamingUnsignedTrailer}) {
    EXPECT_EQ(parse_claim(with_hash(good))->payload_hash, good);
  }
  for (const char* bad : {"", "unsigned-payload", "UNSIGNED-PAYLOAD ", "abc",
                          "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
                          "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"}) {
    EXPECT_EQ(refusal(with_hash(bad)).code, kHeaderCode) << bad;
  }
}

TEST(Sigv4Claim, WithoutPayloadHashTheBodyIsClaimedEmpty) {
  SignedRequest request = with_header(authorization());
  request.headers.erase(request.headers.begin() + 2);
  EXPECT_EQ(parse_claim(request)->payload_hash, kEmptyHash);
}

TEST(Sigv4Claim, PresignedNeedsEveryParameterOnce) {
  ASSERT_TRUE(parse_claim(with_query()).has_value());
  for (std::size_t i = 0; i < 6; ++i) {
    SignedRequest missing = with_query();
    missing.query.erase(missing.query.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(refusal(missing).code, kQueryCode) << i;
    EXPECT_THAT(refusal(missing).reason, HasSubstr("missing")) << i;
    SignedRequest twice = with_query();
    twice.query.push_back(twice.query[i]);
    EXPECT_THAT(refusal(twice).reason, HasSubstr("twice")) << i;
    SignedRequest empty = with_query();
    empty.query[i].second.clear();
    EXPECT_EQ(refusal(empty).code, kQueryCode) << i;
  }
}

TEST(Sigv4Claim, PresignedExpiryIsFromOneSecondToSevenDays) {
  for (const char* good : {"1", "604800"}) {
    SignedRequest request = with_query();
    set_parameter(request, "X-Amz-Expires", good);
    EXPECT_EQ(parse_claim(request)->expires_seconds, std::stoul(good));
  }
  for (const char* bad : {"0", "604801", "-1", "+1", "1s", " 1", "4294967297", "99999999999999"}) {
    SignedRequest request = with_query();
    set_parameter(request, "X-Amz-Expires", bad);
    EXPECT_THAT(refusal(request).reason, HasSubstr("604800")) << bad;
  }
}

TEST(Sigv4Claim, PresignedPayloadHashFromQueryThenHeader) {
  SignedRequest request = with_query();
  EXPECT_EQ(parse_claim(request)->payload_hash, kUnsignedPayload);
  request.headers.emplace_back("X-Amz-Content-SHA256", kEmptyHash);
  EXPECT_EQ(parse_claim(request)->payload_hash, kEmptyHash);
  request.query.emplace_back("X-Amz-Content-Sha256", std::string(kUnsignedPayload));
  EXPECT_EQ(parse_claim(request)->payload_hash, kUnsignedPayload);
}

TEST(Sigv4Claim, PresignedRefusesOtherAlgorithmsAndHugeFields) {
  SignedRequest request = with_query();
  set_parameter(request, "X-Amz-Algorithm", "AWS4-HMAC-SHA512");
  EXPECT_THAT(refusal(request).reason, HasSubstr("AWS4-HMAC-SHA256"));
  request = with_query();
  set_parameter(request, "X-Amz-SignedHeaders", "host;" + std::string(9000, 'x'));
  EXPECT_THAT(refusal(request).reason, HasSubstr("too long"));
}

TEST(Sigv4Claim, RefusesTwoSignaturesInOneRequest) {
  for (const std::string& header : {authorization(), std::string("Bearer x")}) {
    SignedRequest request = with_query();
    request.headers.emplace_back("Authorization", header);
    EXPECT_EQ(refusal(request).code, kQueryCode);
    EXPECT_THAT(refusal(request).reason, HasSubstr("both"));
  }
}

TEST(Sigv4Claim, AHugeHeaderIsRefused) {
  EXPECT_THAT(refusal(with_header(authorization() + std::string(9000, ' ') + "x")).reason,
              HasSubstr("too long"));
}

}  // namespace
}  // namespace holdfast::codec
