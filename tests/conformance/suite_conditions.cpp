// Conditional reads, writes and removals.
#include "conformance/storage_suite.h"

namespace holdfast::storage {

TEST_P(StorageConformance, MustNotExistWritesOnce) {
  PutRequest request;
  request.condition.must_not_exist = true;
  put("object", "first", request);
  expect_error<PreconditionFailed>("", [&] { put("object", "second", request); });
  EXPECT_EQ(get("object"), "first");
  remove("object");
  put("object", "third", request);
  EXPECT_EQ(get("object"), "third");
}

TEST_P(StorageConformance, MustNotExistIsNotFooledByNeighbours) {
  put("object/below", "x");
  put("objects", "x");
  PutRequest request;
  request.condition.must_not_exist = true;
  put("object", "first", request);
  EXPECT_EQ(get("object"), "first");
}

TEST_P(StorageConformance, MustExistNeedsAnObject) {
  PutRequest request;
  request.condition.must_exist = true;
  expect_error<PreconditionFailed>("", [&] { put("object", "first", request); });
  EXPECT_FALSE(exists("object"));
  put("object", "first");
  put("object", "second", request);
  EXPECT_EQ(get("object"), "second");
}

TEST_P(StorageConformance, EtagIsGuardsAnOverwrite) {
  PutResult first = put("object", "first");
  PutRequest request;
  request.condition.etag_is = {"00000000000000000000000000000000", first.etag};
  PutResult second = put("object", "second", request);
  expect_error<PreconditionFailed>("", [&] { put("object", "third", request); });
  EXPECT_EQ(get("object"), "second");
  remove("object");
  request.condition.etag_is = {second.etag};
  expect_error<PreconditionFailed>("", [&] { put("object", "third", request); });
  EXPECT_FALSE(exists("object"));
}

TEST_P(StorageConformance, RevisionIsGuardsAnOverwriteByTheSameBytes) {
  PutResult first = put("object", "same");
  PutResult second = put("object", "same");
  PutRequest request;
  request.condition.revision_is = first.revision;
  if (first.revision != second.revision) {
    expect_error<PreconditionFailed>("", [&] { put("object", "new", request); });
    EXPECT_EQ(get("object"), "same");
  }
  request.condition.revision_is = second.revision;
  put("object", "new", request);
  EXPECT_EQ(get("object"), "new");
}

TEST_P(StorageConformance, ReadsFollowTheirConditions) {
  PutResult put_result = put("object", "content");
  ObjectInfo info = storage().head(context_, ref("object"), {});
  auto read = [&](Condition condition) { return get("object", {.condition = condition}); };
  EXPECT_EQ(read({.must_exist = true}), "content");
  EXPECT_EQ(read({.etag_is = {put_result.etag}}), "content");
  EXPECT_EQ(read({.etag_is_not = {"other"}}), "content");
  EXPECT_EQ(read({.revision_is = info.revision}), "content");
  EXPECT_EQ(read({.modified_since = info.modified - std::chrono::hours(1)}), "content");
  EXPECT_EQ(read({.unmodified_since = info.modified + std::chrono::seconds(1)}), "content");

  expect_error<PreconditionFailed>("", [&] { read({.etag_is = {"other"}}); });
  expect_error<PreconditionFailed>("", [&] { read({.revision_is = "other"}); });
  expect_error<PreconditionFailed>(
      "", [&] { read({.unmodified_since = info.modified - std::chrono::hours(1)}); });
  expect_error<PreconditionFailed>(kNotModified, [&] { read({.etag_is_not = {info.etag}}); });
  expect_error<PreconditionFailed>(
      kNotModified, [&] { read({.modified_since = info.modified + std::chrono::seconds(1)}); });
}

TEST_P(StorageConformance, HeadFollowsTheSameConditions) {
  put("object", "content");
  ObjectInfo info = storage().head(context_, ref("object"), {});
  auto head = [&](Condition condition) {
    return storage().head(context_, ref("object"), {.condition = condition});
  };
  EXPECT_EQ(head({.etag_is = {info.etag}}).size, 7u);
  expect_error<PreconditionFailed>("", [&] { head({.etag_is = {"other"}}); });
  expect_error<PreconditionFailed>(kNotModified, [&] { head({.etag_is_not = {info.etag}}); });
}

TEST_P(StorageConformance, RemovalsCanBeGuarded) {
  PutResult first = put("object", "first");
  put("object", "second");
  auto results = storage().remove(context_, bucket_, {{"object", first.etag}});
  ASSERT_TRUE(results[0].error);
  EXPECT_EQ(results[0].error->kind(), ErrorKind::kPreconditionFailed);
  EXPECT_EQ(get("object"), "second");
  results = storage().remove(context_, bucket_, {{"object", md5_hex("second")}});
  if (storage().capabilities().etag_is_md5) {
    EXPECT_FALSE(results[0].error);
    EXPECT_FALSE(exists("object"));
  }
}

}  // namespace holdfast::storage
