#include "gateway/ops/versioning.h"

#include <gtest/gtest.h>

#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using support::GatewayAnswer;
using support::GatewayTest;
using support::VersionedGatewayTest;

// "TAG KEY VERSION LATEST" of a list's versions, and its prefixes.
std::vector<std::string> versions_in(const GatewayAnswer& answer) {
  std::vector<std::string> out;
  for (const codec::XmlElement& child : answer.xml().children) {
    if (child.name == "CommonPrefixes") out.push_back(child.child_text("Prefix"));
    if (child.name != "Version" && child.name != "DeleteMarker") continue;
    out.push_back(child.name + " " + child.child_text("Key") + " " + child.child_text("VersionId") +
                  " " + child.child_text("IsLatest"));
  }
  return out;
}

TEST_F(VersionedGatewayTest, VersioningIsToldAsItWasSet) {
  EXPECT_TRUE(send("GET", "?versioning").xml().children.empty());
  EXPECT_EQ(put("a", "1"), "");
  enable_versioning();
  EXPECT_EQ(send("GET", "?versioning").xml().child_text("Status"), "Enabled");
  set_versioning("Suspended");
  EXPECT_EQ(send("GET", "?versioning").xml().child_text("Status"), "Suspended");
  EXPECT_EQ(put("a", "1"), "null");
  const std::string bad = "<VersioningConfiguration><Status>On</Status></VersioningConfiguration>";
  EXPECT_EQ(send("PUT", "?versioning", bad).code(), "IllegalVersioningConfigurationException");
  EXPECT_EQ(send("PUT", "?versioning", "<Other/>").code(), "MalformedXML");
}

TEST_F(VersionedGatewayTest, VersionsAreReadByTheirIds) {
  enable_versioning();
  const std::string one = put("a", "one"), two = put("a", "two");
  EXPECT_EQ(send("GET", "/a").header("x-amz-version-id"), two);
  EXPECT_EQ(send("GET", "/a?versionId=" + one).body, "one");
  EXPECT_EQ(send("HEAD", "/a?versionId=" + one).header("x-amz-version-id"), one);
  EXPECT_EQ(send("GET", "/a?versionId=none").code(), "NoSuchVersion");
  EXPECT_EQ(send("GET", "/a?versionId=").code(), "InvalidArgument");
  EXPECT_EQ(send("GET", "/a?versionId=" + one, "", {{"Range", "bytes=9-"}}).header("Content-Range"),
            "bytes */3");
  const GatewayAnswer attributes = send("GET", "/a?attributes&versionId=" + one, "",
                                        {{"x-amz-object-attributes", "ObjectSize"}});
  EXPECT_EQ(attributes.header("x-amz-version-id"), one);
}

TEST_F(VersionedGatewayTest, ADeleteMarkerIsToldApartFromNothing) {
  enable_versioning();
  const std::string one = put("a", "1");
  GatewayAnswer removed = send("DELETE", "/a");
  EXPECT_EQ(removed.status, 204);
  EXPECT_EQ(removed.header("x-amz-delete-marker"), "true");
  const std::string marker = removed.header("x-amz-version-id");
  GatewayAnswer gone = send("GET", "/a");
  EXPECT_EQ(gone.code(), "NoSuchKey");
  EXPECT_EQ(gone.header("x-amz-delete-marker"), "true");
  EXPECT_EQ(gone.header("x-amz-version-id"), marker);
  EXPECT_EQ(send("GET", "/b").header("x-amz-delete-marker"), "");
  GatewayAnswer by_id = send("GET", "/a?versionId=" + marker);
  EXPECT_EQ(by_id.status, 405);
  EXPECT_EQ(by_id.code(), "MethodNotAllowed");
  EXPECT_EQ(by_id.header("x-amz-delete-marker"), "true");
  EXPECT_EQ(send("HEAD", "/a?versionId=" + marker).status, 405);
  removed = send("DELETE", "/a?versionId=" + marker);
  EXPECT_EQ(removed.header("x-amz-delete-marker"), "true");
  EXPECT_EQ(removed.header("x-amz-version-id"), marker);
  EXPECT_EQ(send("GET", "/a").body, "1");
  EXPECT_EQ(send("DELETE", "/a?versionId=" + one).header("x-amz-delete-marker"), "");
}

TEST_F(VersionedGatewayTest, ManyVersionsAreRemovedAtOnce) {
  enable_versioning();
  const std::string one = put("a", "1"), two = put("a", "2");
  put("b", "1");
  const GatewayAnswer answer = send("POST", "?delete",
                                    "<Delete><Object><Key>a</Key><VersionId>" + one +
                                        "</VersionId></Object>"
                                        "<Object><Key>b</Key></Object></Delete>");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto& deleted = answer.xml().children;
  ASSERT_EQ(deleted.size(), 2u);
  EXPECT_EQ(deleted[0].child_text("VersionId"), one);
  EXPECT_EQ(deleted[0].child_text("DeleteMarker"), "");
  EXPECT_EQ(deleted[1].child_text("DeleteMarker"), "true");
  EXPECT_NE(deleted[1].child_text("DeleteMarkerVersionId"), "");
  EXPECT_EQ(send("GET", "/a?versionId=" + one).code(), "NoSuchVersion");
  EXPECT_EQ(send("GET", "/a").header("x-amz-version-id"), two);
}

TEST_F(VersionedGatewayTest, ListsOfVersionsHavePagesPrefixesAndMarkers) {
  enable_versioning();
  const std::string one = put("a", "1"), two = put("a", "2"), deep = put("d/x", "3");
  const std::string marker = send("DELETE", "/d/x").header("x-amz-version-id");
  const std::vector<std::string> all = {"Version a " + two + " true", "Version a " + one + " false",
                                        "DeleteMarker d/x " + marker + " true",
                                        "Version d/x " + deep + " false"};
  EXPECT_EQ(versions_in(send("GET", "?versions")), all);
  GatewayAnswer page = send("GET", "?versions&max-keys=1");
  EXPECT_EQ(page.xml().child_text("IsTruncated"), "true");
  EXPECT_EQ(page.xml().child_text("NextKeyMarker"), "a");
  EXPECT_EQ(page.xml().child_text("NextVersionIdMarker"), two);
  page = send("GET", "?versions&key-marker=a&version-id-marker=" + two);
  EXPECT_EQ(versions_in(page), (std::vector<std::string>{all[1], all[2], all[3]}));
  EXPECT_EQ(versions_in(send("GET", "?versions&key-marker=a")),
            (std::vector<std::string>{all[2], all[3]}));
  EXPECT_EQ(versions_in(send("GET", "?versions&delimiter=/")),
            (std::vector<std::string>{all[0], all[1], "d/"}));
  EXPECT_EQ(versions_in(send("GET", "?versions&prefix=d/")).size(), 2u);
  EXPECT_EQ(send("GET", "?versions&version-id-marker=x").code(), "InvalidArgument");
  // Clients that walk pages send both from the first one on, empty.
  EXPECT_EQ(send("GET", "?versions&key-marker=&version-id-marker=").status, 200);
  EXPECT_TRUE(versions_in(send("GET", "?versions&max-keys=0")).empty());
}

TEST_F(VersionedGatewayTest, CopiesNameBothVersions) {
  enable_versioning();
  const std::string one = put("a", "1"), two = put("a", "2");
  GatewayAnswer copy = send("PUT", "/b", "", {{"x-amz-copy-source", "/bucket/a?versionId=" + one}});
  ASSERT_EQ(copy.status, 200) << copy.body;
  EXPECT_EQ(copy.header("x-amz-copy-source-version-id"), one);
  EXPECT_EQ(send("GET", "/b").header("x-amz-version-id"), copy.header("x-amz-version-id"));
  EXPECT_EQ(send("GET", "/b").body, "1");
  copy = send("PUT", "/a", "", {{"x-amz-copy-source", "/bucket/a?versionId=" + one}});
  EXPECT_EQ(copy.status, 200) << "an old version copied onto its key is a new version";
  const std::string marker = send("DELETE", "/a").header("x-amz-version-id");
  copy = send("PUT", "/c", "", {{"x-amz-copy-source", "/bucket/a?versionId=" + marker}});
  EXPECT_EQ(copy.code(), "InvalidRequest");
  copy = send("PUT", "/c", "", {{"x-amz-copy-source", "/bucket/a"}});
  EXPECT_EQ(copy.code(), "NoSuchKey");
}

TEST_F(VersionedGatewayTest, AnUploadTellsItsVersion) {
  enable_versioning();
  const std::string id =
      send("POST", "/a?uploads", "", {{"x-amz-tagging", "k=v"}}).xml().child_text("UploadId");
  const std::string etag = send("PUT", "/a?partNumber=1&uploadId=" + id, "x").header("etag");
  const GatewayAnswer made =
      send("POST", "/a?uploadId=" + id,
           "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + etag +
               "</ETag></Part></CompleteMultipartUpload>");
  ASSERT_EQ(made.status, 200) << made.body;
  const GatewayAnswer head = send("HEAD", "/a");
  EXPECT_EQ(head.header("x-amz-version-id"), made.header("x-amz-version-id"));
  EXPECT_EQ(head.header("x-amz-tagging-count"), "1");
}

TEST_F(GatewayTest, AStorageWithoutVersionsHasOnlyNull) {
  put("k", "1");
  EXPECT_EQ(get("k?versionId=null").body, "1");
  EXPECT_EQ(get("k?versionId=other").code(), "NoSuchVersion");
  EXPECT_EQ(versions_in(root.send("GET", "/bucket?versions")),
            std::vector<std::string>{"Version k null true"});
  EXPECT_EQ(root.send("PUT", "/bucket?versioning",
                      "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
                .code(),
            "NotImplemented");
  EXPECT_EQ(put("k", "1", {{"x-amz-tagging", "a=b"}}).code(), "NotImplemented");
  EXPECT_EQ(put("k", "1", {{"x-amz-object-lock-legal-hold", "ON"}}).code(), "NotImplemented");
}

}  // namespace
}  // namespace holdfast::gateway
