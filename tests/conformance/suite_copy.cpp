// Copies inside one storage.
#include "conformance/storage_suite.h"

namespace holdfast::storage {

namespace {

PutRequest with_metadata(const std::string& value) {
  PutRequest request;
  request.attributes.headers = {{"content-type", "text/plain"}};
  request.attributes.metadata = {{"mark", value}};
  return request;
}

}  // namespace

TEST_P(StorageConformance, ACopyHasTheBytesAndAttributes) {
  put("source", "content", with_metadata("source"));
  CopyResult result = storage().copy(context_, ref("source"), ref("deep/down/copy"), {});
  EXPECT_EQ(get("deep/down/copy"), "content");
  ObjectInfo info = storage().head(context_, ref("deep/down/copy"), {});
  EXPECT_EQ(info.etag, result.etag);
  EXPECT_EQ(info.revision, result.revision);
  EXPECT_EQ(info.attributes.metadata.at("mark"), "source");
  EXPECT_EQ(info.attributes.headers.at("content-type"), "text/plain");
  EXPECT_EQ(std::chrono::floor<std::chrono::seconds>(info.modified),
            std::chrono::floor<std::chrono::seconds>(result.modified));
}

TEST_P(StorageConformance, ACopyAndItsSourceLiveApart) {
  put("source", "first");
  storage().copy(context_, ref("source"), ref("copy"), {});
  put("source", "second");
  EXPECT_EQ(get("copy"), "first");
  put("copy", "third");
  EXPECT_EQ(get("source"), "second");
  storage().copy(context_, ref("source"), ref("copy"), {});
  remove("source");
  EXPECT_EQ(get("copy"), "second");
  remove("copy");
  EXPECT_THAT(keys(), testing::IsEmpty());
}

TEST_P(StorageConformance, ACopyIsNotOlderThanItsSource) {
  put("source", "content");
  ObjectInfo source = storage().head(context_, ref("source"), {});
  storage().copy(context_, ref("source"), ref("copy"), {});
  storage().copy(context_, ref("copy"), ref("copy of copy"), {});
  ObjectInfo copy = storage().head(context_, ref("copy"), {});
  ObjectInfo second = storage().head(context_, ref("copy of copy"), {});
  auto second_of = [](WallTime time) { return std::chrono::floor<std::chrono::seconds>(time); };
  EXPECT_GE(second_of(copy.modified), second_of(source.modified));
  EXPECT_GE(second_of(second.modified), second_of(copy.modified));
  EXPECT_EQ(storage().head(context_, ref("source"), {}).modified, source.modified);
  EXPECT_EQ(storage().head(context_, ref("source"), {}).revision, source.revision);
}

TEST_P(StorageConformance, ListAndHeadAgreeAboutCopies) {
  put("dir/source", "content", with_metadata("x"));
  for (const char* name : {"dir/copy", "dir/copy/below", "other/copy"}) {
    storage().copy(context_, ref("dir/source"), ref(name), {});
  }
  ListPage page = storage().list(context_, {.bucket = bucket_});
  ASSERT_EQ(page.objects.size(), 4u);
  for (const ObjectInfo& listed : page.objects) {
    ObjectInfo head = storage().head(context_, ref(listed.key), {});
    EXPECT_EQ(listed.etag, head.etag) << listed.key;
    EXPECT_EQ(listed.revision, head.revision) << listed.key;
    EXPECT_EQ(std::chrono::floor<std::chrono::seconds>(listed.modified),
              std::chrono::floor<std::chrono::seconds>(head.modified));
  }
}

TEST_P(StorageConformance, ReplacingAttributesOnTheWay) {
  put("source", "content", with_metadata("old"));
  CopyRequest request;
  request.replace = with_metadata("new").attributes;
  storage().copy(context_, ref("source"), ref("copy"), request);
  EXPECT_EQ(get("copy"), "content");
  EXPECT_EQ(storage().head(context_, ref("copy"), {}).attributes.metadata.at("mark"), "new");
  EXPECT_EQ(storage().head(context_, ref("source"), {}).attributes.metadata.at("mark"), "old");
}

TEST_P(StorageConformance, ReplacingAttributesInPlace) {
  PutResult before = put("object", "content", with_metadata("old"));
  CopyRequest request;
  request.replace = with_metadata("new").attributes;
  CopyResult after = storage().copy(context_, ref("object"), ref("object"), request);
  EXPECT_EQ(get("object"), "content");
  EXPECT_EQ(storage().head(context_, ref("object"), {}).attributes.metadata.at("mark"), "new");
  if (storage().capabilities().unique_revisions) {
    EXPECT_NE(before.revision, after.revision);
  }
}

TEST_P(StorageConformance, CopiesOverAnExistingObject) {
  put("source", "new content", with_metadata("source"));
  put("target", "old");
  put("target/below", "stays");
  storage().copy(context_, ref("source"), ref("target"), {});
  EXPECT_EQ(get("target"), "new content");
  EXPECT_EQ(get("target/below"), "stays");
  storage().copy(context_, ref("source"), ref("target"), {});
  EXPECT_EQ(get("target"), "new content");
  EXPECT_THAT(keys(), testing::ElementsAre("source", "target", "target/below"));
}

TEST_P(StorageConformance, TheSourcesConditionsHold) {
  PutResult source = put("source", "content");
  CopyRequest request;
  request.source_condition.etag_is = {"other"};
  expect_error<PreconditionFailed>(
      "", [&] { storage().copy(context_, ref("source"), ref("copy"), request); });
  EXPECT_FALSE(exists("copy"));
  request.source_condition.etag_is = {source.etag};
  storage().copy(context_, ref("source"), ref("copy"), request);
  EXPECT_EQ(get("copy"), "content");
}

TEST_P(StorageConformance, TheDestinationsConditionsHold) {
  put("source", "content");
  put("target", "old");
  CopyRequest request;
  request.condition.must_not_exist = true;
  expect_error<PreconditionFailed>(
      "", [&] { storage().copy(context_, ref("source"), ref("target"), request); });
  EXPECT_EQ(get("target"), "old");
  storage().copy(context_, ref("source"), ref("fresh"), request);
  EXPECT_EQ(get("fresh"), "content");
}

TEST_P(StorageConformance, CopyOfWhatIsNotThere) {
  expect_error<NotFound>(kNoSuchKey,
                         [&] { storage().copy(context_, ref("missing"), ref("copy"), {}); });
  put("source", "x");
  expect_error<NotFound>(kNoSuchBucket, [&] {
    storage().copy(context_, ref("source"), {"no-such-bucket-here", "copy"}, {});
  });
}

TEST_P(StorageConformance, CopiesBetweenBuckets) {
  const std::string other = bucket_ + "-other";
  storage().buckets()->create(context_, other);
  put("source", "content", with_metadata("x"));
  storage().copy(context_, ref("source"), {other, "copy"}, {});
  EXPECT_EQ(get_bytes(storage(), context_, {other, "copy"}, 100), "content");
  remove("source");
  EXPECT_EQ(get_bytes(storage(), context_, {other, "copy"}, 100), "content");
  remove_one(storage(), context_, {other, "copy"});
  storage().buckets()->remove(context_, other);
}

TEST_P(StorageConformance, ManyCopiesOfOneObject) {
  put("source", "content");
  for (int i = 0; i < 40; ++i) {
    storage().copy(context_, ref("source"), ref("copies/" + std::to_string(i)), {});
  }
  EXPECT_EQ(list({.prefix = "copies/"}).size(), 40u);
  remove("source");
  for (int i = 0; i < 40; ++i) EXPECT_EQ(get("copies/" + std::to_string(i)), "content");
}

}  // namespace holdfast::storage
