// Put, get, head and remove of single objects.
#include "conformance/storage_suite.h"

namespace holdfast::storage {

namespace {

// Gives `bytes`, then fails: a client that goes away.
class BrokenSource : public Source {
 public:
  explicit BrokenSource(std::string bytes) : bytes_(std::move(bytes)), source_(bytes_) {}
  std::size_t read(std::span<char> into) override {
    if (std::size_t count = source_.read(into)) return count;
    throw InvalidArgument::with_code(kIncompleteBody, "read body", "the peer went away");
  }

 private:
  std::string bytes_;
  MemorySource source_;
};

}  // namespace

TEST_P(StorageConformance, WhatIsPutIsReadBack) {
  for (std::size_t size : {0, 1, 4096, 70000, 3 << 20}) {
    std::string bytes(size, 'x');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = char(i * 31 + i / 251);
    PutResult result = put("object", bytes);
    ObjectInfo info;
    EXPECT_TRUE(get_bytes(storage(), context_, ref("object"), size, {}, &info) == bytes);
    EXPECT_EQ(info.key, "object");
    EXPECT_EQ(info.size, size);
    EXPECT_EQ(info.etag, result.etag);
    EXPECT_EQ(info.revision, result.revision);
    if (storage().capabilities().etag_is_md5) {
      EXPECT_EQ(info.etag, md5_hex(bytes));
    }
    EXPECT_EQ(info.parts, 0u);
  }
}

TEST_P(StorageConformance, HeadTellsTheSameAsGet) {
  PutRequest request;
  request.attributes.headers = {{"content-type", "text/x-holdfast"}, {"cache-control", "no-store"}};
  request.attributes.metadata = {{"mtime", "1700000000.123456789"},
                                 {"with.other-marks_", "a b  c"}};
  put("object", "content", request);
  ObjectInfo head = storage().head(context_, ref("object"), {});
  auto reader = storage().get(context_, ref("object"), {});
  EXPECT_EQ(reader->info().etag, head.etag);
  EXPECT_EQ(reader->info().revision, head.revision);
  EXPECT_EQ(reader->info().modified, head.modified);
  EXPECT_EQ(reader->info().attributes, head.attributes);
  EXPECT_EQ(head.attributes.headers.at("content-type"), "text/x-holdfast");
  EXPECT_EQ(head.attributes.headers.at("cache-control"), "no-store");
  EXPECT_EQ(head.attributes.metadata, request.attributes.metadata);
  EXPECT_EQ(reader->offset(), 0u);
  EXPECT_EQ(reader->length(), 7u);
}

TEST_P(StorageConformance, LargeMetadataComesBack) {
  PutRequest request;
  for (int i = 0; i < 20; ++i) {
    request.attributes.metadata["name" + std::to_string(i)] = std::string(90, char('a' + i));
  }
  put("object", "content", request);
  EXPECT_EQ(storage().head(context_, ref("object"), {}).attributes.metadata,
            request.attributes.metadata);
}

TEST_P(StorageConformance, OverwritingReplacesBytesAndAttributes) {
  PutRequest first;
  first.attributes.metadata = {{"version", "1"}, {"only", "first"}};
  PutResult old = put("object", "a longer first version", first);
  PutRequest second;
  second.attributes.metadata = {{"version", "2"}};
  PutResult fresh = put("object", "second", second);
  EXPECT_NE(old.revision, fresh.revision);
  EXPECT_EQ(get("object"), "second");
  EXPECT_EQ(storage().head(context_, ref("object"), {}).attributes.metadata,
            second.attributes.metadata);
}

TEST_P(StorageConformance, EveryPublishHasANewRevision) {
  PutResult first = put("object", "same");
  PutResult second = put("object", "same");
  EXPECT_EQ(first.etag, second.etag);
  if (storage().capabilities().unique_revisions) {
    EXPECT_NE(first.revision, second.revision);
  }
}

TEST_P(StorageConformance, ChecksumTravelsWithTheObject) {
  PutRequest request;
  request.attributes.checksum =
      Checksum{codec::DigestAlgorithm::kCrc32c,
               codec::digest_of(codec::DigestAlgorithm::kCrc32c, "content")};
  put("object", "content", request);
  EXPECT_EQ(storage().head(context_, ref("object"), {}).attributes.checksum,
            request.attributes.checksum);
}

TEST_P(StorageConformance, ChecksumAtEndWins) {
  Checksum trailer{codec::DigestAlgorithm::kSha256,
                   codec::digest_of(codec::DigestAlgorithm::kSha256, "content")};
  PutRequest request;
  request.checksum_at_end = [&] { return trailer; };
  put("object", "content", request);
  EXPECT_EQ(storage().head(context_, ref("object"), {}).attributes.checksum, trailer);
}

TEST_P(StorageConformance, AnnouncedMd5IsChecked) {
  PutRequest request;
  request.md5 = codec::digest_of(codec::DigestAlgorithm::kMd5, "content");
  put("object", "content", request);
  expect_error<InvalidArgument>(kBadDigest, [&] { put("object", "contents", request); });
  EXPECT_EQ(get("object"), "content");
  expect_error<InvalidArgument>(kBadDigest, [&] { put("other", "contents", request); });
  EXPECT_FALSE(exists("other"));
}

TEST_P(StorageConformance, ABodyThatBreaksOffPublishesNothing) {
  for (std::size_t size : {0, 10, 2 << 20}) {
    BrokenSource fresh(std::string(size, 'n'));
    EXPECT_THROW(storage().put(context_, ref("fresh"), fresh, {}), Error);
    EXPECT_FALSE(exists("fresh"));
    put("kept", "old");
    BrokenSource over(std::string(size, 'n'));
    EXPECT_THROW(storage().put(context_, ref("kept"), over, {}), Error);
    EXPECT_EQ(get("kept"), "old");
  }
  EXPECT_THAT(keys(), testing::ElementsAre("kept"));
}

TEST_P(StorageConformance, MissingObjectsAndBucketsAreTold) {
  expect_error<NotFound>(kNoSuchKey, [&] { get("missing"); });
  expect_error<NotFound>(kNoSuchKey, [&] { storage().head(context_, ref("missing"), {}); });
  const ObjectRef nowhere{"no-such-bucket-here", "key"};
  expect_error<NotFound>(kNoSuchBucket, [&] { storage().get(context_, nowhere, {}); });
  expect_error<NotFound>(kNoSuchBucket, [&] { put_bytes(storage(), context_, nowhere, "x"); });
  expect_error<NotFound>(kNoSuchBucket,
                         [&] { storage().list(context_, {.bucket = nowhere.bucket}); });
  expect_error<NotFound>(kNoSuchBucket,
                         [&] { storage().remove(context_, nowhere.bucket, {{"k"}}); });
}

TEST_P(StorageConformance, ASiblingWithALongerNameIsAnotherObject) {
  put("data.bin.tmp", "temporary");
  put("data.bin/part", "part");
  EXPECT_FALSE(exists("data.bin"));
  expect_error<NotFound>(kNoSuchKey,
                         [&] { storage().copy(context_, ref("data.bin"), ref("copy"), {}); });
  remove("data.bin");
  EXPECT_EQ(get("data.bin.tmp"), "temporary");
  EXPECT_EQ(get("data.bin/part"), "part");
}

TEST_P(StorageConformance, RangesAreExact) {
  put("object", "0123456789");
  auto ranged = [&](Range range) { return get("object", {.range = range}); };
  EXPECT_EQ(ranged({.first = 0, .last = 0}), "0");
  EXPECT_EQ(ranged({.first = 3, .last = 5}), "345");
  EXPECT_EQ(ranged({.first = 7}), "789");
  EXPECT_EQ(ranged({.first = 7, .last = 100}), "789");
  EXPECT_EQ(ranged({.suffix = 4}), "6789");
  EXPECT_EQ(ranged({.suffix = 100}), "0123456789");
  auto reader = storage().get(context_, ref("object"), {.range = Range{.first = 2, .last = 4}});
  EXPECT_EQ(reader->offset(), 2u);
  EXPECT_EQ(reader->length(), 3u);
  EXPECT_EQ(reader->info().size, 10u);
}

TEST_P(StorageConformance, RangesBeyondTheEndAreRefused) {
  put("object", "0123456789");
  put("empty", "");
  auto refused = [&](const std::string& key, Range range) {
    expect_error<InvalidArgument>(kInvalidRange, [&] { get(key, {.range = range}); });
  };
  refused("object", {.first = 10});
  refused("object", {.first = 10, .last = 20});
  refused("object", {.suffix = 0});
  refused("empty", {.first = 0});
  refused("empty", {.suffix = 5});
}

TEST_P(StorageConformance, AReaderKeepsItsVersion) {
  std::string old(300000, 'o');
  put("object", old);
  auto reader = storage().get(context_, ref("object"), {});
  std::string begin(1000, ' ');
  EXPECT_EQ(read_full(*reader, begin), 1000u);
  remove("object");
  put("object", "new");
  EXPECT_TRUE(begin + read_all(*reader, old.size()) == old);
  EXPECT_EQ(reader->info().size, old.size());
}

TEST_P(StorageConformance, RemovingIsIdempotentAndAnswersInOrder) {
  put("a", "1");
  put("c", "3");
  auto results = storage().remove(context_, bucket_, {{"c"}, {"b"}, {"a"}});
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].key, "c");
  EXPECT_EQ(results[1].key, "b");
  EXPECT_EQ(results[2].key, "a");
  for (const RemoveResult& result : results) EXPECT_FALSE(result.error) << result.key;
  EXPECT_THAT(keys(), testing::IsEmpty());
}

TEST_P(StorageConformance, OneBadTargetDoesNotStopTheOthers) {
  put("good", "1");
  auto results = storage().remove(context_, bucket_, {{std::string(1025, 'k')}, {"good"}});
  ASSERT_EQ(results.size(), 2u);
  ASSERT_TRUE(results[0].error);
  EXPECT_EQ(results[0].error->code(), kKeyTooLong);
  EXPECT_FALSE(results[1].error);
  EXPECT_FALSE(exists("good"));
}

TEST_P(StorageConformance, BucketsAreThings) {
  BucketStore& buckets = *storage().buckets();
  EXPECT_EQ(buckets.info(context_, bucket_).name, bucket_);
  expect_error<PreconditionFailed>(kBucketExists, [&] { buckets.create(context_, bucket_); });
  expect_error<NotFound>(kNoSuchBucket, [&] { buckets.info(context_, "no-such-bucket-here"); });
  expect_error<NotFound>(kNoSuchBucket, [&] { buckets.remove(context_, "no-such-bucket-here"); });
  const std::string other = bucket_ + "-more";
  buckets.create(context_, other);
  std::vector<std::string> names;
  for (const BucketInfo& info : buckets.list(context_)) names.push_back(info.name);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_THAT(names, testing::IsSupersetOf({bucket_, other}));
  put_bytes(storage(), context_, {other, "deep/key"}, "x");
  expect_error<PreconditionFailed>(kBucketNotEmpty, [&] { buckets.remove(context_, other); });
  remove_one(storage(), context_, {other, "deep/key"});
  buckets.remove(context_, other);
  expect_error<NotFound>(kNoSuchBucket, [&] { buckets.info(context_, other); });
}

TEST_P(StorageConformance, BucketNamesAreChecked) {
  for (const char* name :
       {"ab", "Upper", "with_underscore", "-edge", "edge-", "a..b", "a/b", "..", ".hf~sys"}) {
    expect_error<InvalidArgument>(kInvalidBucketName,
                                  [&] { storage().buckets()->create(context_, name); });
  }
}

}  // namespace holdfast::storage
