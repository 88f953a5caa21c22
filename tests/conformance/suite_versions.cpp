// What every storage with versions does (storage/versions.h).
#include "base/error.h"
#include "conformance/versions_suite.h"

namespace holdfast::storage {

using testing::ElementsAre;
using testing::IsEmpty;

namespace {

constexpr auto kDay = std::chrono::hours(24);

}  // namespace

// A storage without versions has none to test.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(VersionsConformance);

TEST_P(VersionsConformance, WithoutVersioningNothingHasAVersion) {
  EXPECT_EQ(put("a", "1").version, "");
  EXPECT_EQ(head("a").version, "");
  EXPECT_EQ(get("a", "null"), "1");
  EXPECT_THAT(list(), ElementsAre("a null latest"));
  EXPECT_FALSE(remove("a").delete_marker);
  EXPECT_THAT(list(), IsEmpty());
}

TEST_P(VersionsConformance, EveryPutKeepsWhatWasThere) {
  put("a", "null");
  set_versioning(Versioning::kEnabled);
  const std::string one = put("a", "1").version, two = put("a", "2").version;
  EXPECT_NE(one, two);
  EXPECT_EQ(get("a"), "2");
  EXPECT_EQ(head("a").version, two);
  EXPECT_EQ(get("a", one), "1");
  EXPECT_EQ(get("a", "null"), "null");
  EXPECT_THAT(list(), ElementsAre("a " + two + " latest", "a " + one, "a null"));
  EXPECT_THAT(keys(), ElementsAre("a"));
}

TEST_P(VersionsConformance, RemovingPutsAMarkerOnTopAndRemovingThatUndoesIt) {
  set_versioning(Versioning::kEnabled);
  const std::string one = put("a/b", "1").version;
  const RemoveResult removed = remove("a/b");
  EXPECT_TRUE(removed.delete_marker);
  EXPECT_THAT(list(), ElementsAre("a/b " + removed.version + " marker latest", "a/b " + one));
  EXPECT_THAT(keys(), IsEmpty());
  EXPECT_THROW(get("a/b"), NotFound);
  EXPECT_EQ(code_of([&] { get("a/b", removed.version); }), kIsDeleteMarker);
  EXPECT_EQ(get("a/b", one), "1");
  EXPECT_TRUE(remove("a/b", removed.version).delete_marker);
  EXPECT_EQ(get("a/b"), "1");
  EXPECT_EQ(head("a/b").version, one);
  EXPECT_THAT(list(), ElementsAre("a/b " + one + " latest"));
}

TEST_P(VersionsConformance, AMarkerIsPutOnWhatIsNotThere) {
  set_versioning(Versioning::kEnabled);
  const std::string first = remove("a").version, second = remove("a").version;
  EXPECT_THAT(list(), ElementsAre("a " + second + " marker latest", "a " + first + " marker"));
  remove("a", second);
  remove("a", first);
  EXPECT_THAT(list(), IsEmpty());
}

TEST_P(VersionsConformance, RemovingTheCurrentVersionBringsBackTheOneBefore) {
  set_versioning(Versioning::kEnabled);
  PutRequest with_attributes;
  with_attributes.attributes.metadata = {{"name", std::string(300, 'v')}};
  with_attributes.attributes.headers = {{"content-type", "text/x-odd"}};
  const std::string one = put("a", "first", with_attributes).version;
  const ObjectInfo before = head("a");
  const std::string two = put("a", "2").version, three = put("a", "3").version;
  EXPECT_EQ(get("a", one), "first");
  remove("a", two);
  EXPECT_EQ(get("a"), "3");
  remove("a", three);
  EXPECT_EQ(get("a"), "first");
  const ObjectInfo after = head("a");
  EXPECT_EQ(after.attributes, before.attributes);
  EXPECT_EQ(after.etag, before.etag);
  EXPECT_EQ(after.revision, before.revision);
  EXPECT_EQ(after.modified, before.modified);
  remove("a", one);
  EXPECT_THAT(list(), IsEmpty());
  EXPECT_EQ(remove("a", one).error, std::nullopt);  // what is not there is removed
}

TEST_P(VersionsConformance, ASuspendedBucketHasOneNullVersion) {
  set_versioning(Versioning::kEnabled);
  const std::string one = put("a", "1").version;
  set_versioning(Versioning::kSuspended);
  EXPECT_EQ(put("a", "2").version, "null");
  EXPECT_EQ(put("a", "3").version, "null");
  EXPECT_EQ(get("a", "null"), "3");
  EXPECT_THAT(list(), ElementsAre("a null latest", "a " + one));
  const RemoveResult removed = remove("a");
  EXPECT_EQ(removed.version, "null");
  EXPECT_THAT(list(), ElementsAre("a null marker latest", "a " + one));
  EXPECT_EQ(put("a", "4").version, "null");
  EXPECT_THAT(list(), ElementsAre("a null latest", "a " + one));
  remove("a", "null");
  EXPECT_EQ(get("a"), "1");
  set_versioning(Versioning::kEnabled);
  put("b", "x");
  EXPECT_EQ(code_of([&] { set_versioning(Versioning::kOff); }), kInvalidBucketState);
}

TEST_P(VersionsConformance, AnOldNullVersionGoesWhenANewOneComes) {
  put("a", "old null");
  set_versioning(Versioning::kEnabled);
  const std::string one = put("a", "1").version;
  set_versioning(Versioning::kSuspended);
  put("a", "new null");
  EXPECT_THAT(list(), ElementsAre("a null latest", "a " + one));
  EXPECT_EQ(get("a", "null"), "new null");
}

TEST_P(VersionsConformance, CopiesTakeAnyVersionAndMakeNewOnes) {
  set_versioning(Versioning::kEnabled);
  const std::string one = put("a", "1").version;
  put("a", "2");
  const CopyResult copied = storage().copy(context_, ref("a", one), ref("a"), {});
  EXPECT_EQ(copied.source_version, one);
  EXPECT_EQ(head("a").version, copied.version);
  EXPECT_EQ(get("a"), "1");
  EXPECT_EQ(list().size(), 3u);
  const CopyResult other = storage().copy(context_, ref("a"), ref("b"), {});
  EXPECT_EQ(other.source_version, copied.version);
  EXPECT_EQ(get("b", other.version), "1");
  EXPECT_EQ(code_of([&] { storage().copy(context_, ref("a", "none"), ref("c"), {}); }),
            kNoSuchVersion);
}

TEST_P(VersionsConformance, ACopyMadeBeforeVersioningKeepsItsTimeAndRevision) {
  put("a", "1");
  clock_.advance(kDay);
  storage().copy(context_, ref("a"), ref("b"), {});
  const ObjectInfo copy = head("b");
  set_versioning(Versioning::kEnabled);
  const std::string two = put("b", "2").version;
  EXPECT_EQ(head("b", "null").modified, copy.modified);
  EXPECT_EQ(head("b", "null").revision, copy.revision);
  storage().copy(context_, ref("a"), ref("b"), {});
  EXPECT_EQ(head("b", "null").revision, copy.revision);
  remove("b", head("b").version);
  remove("b", two);
  EXPECT_EQ(head("b").version, "null");
  EXPECT_EQ(head("b").modified, copy.modified);
  EXPECT_EQ(head("b").revision, copy.revision);
  EXPECT_EQ(get("a"), "1");
}

TEST_P(VersionsConformance, UploadsMakeVersions) {
  set_versioning(Versioning::kEnabled);
  set_lock({});
  const std::string one = put("a", "1").version;
  auto& parts = *storage().multipart();
  const std::string id = parts.create(context_, ref("a"), {}, std::nullopt);
  Marks marks{.tags = {{"k", "v"}}, .hold = true};
  versions().mark_upload(context_, ref("a"), id, marks);
  MemorySource body("part");
  const PartInfo part = parts.put_part(context_, ref("a"), id, 1, body, {});
  const PutResult made = parts.complete(context_, ref("a"), id, {{1, part.etag}}, {});
  EXPECT_EQ(head("a").version, made.version);
  EXPECT_EQ(head("a").marks, marks);
  EXPECT_EQ(get("a", one), "1");
  EXPECT_EQ(code_of([&] { versions().mark_upload(context_, ref("a"), id, marks); }), kNoSuchUpload);
  versions().change_marks(context_, ref("a"), false, [](Marks& all) { all = {}; });
}

TEST_P(VersionsConformance, ConditionsLookAtTheCurrentVersion) {
  set_versioning(Versioning::kEnabled);
  const PutResult one = put("a", "1");
  PutRequest fresh{.condition = {.must_not_exist = true}};
  EXPECT_THROW(put("a", "2", fresh), PreconditionFailed);
  remove("a");
  EXPECT_NE(put("a", "2", fresh).version, "");
  PutRequest matching{.condition = {.etag_is = {one.etag}}};
  EXPECT_THROW(put("a", "3", matching), PreconditionFailed);
  const RemoveTarget stale{.key = "a", .etag_is = one.etag};
  EXPECT_TRUE(storage().remove(context_, bucket_, {stale})[0].error.has_value());
  EXPECT_EQ(get("a"), "2");
}

TEST_P(VersionsConformance, ListsArePagedByKeyVersionAndPrefix) {
  set_versioning(Versioning::kEnabled);
  for (const char* key : {"a", "b/1", "b/2", "c"}) {
    put(key, "1");
    put(key, "2");
  }
  remove("b/1");
  remove("d/gone");
  const auto whole = list();
  ASSERT_EQ(whole.size(), 10u);
  for (unsigned limit : {1u, 2u, 3u, 7u}) EXPECT_EQ(list({}, limit), whole) << limit;
  const std::vector<std::string> grouped = list({.delimiter = "/"});
  ASSERT_EQ(grouped.size(), 6u);
  EXPECT_EQ(grouped[2], "b/");
  EXPECT_EQ(grouped[5], "d/");
  EXPECT_EQ(list({.delimiter = "/"}, 1), grouped);
  EXPECT_EQ(list({.prefix = "b/"}).size(), 5u);
  EXPECT_THAT(keys(), ElementsAre("a", "b/2", "c"));
}

TEST_P(VersionsConformance, APageGoesOnWhereItsLastVersionWasRemoved) {
  set_versioning(Versioning::kEnabled);
  for (int i = 0; i < 5; ++i) put("a", std::to_string(i));
  VersionListRequest request{.bucket = bucket_, .limit = 2};
  for (VersionPage page; page = versions().list(context_, request), true;) {
    for (const VersionInfo& each : page.versions) remove("a", each.object.version);
    if (!page.more) break;
    request.after_key = page.next_key;
    request.after_version = page.next_version;
  }
  EXPECT_THAT(list(), IsEmpty());
}

TEST_P(VersionsConformance, ABucketWithOldVersionsIsNotEmpty) {
  set_versioning(Versioning::kEnabled);
  const std::string one = put("a", "1").version, marker = remove("a").version;
  auto& buckets = *storage().buckets();
  EXPECT_EQ(code_of([&] { buckets.remove(context_, bucket_); }), kBucketNotEmpty);
  remove("a", one);
  EXPECT_EQ(code_of([&] { buckets.remove(context_, bucket_); }), kBucketNotEmpty);
  remove("a", marker);
  buckets.remove(context_, bucket_);
  buckets.create(context_, bucket_);
  EXPECT_EQ(versions().settings(context_, bucket_), BucketSettings{});
}

TEST_P(VersionsConformance, TagsBelongToOneVersion) {
  PutRequest tagged{.marks = {.tags = {{"colour", "red"}}}};
  put("a", "1", tagged);
  EXPECT_EQ(head("a").marks, tagged.marks);
  put("a", "2");
  EXPECT_TRUE(head("a").marks.empty());
  set_versioning(Versioning::kEnabled);
  const std::string one = put("a", "3", tagged).version;
  put("a", "4");
  EXPECT_EQ(head("a", one).marks, tagged.marks);
  EXPECT_TRUE(head("a").marks.empty());
  auto change = [&](const std::string& version, const std::string& value) {
    return versions().change_marks(context_, ref("a", version), false,
                                   [&](Marks& marks) { marks.tags = {{"colour", value}}; });
  };
  EXPECT_EQ(change(one, "blue"), one);
  EXPECT_EQ(change("", "green"), head("a").version);
  EXPECT_EQ(head("a", one).marks.tags.at("colour"), "blue");
  EXPECT_EQ(head("a").marks.tags.at("colour"), "green");
  EXPECT_EQ(code_of([&] { change("none", ""); }), kNoSuchVersion);
  const std::string marker = remove("a").version;
  EXPECT_EQ(code_of([&] { change(marker, ""); }), kIsDeleteMarker);
  EXPECT_EQ(code_of([&] { change("", ""); }), kNoSuchKey);
  storage().copy(context_, ref("a", one), ref("b"), {});
  EXPECT_EQ(head("b").marks.tags.at("colour"), "blue");
  storage().copy(context_, ref("a", one), ref("b"), {.replace_tags = true});
  EXPECT_TRUE(head("b").marks.empty());
}

TEST_P(VersionsConformance, TagsGoWithTheirObject) {
  put("a", "1", {.marks = {.tags = {{"k", "v"}}}});
  remove("a");
  put("a", "1");
  EXPECT_TRUE(head("a").marks.empty());
}

TEST_P(VersionsConformance, LocksNeedALockedBucket) {
  set_versioning(Versioning::kEnabled);
  PutRequest held{.marks = {.hold = true}};
  EXPECT_EQ(code_of([&] { put("a", "1", held); }), kNoLockConfiguration);
  EXPECT_THAT(list(), IsEmpty());
  put("a", "1");
  EXPECT_EQ(code_of([&] {
              versions().change_marks(context_, ref("a"), false,
                                      [](Marks& marks) { marks.hold = true; });
            }),
            kNoLockConfiguration);
  set_lock({});
  EXPECT_EQ(code_of([&] { set_versioning(Versioning::kSuspended); }), kInvalidBucketState);
}

TEST_P(VersionsConformance, DefaultRetentionHoldsWhatIsMadeFromThenOn) {
  set_versioning(Versioning::kEnabled);
  const std::string free = put("free", "1").version;
  set_lock(DefaultRetention{.compliance = true, .days = 3});
  const WallTime start = clock_.now();
  const std::string one = put("a", "1").version;
  EXPECT_EQ(head("a").marks.retention, (Retention{true, start + 3 * kDay}));
  EXPECT_EQ(remove("free", free).error, std::nullopt);
  EXPECT_EQ(remove("a", one).error.value().code(), kLocked);
  clock_.advance(3 * kDay);
  EXPECT_EQ(remove("a", one).error, std::nullopt);
}

TEST_P(VersionsConformance, RetentionIsLoosenedOnlyAsItsModeAllows) {
  set_versioning(Versioning::kEnabled);
  set_lock({});
  const WallTime now = clock_.now();
  put("a", "1");
  auto retain = [&](std::optional<Retention> retention, bool bypass) {
    return code_of([&] {
      versions().change_marks(context_, ref("a"), bypass,
                              [&](Marks& marks) { marks.retention = retention; });
    });
  };
  EXPECT_EQ(retain(Retention{false, now + 2 * kDay}, false), "");
  EXPECT_EQ(retain(Retention{false, now + 3 * kDay}, false), "");
  EXPECT_EQ(retain(Retention{false, now + kDay}, false), kLocked);
  EXPECT_EQ(retain(std::nullopt, false), kLocked);
  EXPECT_EQ(retain(Retention{true, now + 3 * kDay}, false), kLocked);
  EXPECT_EQ(retain(Retention{false, now + kDay}, true), "");
  EXPECT_EQ(retain(Retention{true, now + 2 * kDay}, true), "");
  EXPECT_EQ(retain(Retention{true, now + kDay}, true), kLocked);
  EXPECT_EQ(retain(Retention{false, now + 9 * kDay}, true), kLocked);
  EXPECT_EQ(retain(std::nullopt, true), kLocked);
  EXPECT_EQ(retain(Retention{true, now + 3 * kDay}, false), "");
  clock_.advance(4 * kDay);
  EXPECT_EQ(retain(std::nullopt, false), "");
}

TEST_P(VersionsConformance, SettingsOfABucketAreKept) {
  versions().change_settings(context_, bucket_, [](BucketSettings& settings) {
    settings.documents["cors"] = "<CORSConfiguration/>";
  });
  EXPECT_EQ(versions().settings(context_, bucket_).documents.at("cors"), "<CORSConfiguration/>");
  EXPECT_EQ(versions().settings(context_, bucket_).versioning, Versioning::kOff);
  EXPECT_EQ(code_of([&] { versions().settings(context_, "no-such-bucket"); }), kNoSuchBucket);
  EXPECT_THROW(versions().change_settings(context_, bucket_,
                                          [](BucketSettings& settings) {
                                            settings.documents["cors"].assign(100000, 'x');
                                          }),
               InvalidArgument);
}

}  // namespace holdfast::storage
