// Every operation of the route table under every set of verbs: what is allowed, and nothing else.
#include "gateway/auth/access_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "gateway/route.h"
#include "support/gateway_client.h"

namespace holdfast::gateway {
namespace {

using support::GatewayAnswer;
using support::GatewayBench;
using support::GatewayClient;
using support::GatewayRequest;

constexpr std::array kVerbs = {Verb::kRead,      Verb::kList,   Verb::kWriteNew,
                               Verb::kOverwrite, Verb::kDelete, Verb::kBypassLock};
constexpr unsigned kSets = 1u << kVerbs.size();

VerbSet set_of(unsigned number) {
  VerbSet verbs;
  for (std::size_t i = 0; i < kVerbs.size(); ++i) {
    if ((number >> i & 1) != 0) verbs.add(kVerbs[i]);
  }
  return verbs;
}

// One request, and the sets of verbs of which one suffices. KEY, UPLOAD and OTHER in the target,
// the body and the headers stand for an object's key, an upload's id and a second object.
struct Step {
  std::string operation, method, target, body;
  codec::Headers headers;
  std::vector<std::vector<Verb>> enough;
  bool whole_bucket = false;  // a grant with a prefix never suffices
  bool any_prefix = false;    // a grant elsewhere in the bucket suffices too
};

const std::vector<std::vector<Verb>> kAlways = {{}};
const std::vector<std::vector<Verb>> kNever = {};
const std::vector<std::vector<Verb>> kEither = {{Verb::kWriteNew}, {Verb::kOverwrite}};

std::vector<Step> bucket_steps() {
  std::vector<Step> steps = {
      {"ListBuckets", "GET", "/", "", {}, kAlways, false, true},
      {"CreateBucket", "PUT", "/other-bucket", "", {}, {{Verb::kWriteNew}}, true},
      {"DeleteBucket", "DELETE", "/empty-bucket", "", {}, {{Verb::kDelete}}, true},
      {"HeadBucket", "HEAD", "/bucket", "", {}, kAlways, false, true},
      {"PutBucketVersioning", "PUT", "/bucket?versioning", "<x/>", {}, kNever},
      {"PutBucketCors", "PUT", "/bucket?cors", "<x/>", {}, kNever},
      {"DeleteBucketCors", "DELETE", "/bucket?cors", "", {}, kNever},
      {"PutBucketEncryption", "PUT", "/bucket?encryption", "<x/>", {}, kNever},
      {"DeleteBucketEncryption", "DELETE", "/bucket?encryption", "", {}, kNever},
      {"PutBucketLifecycleConfiguration", "PUT", "/bucket?lifecycle", "<x/>", {}, kNever},
      {"DeleteBucketLifecycle", "DELETE", "/bucket?lifecycle", "", {}, kNever},
      {"PutObjectLockConfiguration", "PUT", "/bucket?object-lock", "<x/>", {}, kNever},
      {"PutBucketAcl", "PUT", "/bucket?acl", "", {{"x-amz-acl", "private"}}, kNever},
      {"PutBucketOwnershipControls", "PUT", "/bucket?ownershipControls", "<x/>", {}, kNever},
      {"PutPublicAccessBlock", "PUT", "/bucket?publicAccessBlock", "<x/>", {}, kNever},
      {"DeletePublicAccessBlock", "DELETE", "/bucket?publicAccessBlock", "", {}, kNever},
      {"PutBucketTagging", "PUT", "/bucket?tagging", "<x/>", {}, kNever},
      {"DeleteBucketTagging", "DELETE", "/bucket?tagging", "", {}, kNever},
      {"ListObjects", "GET", "/bucket?prefix=KEY", "", {}, {{Verb::kList}}},
      {"ListObjects", "GET", "/bucket", "", {}, {{Verb::kList}}, true},
      {"ListObjectsV2", "GET", "/bucket?list-type=2&prefix=KEY", "", {}, {{Verb::kList}}},
      {"ListObjectsV2",
       "GET",
       "/bucket?list-type=2&start-after=KEY",
       "",
       {},
       {{Verb::kList}},
       true},
      {"ListObjectVersions", "GET", "/bucket?versions&prefix=KEY", "", {}, {{Verb::kList}}},
      {"ListMultipartUploads", "GET", "/bucket?uploads&prefix=KEY", "", {}, {{Verb::kList}}},
      {"ListMultipartUploads", "GET", "/bucket?uploads", "", {}, {{Verb::kList}}, true},
  };
  const std::pair<const char*, const char*> settings[] = {
      {"GetBucketLocation", "location"},
      {"GetBucketAcl", "acl"},
      {"GetBucketVersioning", "versioning"},
      {"GetBucketAccelerateConfiguration", "accelerate"},
      {"GetBucketCors", "cors"},
      {"GetBucketEncryption", "encryption"},
      {"GetBucketLifecycle", "lifecycle"},
      {"GetBucketLogging", "logging"},
      {"GetBucketNotification", "notification"},
      {"GetObjectLockConfiguration", "object-lock"},
      {"GetBucketOwnershipControls", "ownershipControls"},
      {"GetBucketPolicy", "policy"},
      {"GetBucketPolicyStatus", "policyStatus"},
      {"GetPublicAccessBlock", "publicAccessBlock"},
      {"GetBucketReplication", "replication"},
      {"GetBucketRequestPayment", "requestPayment"},
      {"GetBucketTagging", "tagging"},
      {"GetBucketWebsite", "website"}};
  for (const auto& [operation, query] : settings) {
    steps.push_back(
        {operation, "GET", std::string("/bucket?") + query, "", {}, kAlways, false, true});
  }
  return steps;
}

std::vector<Step> object_steps() {
  const codec::Headers copy = {{"x-amz-copy-source", "/bucket/OTHER"}};
  const codec::Headers bypass = {{"x-amz-bypass-governance-retention", "true"}};
  const codec::Headers attributes = {{"x-amz-object-attributes", "ETag"}};
  const std::string old = "/bucket/KEY", fresh = "/bucket/KEY-new";
  const std::string part = "?partNumber=2&uploadId=UPLOAD", upload = "?uploadId=UPLOAD";
  const std::string parts =
      "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>PART</ETag></Part>"
      "</CompleteMultipartUpload>";
  const std::vector<std::vector<Verb>> read_and_create = {{Verb::kRead, Verb::kWriteNew}};
  const std::vector<std::vector<Verb>> read_and_replace = {{Verb::kRead, Verb::kOverwrite}};
  std::vector<std::vector<Verb>> read_and_write = read_and_create;
  read_and_write.push_back(read_and_replace[0]);
  return {
      {"GetObject", "GET", old, "", {}, {{Verb::kRead}}},
      {"HeadObject", "HEAD", old, "", {}, {{Verb::kRead}}},
      {"GetObjectAttributes", "GET", old + "?attributes", "", attributes, {{Verb::kRead}}},
      {"GetObjectAcl", "GET", old + "?acl", "", {}, {{Verb::kRead}}},
      {"GetObjectTagging", "GET", old + "?tagging", "", {}, {{Verb::kRead}}},
      {"GetObjectRetention", "GET", old + "?retention", "", {}, {{Verb::kRead}}},
      {"GetObjectLegalHold", "GET", old + "?legal-hold", "", {}, {{Verb::kRead}}},
      {"PutObjectAcl", "PUT", old + "?acl", "", {{"x-amz-acl", "private"}}, {{Verb::kOverwrite}}},
      {"PutObjectTagging", "PUT", old + "?tagging", "<Tagging/>", {}, {{Verb::kOverwrite}}},
      {"DeleteObjectTagging", "DELETE", old + "?tagging", "", {}, {{Verb::kOverwrite}}},
      {"PutObjectRetention", "PUT", old + "?retention", "<Retention/>", {}, {{Verb::kOverwrite}}},
      {"PutObjectLegalHold", "PUT", old + "?legal-hold", "<LegalHold/>", {}, {{Verb::kOverwrite}}},
      {"PutObject", "PUT", fresh, "x", {}, {{Verb::kWriteNew}}},
      {"PutObject", "PUT", old, "x", {}, {{Verb::kOverwrite}}},
      {"CopyObject", "PUT", fresh, "", copy, read_and_create},
      {"CopyObject", "PUT", old, "", copy, read_and_replace},
      {"CreateMultipartUpload", "POST", old + "?uploads", "", {}, kEither},
      {"UploadPart", "PUT", old + part, "x", {}, kEither},
      {"UploadPartCopy", "PUT", old + part, "", copy, read_and_write},
      {"ListParts", "GET", old + upload, "", {}, kEither},
      {"CompleteMultipartUpload", "POST", old + upload, parts, {}, {{Verb::kOverwrite}}},
      {"CompleteMultipartUpload",
       "POST",
       fresh + "?uploadId=FRESH",
       parts,
       {},
       {{Verb::kWriteNew}}},
      {"AbortMultipartUpload", "DELETE", old + upload, "", {}, kEither},
      {"DeleteObject", "DELETE", old, "", {}, {{Verb::kDelete}}},
      {"DeleteObject", "DELETE", old, "", bypass, {{Verb::kDelete, Verb::kBypassLock}}},
      {"DeleteObjects",
       "POST",
       "/bucket?delete",
       "<Delete><Object><Key>KEY</Key></Object></Delete>",
       bypass,
       {{Verb::kDelete, Verb::kBypassLock}}},
      {"DeleteObjects",
       "POST",
       "/bucket?delete",
       "<Delete><Object><Key>KEY</Key></Object></Delete>",
       {},
       {{Verb::kDelete}}},
  };
}

void replace_all(std::string& text, std::string_view name, const std::string& value) {
  for (std::size_t at; (at = text.find(name)) != std::string::npos;) {
    text.replace(at, name.size(), value);
  }
}

// A gateway with one limited key, and what the steps need to be there.
class Scene {
 public:
  Scene(VerbSet verbs, const std::string& prefix, const std::string& key)
      : key_(key),
        bench_({.keys = {{"limited", Secret("limitedsecret"), false, {{"bucket", prefix, verbs}}},
                         {"wide", Secret("widesecret"), false, {{"", prefix, verbs}}}}}) {
    bench_.root.send("PUT", "/bucket");
    bench_.root.send("PUT", "/empty-bucket");
    bench_.root.send("PUT", "/bucket/" + key, "old");
    bench_.root.send("PUT", "/bucket/" + key + "-other", "other");
    upload_ = begin_upload(key);
    fresh_ = begin_upload(key + "-new");
  }

  // Whether the request was denied.
  bool denied(const Step& step) {
    GatewayRequest request{.method = step.method,
                           .target = filled(step.target),
                           .headers = step.headers,
                           .body = filled(step.body)};
    for (auto& [name, value] : request.headers) value = filled(value);
    // A grant for one bucket says nothing of buckets beside it.
    const bool beside = step.target.starts_with("/other") || step.target.starts_with("/empty");
    GatewayClient client(bench_.gateway, bench_.clock, beside ? "wide" : "limited",
                         beside ? "widesecret" : "limitedsecret");
    const GatewayAnswer answer = client.send(request);
    if (answer.status != 403) {
      return answer.body.find("<Code>AccessDenied</Code>") != std::string::npos;
    }
    EXPECT_EQ(answer.code(), step.method == "HEAD" ? "" : "AccessDenied") << step.operation;
    return true;
  }

 private:
  std::string begin_upload(const std::string& key) {
    const GatewayAnswer begun = bench_.root.send("POST", "/bucket/" + key + "?uploads");
    const std::string id = begun.xml().child_text("UploadId");
    part_ = bench_.root.send("PUT", "/bucket/" + key + "?partNumber=1&uploadId=" + id, "part")
                .header("ETag");
    return id;
  }
  std::string filled(std::string text) const {
    replace_all(text, "UPLOAD", upload_);
    replace_all(text, "FRESH", fresh_);
    replace_all(text, "OTHER", key_ + "-other");
    replace_all(text, "PART", part_);
    replace_all(text, "KEY", key_);
    return text;
  }

  const std::string key_;
  GatewayBench bench_;
  std::string upload_, fresh_, part_;
};

bool suffices(const Step& step, VerbSet verbs) {
  return std::any_of(step.enough.begin(), step.enough.end(), [&](const auto& needed) {
    return std::all_of(needed.begin(), needed.end(), [&](Verb verb) { return verbs.has(verb); });
  });
}

bool is_offered(const Step& step) {
  return std::any_of(routes().begin(), routes().end(),
                     [&](const Route& route) { return route.name == step.operation; });
}

// Of the operations that are offered.
std::vector<Step> all_steps() {
  std::vector<Step> steps = bucket_steps();
  for (Step& step : object_steps()) steps.push_back(std::move(step));
  std::erase_if(steps, [](const Step& step) { return !is_offered(step); });
  return steps;
}

TEST(AccessRules, EveryOperationHasOneRuleAndIsWalked) {
  std::multiset<std::string_view> ruled, walked;
  for (const AccessRule& rule : access_rules()) ruled.insert(rule.operation);
  const std::vector<Step> steps = all_steps();
  for (const Step& step : steps) walked.insert(step.operation);
  for (const Route& route : routes()) {
    EXPECT_EQ(ruled.count(route.name), 1u) << route.name;
    EXPECT_TRUE(walked.contains(route.name)) << route.name;
  }
}

TEST(AccessRules, EveryOperationUnderEverySetOfVerbs) {
  for (const Step& step : all_steps()) {
    for (unsigned number = 0; number < kSets; ++number) {
      Scene inside(set_of(number), "in/", "in/k");
      EXPECT_EQ(inside.denied(step), step.whole_bucket || !suffices(step, set_of(number)))
          << step.operation << " " << step.target << " with verbs " << number;
    }
  }
}

TEST(AccessRules, AGrantForTheWholeBucketReachesEveryKeyOfIt) {
  for (const Step& step : all_steps()) {
    for (const Verb verb : kVerbs) {
      Scene everywhere({verb}, "", "out/k");
      EXPECT_EQ(everywhere.denied(step), !suffices(step, {verb}))
          << step.operation << " " << step.target << " with verb " << unsigned(verb);
    }
    Scene all(VerbSet::all(), "", "out/k");
    EXPECT_EQ(all.denied(step), !suffices(step, VerbSet::all()))
        << step.operation << " " << step.target;
  }
}

TEST(AccessRules, NoVerbReachesBeyondThePrefix) {
  for (const Step& step : all_steps()) {
    Scene outside(VerbSet::all(), "in/", "out/k");
    EXPECT_EQ(outside.denied(step), !step.any_prefix) << step.operation << " " << step.target;
  }
}

TEST(AccessRules, WhatHasNoRuleIsTheRootPairsAlone) {
  EXPECT_EQ(need_of("PutBucketPolicy"), Need::kRoot);
  EXPECT_EQ(need_of("GetObject"), Need::kRead);
}

TEST(AccessRules, ACopyNeedsToReadItsSourceWhereverThatLies) {
  GatewayBench bench(
      {.keys = {{"limited", Secret("limitedsecret"), false, {{"bucket", "in/", VerbSet::all()}}}}});
  bench.root.send("PUT", "/bucket");
  bench.root.send("PUT", "/secret");
  bench.root.send("PUT", "/secret/k", "hidden");
  bench.root.send("PUT", "/bucket/out/k", "hidden");
  GatewayClient limited(bench.gateway, bench.clock, "limited", "limitedsecret");
  for (const char* source :
       {"/secret/k", "/bucket/out/k", "bucket/in/../out/k", "/bucket/in%2f..%2fout/k"}) {
    EXPECT_NE(limited.send("PUT", "/bucket/in/copy", "", {{"x-amz-copy-source", source}}).status,
              200)
        << source;
  }
  EXPECT_EQ(bench.root.send("GET", "/bucket/in/copy").status, 404);
}

TEST(AccessRules, WriteNewAloneIsAtomicAndNeverReplaces) {
  GatewayBench bench(
      {.keys = {{"limited", Secret("limitedsecret"), false, {{"bucket", "", {Verb::kWriteNew}}}}}});
  bench.root.send("PUT", "/bucket");
  std::atomic<int> created = 0, denied = 0;
  {
    std::vector<std::jthread> clients;
    for (int number = 0; number < 4; ++number) {
      clients.emplace_back([&, number] {
        GatewayClient limited(bench.gateway, bench.clock, "limited", "limitedsecret");
        for (int key = 0; key < 25; ++key) {
          const int status =
              limited.send("PUT", "/bucket/" + std::to_string(key), std::to_string(number)).status;
          if (status == 200) ++created;
          if (status == 403) ++denied;
        }
      });
    }
  }
  EXPECT_EQ(created, 25);
  EXPECT_EQ(denied, 75);
}

}  // namespace
}  // namespace holdfast::gateway
