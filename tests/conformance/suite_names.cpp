// Keys as people and tools really write them: nothing about a key is special.
#include <algorithm>

#include "conformance/storage_suite.h"

namespace holdfast::storage {

namespace {

const std::vector<std::string>& surprising_keys() {
  static const std::vector<std::string> keys = {
      "a",
      "a b",
      "a+b",
      "a%2Fb",
      "100%",
      "%",
      "a/b",
      "a//b",
      "a///b",
      "a/",
      "a//",
      "/",
      "//",
      "/leading",
      ".",
      "..",
      "./a",
      "../a",
      "a/./b",
      "a/../b",
      "a/..",
      "a/.",
      ".hidden",
      ".hf~x",
      ".hf~",
      ".hf~self",
      ".hf~sys",
      ".hf~sys/lock",
      "a/.hf~self",
      "a/.hf~self/b",
      ".hf~0",
      ".hf~1/.hf~2",
      ".hf~~twice",
      ".hf~+long",
      ".hf~-long",
      "back\\slash",
      "quote\"'`$&<>;|?*[]{}()!#=@:,",
      "tab\there",
      "new\nline",
      "\x01\x7f",
      "\xc3\xa4\xc3\xb6\xc3\xbc/\xe6\x97\xa5\xe6\x9c\xac/\xf0\x9f\x90\x8e",
      "data/%7Bpart%7D/all_1_1_0/x.bin",
      "CON",
      "con",
      "trailing.",
      "trailing ",
      " leading",
      "-rf",
      "~",
      "~/x",
  };
  return keys;
}

std::vector<std::string> long_keys() {
  const std::string most(1024, 'k');
  std::string
      wide;  // three bytes a character, so that no cut at a fixed place is between characters
  while (wide.size() + 3 <= 1024) wide += "\xe6\x97\xa5";
  std::string slashes(1024, '/');
  std::string deep;
  while (deep.size() + 2 <= 1024) deep += "d/";
  return {
      most,
      wide,
      slashes,
      deep,
      deep.substr(0, 1023),
      std::string(255, 'l'),
      std::string(256, 'l'),
      std::string(257, 'l'),
      std::string(250, 'l'),
      std::string(251, 'l'),
      std::string(300, 'l') + "/below",
      std::string(300, 'l'),
      std::string(600, 'l') + "/" + std::string(400, 'm'),
      ".hf~" + std::string(250, 'n'),
      ".hf~" + std::string(251, 'n'),
      ".hf~" + std::string(252, 'n'),
  };
}

}  // namespace

namespace {

// Puts an object under each key, and takes those away from `keys` that the storage may refuse and
// does. No two storages of one kind differ in which they take, so that most must be left.
void put_where_allowed(Storage& storage, const Context& context, const std::string& bucket,
                       std::vector<std::string>& keys,
                       const std::function<std::string(const std::string&)>& content) {
  const std::size_t all = keys.size();
  std::erase_if(keys, [&](const std::string& key) {
    try {
      put_bytes(storage, context, {bucket, key}, content(key));
      return false;
    } catch (const InvalidArgument&) {
      EXPECT_FALSE(storage.capabilities().every_key) << key;
      EXPECT_FALSE(find(storage, context, {bucket, key})) << key;
      return true;
    }
  });
  EXPECT_GE(keys.size(), all * 2 / 3);
}

}  // namespace

TEST_P(StorageConformance, EveryValidKeyRoundTrips) {
  std::vector<std::string> expected = surprising_keys();
  put_where_allowed(storage(), context_, bucket_, expected,
                    [](const std::string& key) { return "content of " + key; });
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(keys(), expected);
  for (const std::string& key : expected) EXPECT_EQ(get(key), "content of " + key);
  for (const std::string& key : expected) {
    remove(key);
    EXPECT_FALSE(exists(key)) << key;
  }
  EXPECT_THAT(keys(), testing::IsEmpty());
}

TEST_P(StorageConformance, LongKeysRoundTrip) {
  std::vector<std::string> expected = long_keys();
  put_where_allowed(storage(), context_, bucket_, expected,
                    [](const std::string& key) { return std::to_string(key.size()); });
  for (const std::string& key : expected) {
    EXPECT_EQ(get(key), std::to_string(key.size()));
  }
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(keys(), expected);
  EXPECT_EQ(list_paged({}, 1), expected);
  for (const std::string& key : expected) {
    remove(key);
    EXPECT_FALSE(exists(key)) << key.size();
  }
  EXPECT_THAT(keys(), testing::IsEmpty());
}

TEST_P(StorageConformance, LongNamesSortAmongShortOnes) {
  // Names below and over the file systems' limit of 255 bytes that share their beginning.
  std::vector<std::string> expected;
  for (std::size_t size : {249, 250, 251, 254, 255, 256, 260, 500, 501, 700}) {
    for (char last : {'a', 'm', 'z'}) expected.push_back(std::string(size, 'm') + last);
  }
  for (const std::string& key : expected) put(key, "x");
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(keys(), expected);
  for (std::size_t at = 0; at < expected.size(); ++at) {
    std::vector<std::string> rest(expected.begin() + std::ptrdiff_t(at) + 1, expected.end());
    EXPECT_EQ(list({.after = expected[at]}), rest);
  }
}

TEST_P(StorageConformance, BadKeysAreRefused) {
  expect_error<InvalidArgument>("", [&] { put("", "x"); });
  expect_error<InvalidArgument>(kKeyTooLong, [&] { put(std::string(1025, 'k'), "x"); });
  expect_error<InvalidArgument>("", [&] { put("not utf-8 \xff\xfe", "x"); });
  expect_error<InvalidArgument>("", [&] { put(std::string("zero\0byte", 9), "x"); });
  expect_error<InvalidArgument>("", [&] { get(""); });
  EXPECT_THAT(keys(), testing::IsEmpty());
}

TEST_P(StorageConformance, AKeyAndThoseBelowItLiveSideBySide) {
  std::vector<std::string> order = {"a", "a/b", "a/b/c", "a/b/d", "a-b"};
  std::sort(order.begin(), order.end());
  do {
    std::vector<std::string> there;
    for (const std::string& key : order) {
      put(key, "at " + key);
      there.push_back(key);
      for (const std::string& each : there) ASSERT_EQ(get(each), "at " + each);
    }
    std::sort(there.begin(), there.end());
    ASSERT_EQ(keys(), there);
    for (const std::string& key : order) {
      remove(key);
      std::erase(there, key);
      ASSERT_EQ(keys(), there);
      for (const std::string& each : there) ASSERT_EQ(get(each), "at " + each);
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_P(StorageConformance, RemovalInAnyOrderKeepsTheOthers) {
  std::vector<std::string> order = {"a", "a/b", "a/b/c", "a/"};
  std::sort(order.begin(), order.end());
  do {
    for (const char* key : {"a", "a/b/c", "a/", "a/b"}) put(key, std::string("at ") + key);
    for (std::size_t i = 0; i < order.size(); ++i) {
      for (std::size_t k = i; k < order.size(); ++k) ASSERT_EQ(get(order[k]), "at " + order[k]);
      remove(order[i]);
      ASSERT_FALSE(exists(order[i]));
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_P(StorageConformance, OverwritingWithBothShapesAround) {
  put("a", "1");
  put("a/b", "2");
  put("a", "3");
  put("a/b/c", "4");
  put("a/b", "5");
  EXPECT_EQ(get("a"), "3");
  EXPECT_EQ(get("a/b"), "5");
  EXPECT_EQ(get("a/b/c"), "4");
  remove("a/b/c");
  remove("a/b");
  put("a", "6");
  EXPECT_EQ(get("a"), "6");
  EXPECT_THAT(keys(), testing::ElementsAre("a"));
}

}  // namespace holdfast::storage
