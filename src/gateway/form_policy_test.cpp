#include "gateway/form_policy.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast::gateway {
namespace {

const WallTime kNow = parse_rfc3339("2026-11-22T12:00:00Z");
const FormFields kFields = {{"bucket", "pictures"}, {"key", "user/$eric/a.jpg"},
                            {"policy", "p"},        {"signature", "s"},
                            {"x-ignore-me", "y"},   {"acl", "private"}};
const char kGood[] = R"({"bucket": "pictures"}, ["starts-with", "$key", "user/\$eric/"],
                        {"acl": "private"})";

std::string policy(const std::string& conditions,
                   const std::string& expiration = "2026-11-22T12:00:01Z") {
  return R"({"expiration": ")" + expiration + R"(", "conditions": [)" + conditions + "]}";
}

std::string code_of(const std::string& text, const FormFields& fields = kFields) {
  try {
    check_policy(text, fields, kNow);
  } catch (const Error& error) {
    return std::string(error.code());
  }
  return "";
}

TEST(FormPolicy, LetsThroughWhatItDescribes) {
  EXPECT_EQ(code_of(policy(kGood)), "");
  // Names and kinds count in any case, values do not.
  EXPECT_EQ(code_of(policy(R"({"bUcKeT": "pictures"}, ["StArTs-WiTh", "$KEY", ""],
                              ["EQ", "$Acl", "private"])")),
            "");
  const FileLimits none = check_policy(policy(kGood), kFields, kNow);
  EXPECT_EQ(none.least, 0u);
  EXPECT_EQ(none.most, UINT64_MAX);
  const FileLimits limits = check_policy(
      policy(std::string(kGood) + R"(, ["content-length-range", 5, 10])"), kFields, kNow);
  EXPECT_EQ(limits.least, 5u);
  EXPECT_EQ(limits.most, 10u);
}

TEST(FormPolicy, DeniesWhatItDoesNot) {
  EXPECT_EQ(code_of(policy(kGood, "2026-11-22T11:59:59Z")), "AccessDenied");
  EXPECT_EQ(code_of(policy(R"({"bucket": "pictures"}, {"key": "x"}, {"acl": "private"})")),
            "AccessDenied");
  EXPECT_EQ(code_of(policy(R"({"bucket": "Pictures"}, ["starts-with", "$key", "user"],
                              {"acl": "private"})")),
            "AccessDenied");
  // A field that is named must be there, and one that is there must be named.
  EXPECT_EQ(code_of(policy(std::string(kGood) + R"(, ["starts-with", "$x-amz-meta-a", ""])")),
            "AccessDenied");
  FormFields more = kFields;
  more.emplace_back("x-amz-meta-a", "1");
  EXPECT_EQ(code_of(policy(kGood), more), "AccessDenied");
  EXPECT_EQ(code_of(policy(R"(["starts-with", "$key", "user"], {"acl": "private"})")),
            "AccessDenied")
      << "the bucket is named by no condition";
}

TEST(FormPolicy, RefusesWhatIsNoPolicy) {
  for (const std::string& text :
       {std::string(),
        std::string("[]"),
        std::string("{"),
        std::string("{}"),
        std::string(R"({"conditions": []})"),
        std::string(R"({"expiration": "2027-01-01T00:00:00Z"})"),
        std::string(R"({"EXPIRATION": "2027-01-01T00:00:00Z", "conditions": []})"),
        std::string(R"({"expiration": "2027-01-01T00:00:00Z", "CONDITIONS": []})"),
        std::string(R"({"expiration": 7, "conditions": []})"),
        policy(kGood, "tomorrow"),
        policy("{}"),
        policy("7"),
        policy(R"({"a": "1", "b": "2"})"),
        policy(R"({"acl": 1})"),
        policy(R"(["eq", "$acl"])"),
        policy(R"(["eq", "acl", "private"])"),
        policy(R"(["matches", "$acl", "private"])"),
        policy(R"(["content-length-range", 0])"),
        policy(R"(["content-length-range", -1, 0])"),
        policy(R"(["content-length-range", 2, 1])"),
        policy(R"(["content-length-range", "0", "1"])")}) {
    EXPECT_EQ(code_of(text), "InvalidPolicyDocument") << text;
  }
  // As deep as a form can hold it.
  EXPECT_EQ(code_of(std::string(20'000, '[')), "InvalidPolicyDocument");
}

}  // namespace
}  // namespace holdfast::gateway
