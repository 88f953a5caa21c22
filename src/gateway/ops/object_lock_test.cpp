#include "gateway/ops/object_lock.h"

#include <gtest/gtest.h>

#include "gateway/lifecycle.h"
#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using support::GatewayAnswer;
using support::VersionedGatewayTest;

class ObjectLockTest : public VersionedGatewayTest {
 protected:
  ObjectLockTest() {
    EXPECT_EQ(
        root.send("PUT", "/locked", "", {{"x-amz-bucket-object-lock-enabled", "true"}}).status,
        200);
  }
  GatewayAnswer locked(std::string method, const std::string& target, std::string body = "",
                       codec::Headers headers = {}) {
    return root.send(std::move(method), "/locked" + target, std::move(body), std::move(headers));
  }
  std::string put_locked(const std::string& key, codec::Headers headers) {
    GatewayAnswer answer = locked("PUT", "/" + key, "body", std::move(headers));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.header("x-amz-version-id");
  }
  std::string in_days(int days) {
    return format_iso_millis(clock.now() + std::chrono::hours(24 * days));
  }
  codec::Headers retention(const std::string& mode, int days) {
    return {{"x-amz-object-lock-mode", mode},
            {"x-amz-object-lock-retain-until-date", in_days(days)}};
  }
  std::string retention_document(const std::string& mode, int days) {
    return "<Retention><Mode>" + mode + "</Mode><RetainUntilDate>" + in_days(days) +
           "</RetainUntilDate></Retention>";
  }
};

std::string configuration(const std::string& rule) {
  return "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>" + rule +
         "</ObjectLockConfiguration>";
}
std::string default_rule(const std::string& mode, const std::string& period) {
  return "<Rule><DefaultRetention><Mode>" + mode + "</Mode>" + period +
         "</DefaultRetention></Rule>";
}

TEST_F(ObjectLockTest, ABucketWithLockHasVersioningForEver) {
  EXPECT_EQ(locked("GET", "?versioning").xml().child_text("Status"), "Enabled");
  EXPECT_EQ(locked("GET", "?object-lock").xml().child_text("ObjectLockEnabled"), "Enabled");
  const GatewayAnswer suspended =
      locked("PUT", "?versioning",
             "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>");
  EXPECT_EQ(suspended.status, 409);
  EXPECT_EQ(suspended.code(), "InvalidBucketState");
  EXPECT_EQ(send("GET", "?object-lock").code(), "ObjectLockConfigurationNotFoundError");
  EXPECT_EQ(send("PUT", "?object-lock", configuration("")).code(), "InvalidBucketState");
  enable_versioning();
  EXPECT_EQ(send("PUT", "?object-lock", configuration("")).status, 200);
}

TEST_F(ObjectLockTest, DefaultRetentionIsCheckedAndApplied) {
  auto set = [&](const std::string& rule) {
    return locked("PUT", "?object-lock", configuration(rule)).code();
  };
  EXPECT_EQ(set(default_rule("GOVERNANCE", "<Days>1</Days><Years>1</Years>")), "MalformedXML");
  EXPECT_EQ(set(default_rule("GOVERNANCE", "")), "MalformedXML");
  EXPECT_EQ(set(default_rule("governance", "<Days>1</Days>")), "MalformedXML");
  EXPECT_EQ(set(default_rule("GOVERNANCE", "<Days>0</Days>")), "InvalidRetentionPeriod");
  EXPECT_EQ(set(default_rule("GOVERNANCE", "<Years>-1</Years>")), "InvalidRetentionPeriod");
  EXPECT_EQ(locked("PUT", "?object-lock", "<ObjectLockConfiguration/>").code(), "MalformedXML");
  EXPECT_EQ(set(default_rule("COMPLIANCE", "<Years>1</Years>")), "");
  const codec::XmlElement rule = *locked("GET", "?object-lock").xml().child("Rule");
  EXPECT_EQ(rule.child("DefaultRetention")->child_text("Days"), "365");
  put_locked("a", {});
  const GatewayAnswer head = locked("HEAD", "/a");
  EXPECT_EQ(head.header("x-amz-object-lock-mode"), "COMPLIANCE");
  EXPECT_EQ(head.header("x-amz-object-lock-retain-until-date"), in_days(365));
  put_locked("b", retention("GOVERNANCE", 2));
  EXPECT_EQ(locked("HEAD", "/b").header("x-amz-object-lock-mode"), "GOVERNANCE");
}

TEST_F(ObjectLockTest, RetentionIsReadAndChanged) {
  put_locked("a", {});
  EXPECT_EQ(locked("GET", "/a?retention").code(), "NoSuchObjectLockConfiguration");
  auto set = [&](const std::string& document, codec::Headers headers = {}) {
    return locked("PUT", "/a?retention", document, std::move(headers)).code();
  };
  const codec::Headers bypass = {{"x-amz-bypass-governance-retention", "true"}};
  EXPECT_EQ(set(retention_document("GOVERNANCE", 5)), "");
  EXPECT_EQ(locked("GET", "/a?retention").xml().child_text("RetainUntilDate"), in_days(5));
  EXPECT_EQ(set(retention_document("GOVERNANCE", 2)), "AccessDenied");
  EXPECT_EQ(set("<Retention/>"), "AccessDenied");
  EXPECT_EQ(set(retention_document("GOVERNANCE", 2), bypass), "");
  EXPECT_EQ(set("<Retention/>", bypass), "");
  EXPECT_EQ(locked("GET", "/a?retention").code(), "NoSuchObjectLockConfiguration");
  EXPECT_EQ(set(retention_document("abc", 2)), "MalformedXML");
  EXPECT_EQ(set("<Retention><Mode>GOVERNANCE</Mode></Retention>"), "MalformedXML");
  EXPECT_EQ(set(retention_document("GOVERNANCE", -1)), "InvalidArgument");
  EXPECT_EQ(send("PUT", "/x?retention", retention_document("GOVERNANCE", 1)).code(),
            "InvalidRequest");
  EXPECT_EQ(send("GET", "/x?retention").code(), "InvalidRequest");
  const std::string old = put_locked("a", {});
  put_locked("a", {});
  EXPECT_EQ(
      locked("PUT", "/a?retention&versionId=" + old, retention_document("COMPLIANCE", 1)).status,
      200);
  EXPECT_EQ(locked("GET", "/a?retention&versionId=" + old).status, 200);
  EXPECT_EQ(locked("GET", "/a?retention").code(), "NoSuchObjectLockConfiguration");
}

TEST_F(ObjectLockTest, ALegalHoldIsPutAndLifted) {
  const std::string one = put_locked("a", {{"x-amz-object-lock-legal-hold", "ON"}});
  EXPECT_EQ(locked("GET", "/a?legal-hold").xml().child_text("Status"), "ON");
  EXPECT_EQ(locked("HEAD", "/a").header("x-amz-object-lock-legal-hold"), "ON");
  const std::string path = "/a?versionId=" + one;
  EXPECT_EQ(locked("DELETE", path, "", {{"x-amz-bypass-governance-retention", "true"}}).code(),
            "AccessDenied");
  EXPECT_EQ(locked("PUT", "/a?legal-hold", "<LegalHold><Status>abc</Status></LegalHold>").code(),
            "MalformedXML");
  EXPECT_EQ(locked("PUT", "/a?legal-hold", "<LegalHold><Status>OFF</Status></LegalHold>").status,
            200);
  EXPECT_EQ(locked("GET", "/a?legal-hold").xml().child_text("Status"), "OFF");
  EXPECT_EQ(locked("DELETE", path).status, 204);
  EXPECT_EQ(send("GET", "/x?legal-hold").code(), "InvalidRequest");
}

TEST_F(ObjectLockTest, HeadersThatContradictAreRefused) {
  auto refused = [&](codec::Headers headers) {
    return locked("PUT", "/a", "1", std::move(headers)).code();
  };
  EXPECT_EQ(refused({{"x-amz-object-lock-mode", "GOVERNANCE"}}), "InvalidArgument");
  EXPECT_EQ(refused({{"x-amz-object-lock-retain-until-date", in_days(1)}}), "InvalidArgument");
  EXPECT_EQ(refused(retention("GOVERNANCE", -1)), "InvalidArgument");
  EXPECT_EQ(refused(retention("abc", 1)), "InvalidArgument");
  EXPECT_EQ(refused({{"x-amz-object-lock-legal-hold", "abc"}}), "InvalidArgument");
  EXPECT_EQ(locked("GET", "/a").code(), "NoSuchKey");
  EXPECT_EQ(send("PUT", "/a", "1", retention("GOVERNANCE", 1)).code(), "InvalidRequest");
}

// One row a path that could take a version away.
struct Path {
  const char* name;
  std::function<GatewayAnswer(ObjectLockTest&, const std::string& version)> take;
};

class LockedPathTest : public ObjectLockTest, public testing::WithParamInterface<Path> {
 public:
  using ObjectLockTest::locked;
};

const std::string kBody = "must survive";

GatewayAnswer through(ObjectLockTest& test, std::string method, const std::string& target,
                      std::string body = "", codec::Headers headers = {}) {
  return test.root.send(std::move(method), "/locked" + target, std::move(body), std::move(headers));
}

std::string delete_document(const std::string& version) {
  return "<Delete><Object><Key>a</Key>" +
         (version.empty() ? "" : "<VersionId>" + version + "</VersionId>") + "</Object></Delete>";
}

GatewayAnswer remove_by_storage(ObjectLockTest& test, storage::RemoveTarget target) {
  GatewayAnswer answer;
  auto result = test.bench.storage->remove(Context::with_clock(test.clock), "locked", {target});
  answer.status = result.at(0).error ? 403 : 204;
  return answer;
}

// Paths that are refused, and such that leave the version beneath a newer one.
const std::vector<Path> kPaths = {
    {"Delete", [](auto& t, auto&) { return through(t, "DELETE", "/a"); }},
    {"DeleteVersion",
     [](auto& t, auto& version) { return through(t, "DELETE", "/a?versionId=" + version); }},
    {"BulkDelete",
     [](auto& t, auto&) { return through(t, "POST", "?delete", delete_document("")); }},
    {"BulkDeleteVersion",
     [](auto& t, auto& version) {
       return through(t, "POST", "?delete", delete_document(version));
     }},
    {"Overwrite", [](auto& t, auto&) { return through(t, "PUT", "/a", "other"); }},
    {"CopyOnto",
     [](auto& t, auto&) {
       through(t, "PUT", "/b", "other");
       return through(t, "PUT", "/a", "", {{"x-amz-copy-source", "/locked/b"}});
     }},
    {"CompleteOnto",
     [](auto& t, auto&) {
       const std::string id = through(t, "POST", "/a?uploads").xml().child_text("UploadId");
       const std::string etag =
           through(t, "PUT", "/a?partNumber=1&uploadId=" + id, "x").header("etag");
       return through(t, "POST", "/a?uploadId=" + id,
                      "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + etag +
                          "</ETag></Part></CompleteMultipartUpload>");
     }},
    {"Direct", [](auto& t, auto&) { return remove_by_storage(t, {.key = "a"}); }},
    {"DirectVersion",
     [](auto& t, auto& version) { return remove_by_storage(t, {.key = "a", .version = version}); }},
    {"Lifecycle",
     [](auto& t, auto&) {
       through(t, "PUT", "?lifecycle",
               "<LifecycleConfiguration><Rule><Prefix/><Status>Enabled</Status>"
               "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays>"
               "</NoncurrentVersionExpiration></Rule><Rule><Prefix/><Status>Enabled</Status>"
               "<Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>");
       through(t, "PUT", "/a", "other");
       t.clock.advance(std::chrono::hours(24 * 5));
       const auto report = apply_lifecycle(Context::with_clock(t.clock), *t.bench.storage);
       EXPECT_EQ(report.objects, 1u);
       EXPECT_GE(report.locked, 1u);
       return GatewayAnswer{};
     }},
    {"DeleteBucket", [](auto& t, auto&) { return through(t, "DELETE", ""); }},
    {"SuspendAndOverwrite",
     [](auto& t, auto&) {
       through(t, "PUT", "?versioning",
               "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>");
       return through(t, "PUT", "/a", "other");
     }},
    {"LoosenAndDelete",
     [](auto& t, auto& version) {
       through(t, "PUT", "/a?retention", "<Retention/>");
       return through(t, "DELETE", "/a?versionId=" + version);
     }},
};

INSTANTIATE_TEST_SUITE_P(EveryPath, LockedPathTest, testing::ValuesIn(kPaths),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_P(LockedPathTest, ALockedVersionSurvives) {
  for (const bool held : {false, true}) {
    for (const char* mode : {"GOVERNANCE", "COMPLIANCE"}) {
      codec::Headers headers =
          held ? codec::Headers{{"x-amz-object-lock-legal-hold", "ON"}} : retention(mode, 30);
      headers.emplace_back("x-amz-tagging", "k=v");
      const GatewayAnswer made = locked("PUT", "/a", kBody, headers);
      ASSERT_EQ(made.status, 200) << made.body;
      const std::string version = made.header("x-amz-version-id");
      GetParam().take(*this, version);
      const GatewayAnswer read = locked("GET", "/a?versionId=" + version);
      EXPECT_EQ(read.body, kBody) << mode << held;
      EXPECT_EQ(read.header("x-amz-tagging-count"), "1");
      EXPECT_EQ(read.header("x-amz-object-lock-legal-hold"), held ? "ON" : "");
      EXPECT_EQ(read.header("x-amz-object-lock-mode"), held ? "" : mode);
    }
  }
}

TEST_F(ObjectLockTest, GovernanceGivesWayToWhoMayBypassIt) {
  const std::string one = put_locked("a", retention("GOVERNANCE", 1));
  const std::string two = put_locked("a", retention("COMPLIANCE", 1));
  const codec::Headers bypass = {{"x-amz-bypass-governance-retention", "true"}};
  EXPECT_EQ(locked("DELETE", "/a?versionId=" + one).status, 403);
  EXPECT_EQ(locked("DELETE", "/a?versionId=" + one, "", bypass).status, 204);
  EXPECT_EQ(locked("DELETE", "/a?versionId=" + two, "", bypass).status, 403);
  clock.advance(std::chrono::hours(25));
  EXPECT_EQ(locked("DELETE", "/a?versionId=" + two).status, 204);
  EXPECT_EQ(root.send("DELETE", "/locked").status, 204);
}

}  // namespace
}  // namespace holdfast::gateway
