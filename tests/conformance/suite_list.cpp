// Lists: order, prefixes, delimiters, paging.
#include <algorithm>
#include <set>

#include "conformance/storage_suite.h"

namespace holdfast::storage {

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// What a list must answer, computed from the plain set of keys.
std::vector<std::string> expected_list(const std::vector<std::string>& keys,
                                       const ListRequest& request) {
  std::set<std::string> shown;
  for (const std::string& key : keys) {
    if (!key.starts_with(request.prefix)) continue;
    std::string name = key;
    if (!request.delimiter.empty()) {
      std::size_t found = key.find(request.delimiter, request.prefix.size());
      if (found != std::string::npos) name = key.substr(0, found + request.delimiter.size());
    }
    if (name > request.after) shown.insert(name);
  }
  return {shown.begin(), shown.end()};
}

const std::vector<std::string>& sample_keys() {
  static const std::vector<std::string> keys = {
      "a",
      "a!",
      "a-b",
      "a.txt",
      "a/",
      "a/b",
      "a/b/c",
      "a/b0",
      "a/c",
      "a0",
      "ab/c/d",
      "ab/c/e/f",
      "ab/cc",
      "b",
      "boo/bar",
      "boo/baz/xyz",
      "cquux/thud",
      "cquux/bla",
      "d//e",
      "d/",
      "d/-/e",
      "d/.x/e",
      "\xc3\xa4/\xc3\xb6",
      "z",
  };
  return keys;
}

}  // namespace

TEST_P(StorageConformance, AnEmptyBucketListsEmpty) {
  EXPECT_THAT(keys(), IsEmpty());
  EXPECT_THAT(list({.prefix = "a", .delimiter = "/"}), IsEmpty());
}

TEST_P(StorageConformance, ListsSortByTheKeysBytes) {
  std::vector<std::string> expected = sample_keys();
  for (const std::string& key : expected) put(key, key);
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(keys(), expected);
}

TEST_P(StorageConformance, ListedObjectsAreTheRealOnes) {
  PutResult result = put("dir/object", "content");
  ListPage page = storage().list(context_, {.bucket = bucket_});
  ASSERT_EQ(page.objects.size(), 1u);
  ObjectInfo head = storage().head(context_, ref("dir/object"), {});
  EXPECT_EQ(page.objects[0].size, 7u);
  EXPECT_EQ(page.objects[0].etag, result.etag);
  EXPECT_EQ(page.objects[0].revision, result.revision);
  EXPECT_EQ(std::chrono::floor<std::chrono::seconds>(page.objects[0].modified),
            std::chrono::floor<std::chrono::seconds>(head.modified));
}

TEST_P(StorageConformance, PrefixesAndDelimitersOfAllKinds) {
  for (const std::string& key : sample_keys()) put(key, "x");
  for (const char* prefix : {"", "a", "a/", "a/b", "a/b/", "ab", "ab/c", "ab/c/", "b", "bo",
                             "boo/b", "d", "d/", "d//", "zz", "/", "\xc3", "a/b/c/d"}) {
    for (const char* delimiter : {"", "/", "b", "/b", "//", "a", "c/", "zz"}) {
      ListRequest request{.prefix = prefix, .delimiter = delimiter};
      EXPECT_EQ(list(request), expected_list(sample_keys(), request))
          << "prefix '" << prefix << "' delimiter '" << delimiter << "'";
    }
  }
}

TEST_P(StorageConformance, AfterIsExclusiveAndNeedNotExist) {
  for (const std::string& key : sample_keys()) put(key, "x");
  std::vector<std::string> starts = sample_keys();
  for (const char* extra :
       {"", "0", "a/bb", "a/b/", "a/b/zz", "boo/", "c", "d/\x01", "zzz", "ab/c"}) {
    starts.push_back(extra);
  }
  for (const std::string& after : starts) {
    for (const char* prefix : {"", "a", "a/", "d/"}) {
      for (const char* delimiter : {"", "/", "b"}) {
        ListRequest request{.prefix = prefix, .delimiter = delimiter, .after = after};
        EXPECT_EQ(list(request), expected_list(sample_keys(), request))
            << "after '" << after << "' prefix '" << prefix << "' delimiter '" << delimiter << "'";
      }
    }
  }
}

TEST_P(StorageConformance, PagesOfEverySizeGiveTheSameSequence) {
  for (const std::string& key : sample_keys()) put(key, "x");
  for (const char* delimiter : {"", "/", "b"}) {
    for (const char* prefix : {"", "a", "a/"}) {
      ListRequest request{.prefix = prefix, .delimiter = delimiter};
      std::vector<std::string> expected = expected_list(sample_keys(), request);
      for (unsigned limit = 1; limit <= expected.size() + 1; ++limit) {
        EXPECT_EQ(list_paged(request, limit), expected) << "limit " << limit;
      }
    }
  }
}

TEST_P(StorageConformance, AFullLastPageHasNoCursor) {
  for (const char* key : {"a", "b", "c/d", "c/e"}) put(key, "x");
  ListPage page = storage().list(context_, {.bucket = bucket_, .limit = 4});
  EXPECT_EQ(page.objects.size(), 4u);
  EXPECT_EQ(page.next, "");
  page = storage().list(context_, {.bucket = bucket_, .delimiter = "/", .limit = 3});
  EXPECT_EQ(names(page), (std::vector<std::string>{"a", "b", "c/"}));
  EXPECT_EQ(page.next, "");
}

TEST_P(StorageConformance, ChangesBetweenPagesLoseNothingElse) {
  for (char c = 'a'; c <= 'j'; ++c) put(std::string("dir/") + c, "x");
  ListRequest request{.bucket = bucket_, .limit = 3};
  ListPage page = storage().list(context_, request);
  EXPECT_THAT(names(page), ElementsAre("dir/a", "dir/b", "dir/c"));
  remove("dir/c");
  remove("dir/d");
  put("dir/e0", "x");
  put("dir/a0", "x");
  request.cursor = page.next;
  page = storage().list(context_, request);
  EXPECT_THAT(names(page), ElementsAre("dir/e", "dir/e0", "dir/f"));
}

TEST_P(StorageConformance, PrefixesOfRemovedObjectsVanish) {
  put("dir/sub/object", "x");
  put("dir/other", "x");
  EXPECT_THAT(list({.delimiter = "/"}), ElementsAre("dir/"));
  remove("dir/sub/object");
  EXPECT_THAT(list({.prefix = "dir/", .delimiter = "/"}), ElementsAre("dir/other"));
  remove("dir/other");
  EXPECT_THAT(list({.delimiter = "/"}), IsEmpty());
}

TEST_P(StorageConformance, ListSeesEachChangeAtOnce) {
  for (int i = 0; i < 50; ++i) {
    std::string key = "dir/" + std::to_string(i % 7);
    put(key, std::to_string(i));
    EXPECT_THAT(keys(), testing::Contains(key));
    if (i % 3 == 0) {
      remove(key);
      EXPECT_THAT(keys(), testing::Not(testing::Contains(key)));
    }
  }
}

TEST_P(StorageConformance, ManyKeysPageThrough) {
  std::vector<std::string> expected;
  for (int i = 0; i < 1100; ++i) {
    expected.push_back("many/" + std::to_string(i % 10) + "/" + std::to_string(i));
    put(expected.back(), "x");
  }
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(list_paged({}, 1000), expected);
  EXPECT_EQ(list_paged({.prefix = "many/"}, 97), expected);
  EXPECT_EQ(list_paged({.prefix = "many/", .delimiter = "/"}, 3).size(), 10u);
}

TEST_P(StorageConformance, ListLimitsAreChecked) {
  EXPECT_THROW(storage().list(context_, {.bucket = bucket_, .limit = 0}), InvalidArgument);
  EXPECT_THROW(storage().list(context_, {.bucket = bucket_, .limit = 1001}), InvalidArgument);
}

}  // namespace holdfast::storage
