#include "gateway/lifecycle.h"

#include <gtest/gtest.h>

#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using support::GatewayAnswer;
using support::VersionedGatewayTest;

constexpr auto kDay = std::chrono::hours(24);

class LifecycleTest : public VersionedGatewayTest {
 protected:
  std::string set(const std::string& rules) {
    return send("PUT", "?lifecycle",
                "<LifecycleConfiguration>" + rules + "</LifecycleConfiguration>")
        .code();
  }
  LifecycleReport apply() { return apply_lifecycle(Context::with_clock(clock), *bench.storage); }
  std::size_t versions() {
    std::size_t count = 0;
    for (const auto& child : send("GET", "?versions").xml().children) {
      count += child.name == "Version" || child.name == "DeleteMarker" ? 1 : 0;
    }
    return count;
  }
};

std::string rule(const std::string& actions, const std::string& filter = "<Prefix></Prefix>",
                 const std::string& status = "Enabled") {
  return "<Rule><Filter>" + filter + "</Filter><Status>" + status + "</Status>" + actions +
         "</Rule>";
}
std::string noncurrent(const std::string& more = "") {
  return "<NoncurrentVersionExpiration><NoncurrentDays>3</NoncurrentDays>" + more +
         "</NoncurrentVersionExpiration>";
}

TEST_F(LifecycleTest, AConfigurationIsCheckedKeptAndRemoved) {
  EXPECT_EQ(send("GET", "?lifecycle").code(), "NoSuchLifecycleConfiguration");
  EXPECT_EQ(set(rule(noncurrent())), "");
  const codec::XmlElement kept = *send("GET", "?lifecycle").xml().child("Rule");
  EXPECT_NE(kept.child_text("ID"), "");
  EXPECT_EQ(kept.child("NoncurrentVersionExpiration")->child_text("NoncurrentDays"), "3");
  EXPECT_EQ(set(rule(noncurrent(), "", "enabled")), "MalformedXML");
  EXPECT_EQ(set(rule("<Colour/>")), "MalformedXML");
  EXPECT_EQ(set(""), "MalformedXML");
  EXPECT_EQ(set("<Rule><Status>Enabled</Status></Rule>"), "InvalidArgument");
  EXPECT_EQ(set(rule("<Expiration><Days>0</Days></Expiration>")), "InvalidArgument");
  EXPECT_EQ(set(rule("<Expiration><Date>20200101</Date></Expiration>")), "MalformedXML");
  EXPECT_EQ(set(rule("<Expiration><Days>1</Days><Date>2030-01-01T00:00:00Z</Date></Expiration>")),
            "MalformedXML");
  EXPECT_EQ(set(rule("<Expiration><Date>2030-13-01</Date></Expiration>")), "MalformedXML");
  EXPECT_EQ(set(rule("<Expiration><Date>2030-01-01T01:00:00Z</Date></Expiration>")),
            "InvalidArgument");
  EXPECT_EQ(set(rule("<Transition><Days>1</Days></Transition>")), "NotImplemented");
  EXPECT_EQ(set(rule("<Transition><Date>20300101</Date></Transition>")), "MalformedXML");
  const std::string twice =
      "<Rule><ID>a</ID><Prefix/><Status>Enabled</Status>" + noncurrent() + "</Rule>";
  EXPECT_EQ(set(twice + twice), "InvalidArgument");
  EXPECT_EQ(set("<Rule><ID>" + std::string(256, 'i') + "</ID><Prefix/><Status>Enabled</Status>" +
                noncurrent() + "</Rule>"),
            "InvalidArgument");
  EXPECT_EQ(send("GET", "?lifecycle").status, 200);
  EXPECT_EQ(send("DELETE", "?lifecycle").status, 204);
  EXPECT_EQ(send("GET", "?lifecycle").code(), "NoSuchLifecycleConfiguration");
}

// Terraform and older clients compare what they read with what they wrote.
TEST_F(LifecycleTest, APrefixIsToldWhereItWasGiven) {
  const std::string end = "<Status>Enabled</Status>" + noncurrent() + "</Rule>";
  EXPECT_EQ(set("<Rule><Prefix>old/</Prefix>" + end), "");
  codec::XmlElement kept = *send("GET", "?lifecycle").xml().child("Rule");
  EXPECT_EQ(kept.child_text("Prefix"), "old/");
  EXPECT_EQ(kept.child("Filter"), nullptr);
  EXPECT_EQ(set("<Rule><Filter><Prefix>new/</Prefix></Filter>" + end), "");
  kept = *send("GET", "?lifecycle").xml().child("Rule");
  EXPECT_EQ(kept.child("Prefix"), nullptr);
  EXPECT_EQ(kept.child("Filter")->child_text("Prefix"), "new/");
  EXPECT_EQ(set("<Rule><Prefix/><Filter/>" + end), "MalformedXML");
}

TEST_F(LifecycleTest, DaysEndAtMidnight) {
  const WallTime noon = parse_rfc3339("2026-11-22T12:00:00Z");
  EXPECT_EQ(due_after(noon, 1), parse_rfc3339("2026-11-24T00:00:00Z"));
  EXPECT_EQ(due_after(parse_rfc3339("2026-11-22T00:00:00Z"), 1),
            parse_rfc3339("2026-11-23T00:00:00Z"));
}

TEST_F(LifecycleTest, AbandonedUploadsAreAborted) {
  set(
      rule("<AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation>"
           "</AbortIncompleteMultipartUpload>",
           "<Prefix>old/</Prefix>"));
  send("POST", "/old/a?uploads");
  send("POST", "/other?uploads");
  EXPECT_EQ(apply().uploads, 0u);
  clock.advance(3 * kDay);
  send("POST", "/old/b?uploads");
  EXPECT_EQ(apply().uploads, 1u);
  EXPECT_EQ(apply().uploads, 0u);
  const std::string left = send("GET", "?uploads").body;
  EXPECT_EQ(left.find("old/a"), std::string::npos);
  EXPECT_NE(left.find("old/b"), std::string::npos);
  EXPECT_NE(left.find("other"), std::string::npos);
}

TEST_F(LifecycleTest, OldVersionsGoAfterTheirDays) {
  enable_versioning();
  set(rule(noncurrent("<NewerNoncurrentVersions>1</NewerNoncurrentVersions>")));
  for (const char* body : {"1", "2", "3", "4"}) put("a", body);
  EXPECT_EQ(apply().versions, 0u);
  clock.advance(4 * kDay);
  EXPECT_EQ(apply().versions, 2u);
  EXPECT_EQ(versions(), 2u);
  EXPECT_EQ(send("GET", "/a").body, "4");
  put("a", "5");
  EXPECT_EQ(apply().versions, 1u) << "the one that was kept as the newest of the old ones";
  EXPECT_EQ(versions(), 2u) << "not current since just now";
}

TEST_F(LifecycleTest, DeleteMarkersThatCoverNothingGo) {
  enable_versioning();
  set(rule(noncurrent()) +
      rule("<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"));
  put("a", "1");
  send("DELETE", "/a");
  EXPECT_EQ(apply().markers, 0u);
  clock.advance(4 * kDay);
  LifecycleReport report = apply();
  EXPECT_EQ(report.versions, 1u);
  EXPECT_EQ(report.markers, 1u);
  EXPECT_EQ(versions(), 0u);
}

TEST_F(LifecycleTest, ObjectsExpireByPrefixTagAndSize) {
  const std::string expire = "<Expiration><Days>1</Days></Expiration>";
  set(rule(expire,
           "<And><Prefix>p/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag>"
           "<ObjectSizeGreaterThan>3</ObjectSizeGreaterThan></And>"));
  put("p/due", "long enough", {{"x-amz-tagging", "k=v&more=1"}});
  put("p/short", "abc", {{"x-amz-tagging", "k=v"}});
  put("p/untagged", "long enough");
  put("other", "long enough", {{"x-amz-tagging", "k=v"}});
  EXPECT_EQ(apply().objects, 0u);
  clock.advance(3 * kDay);
  EXPECT_EQ(apply().objects, 1u);
  EXPECT_EQ(send("GET", "/p/due").code(), "NoSuchKey");
  EXPECT_EQ(versions(), 3u);
  set(rule(expire, "", "Disabled"));
  EXPECT_EQ(apply().objects, 0u);
}

TEST_F(LifecycleTest, LockedVersionsStay) {
  EXPECT_EQ(root.send("PUT", "/locked", "", {{"x-amz-bucket-object-lock-enabled", "true"}}).status,
            200);
  root.send("PUT", "/locked?lifecycle",
            "<LifecycleConfiguration>" + rule(noncurrent()) + "</LifecycleConfiguration>");
  const std::string held =
      root.send("PUT", "/locked/a", "1", {{"x-amz-object-lock-legal-hold", "ON"}})
          .header("x-amz-version-id");
  root.send("PUT", "/locked/a", "2");
  clock.advance(10 * kDay);
  const LifecycleReport report = apply();
  EXPECT_EQ(report.locked, 1u);
  EXPECT_EQ(report.versions + report.failed, 0u);
  EXPECT_EQ(root.send("GET", "/locked/a?versionId=" + held).body, "1");
}

TEST_F(LifecycleTest, ReadsTellWhenAnObjectExpires) {
  const auto expiration = [&](const std::string& key) {
    const std::string head = send("HEAD", "/" + key).header("x-amz-expiration");
    EXPECT_EQ(send("GET", "/" + key).header("x-amz-expiration"), head);
    return head;
  };
  send("PUT", "/logs/a", "1");
  send("PUT", "/logs/tagged", "1", {{"x-amz-tagging", "keep=no"}});
  send("PUT", "/other", "1");
  EXPECT_EQ(expiration("logs/a"), "");
  const auto expires = [](int days) {
    return "<ID>after " + std::to_string(days) + "/x</ID><Expiration><Days>" +
           std::to_string(days) + "</Days></Expiration>";
  };
  ASSERT_EQ(set(rule(expires(30), "<Prefix>logs/</Prefix>") +
                rule(expires(5), "<Tag><Key>keep</Key><Value>no</Value></Tag>") +
                rule(expires(1), "<Prefix></Prefix>", "Disabled")),
            "");
  const auto told = [&](int days) {
    return "expiry-date=\"" + format_http_date(due_after(clock.now(), unsigned(days))) +
           "\", rule-id=\"after%20" + std::to_string(days) + "%2Fx\"";
  };
  EXPECT_EQ(expiration("logs/a"), told(30));
  EXPECT_EQ(expiration("logs/tagged"), told(5));
  EXPECT_EQ(expiration("other"), "");
  EXPECT_EQ(send("PUT", "/logs/b", "1").header("x-amz-expiration"), told(30));
  EXPECT_EQ(send("PUT", "/logs/b", "1", {{"x-amz-tagging", "keep=no"}}).header("x-amz-expiration"),
            told(5));
}

}  // namespace
}  // namespace holdfast::gateway
