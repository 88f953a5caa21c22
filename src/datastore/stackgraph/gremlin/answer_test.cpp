#include "datastore/stackgraph/gremlin/answer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace holdfast::datastore::sg {
namespace {

using testing::HasSubstr;

std::string frame(int code, const std::string& data, const std::string& message = "",
                  const std::string& meta = R"({"@type":"g:Map","@value":[]})") {
  return fmt::format(
      R"({{"requestId":"id-1","status":{{"message":"{}","code":{},"attributes":{{"@type":"g:Map","@value":[]}}}},)"
      R"("result":{{"data":{},"meta":{}}}}})",
      message, code, data, meta);
}

constexpr const char* kList = R"({"@type":"g:List","@value":[true,"}"]})";

TEST(GremlinAnswerTest, AFrameTellsItsCodeAndItsData) {
  for (int code : {200, 206}) {
    for (const char* meta : {R"({"@type":"g:Map","@value":[]})", "{}", R"({"a":1})"}) {
      const std::string bytes = frame(code, kList, "", meta);
      const GremlinFrame read = read_gremlin_frame(bytes, "ask");
      EXPECT_EQ(read.code, code);
      EXPECT_EQ(read.request_id, "id-1");
      EXPECT_EQ(read.data, kList) << bytes;
    }
  }
  const std::string none = frame(204, "null");
  EXPECT_EQ(read_gremlin_frame(none, "ask").data, "");
}

TEST(GremlinAnswerTest, MembersMayComeInAnyOrderAndIdsWithAType) {
  const std::string bytes = fmt::format(
      R"( {{"result":{{"meta":{{}},"data":{}}},"more":[1],"status":{{"code":206}},"requestId":{{"@type":"g:UUID","@value":"u"}}}} )",
      kList);
  const GremlinFrame read = read_gremlin_frame(bytes, "ask");
  EXPECT_EQ(read.data, kList);
  EXPECT_EQ(read.request_id, "u");
  EXPECT_EQ(read_gremlin_frame(R"({"requestId":null,"status":{"code":499}})", "ask").request_id,
            "");
}

TEST(GremlinAnswerTest, WhatIsNoAnswerIsAnError) {
  for (const char* bytes :
       {"", "[]", "{}", "\x81\x00", R"({"status":{"code":"200"}})", R"({"status":{"code":2e2}})",
        R"({"status":{"code":200}} x)", R"({"status":{"code":200},"result":{"data":[1}})",
        R"({"status":[]})", R"({"status":{"code":99999999999}})"}) {
    try {
      read_gremlin_frame(bytes, "ask");
      ADD_FAILURE() << "was taken: " << bytes;
    } catch (const Failed& error) {
      EXPECT_THAT(error.to_string(),
                  testing::StartsWith("ask: the server's answer cannot be read"));
    }
  }
}

ErrorKind kind_of(int code) {
  const std::string bytes = frame(code, "null", R"(all \"wrong\"\nhere)");
  const GremlinFrame read = read_gremlin_frame(bytes, "ask");
  try {
    check_gremlin_code(read, "ask");
  } catch (const Error& error) {
    EXPECT_EQ(error.subject(), "ask");
    // What a login is answered with may repeat it.
    const bool shows = error.reason().find(R"(all "wrong" here)") != std::string::npos;
    EXPECT_EQ(shows, error.kind() != ErrorKind::kAccessDenied) << error.reason();
    return error.kind();
  }
  ADD_FAILURE() << code << " is no error";
  return ErrorKind::kFailed;
}

TEST(GremlinAnswerTest, EveryCodeHasItsMeaning) {
  for (int good : {200, 204, 206, 407}) {
    const std::string bytes = frame(good, "null");
    EXPECT_NO_THROW(check_gremlin_code(read_gremlin_frame(bytes, "ask"), "ask"));
  }
  EXPECT_EQ(kind_of(401), ErrorKind::kAccessDenied);
  EXPECT_EQ(kind_of(403), ErrorKind::kAccessDenied);
  EXPECT_EQ(kind_of(429), ErrorKind::kUnavailable);
  EXPECT_EQ(kind_of(598), ErrorKind::kDeadlineExceeded);
  for (int failed : {201, 498, 499, 500, 597, 599}) EXPECT_EQ(kind_of(failed), ErrorKind::kFailed);
}

TEST(GremlinAnswerTest, ALongMessageIsCutBetweenCharacters) {
  std::string message(299, 'x');
  message += "\xc3\xa9 and more";
  const std::string bytes = frame(500, "null", message);
  try {
    check_gremlin_code(read_gremlin_frame(bytes, "ask"), "ask");
    FAIL() << "no error";
  } catch (const Failed& error) {
    EXPECT_THAT(error.reason(), testing::EndsWith("x..."));
  }
}

}  // namespace
}  // namespace holdfast::datastore::sg
