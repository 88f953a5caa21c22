#include "storage/folder/key_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::storage {
namespace {

using testing::ElementsAre;

// Undoes names_of_key by what read_name tells, as a list does.
std::string key_of(const std::vector<std::string>& names) {
  std::string key;
  bool inside = false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    FoundName found = read_name(names[i]);
    if (i > 0 && !inside) key += '/';
    key += found.text;
    EXPECT_NE(found.kind, NameKind::kOther) << names[i];
    EXPECT_EQ(found.kind == NameKind::kRest || found.kind == NameKind::kContinued,
              inside || found.kind == NameKind::kContinued);
    inside = found.kind == NameKind::kContinued;
  }
  EXPECT_FALSE(inside);
  return key;
}

TEST(KeyPathTest, OrdinaryKeysAreTheirOwnPath) {
  for (const char* key : {"a", "a/b/c", "data/%7Bx%7D/part.bin", ".hidden", "...", "a b/c+d",
                          "\xc3\xa4\xe6\x97\xa5", ".hf", ".hfself", "x.hf~self"}) {
    EXPECT_EQ(path_of_key(key), key);
  }
}

TEST(KeyPathTest, WhatNoFileSystemTakesIsEscaped) {
  EXPECT_EQ(path_of_key("/"), ".hf~0/.hf~0");
  EXPECT_EQ(path_of_key("a//b/"), "a/.hf~0/b/.hf~0");
  EXPECT_EQ(path_of_key("./../x"), ".hf~1/.hf~2/x");
  EXPECT_EQ(path_of_key(".hf~self"), ".hf~~self");
  EXPECT_EQ(path_of_key("a/.hf~"), "a/.hf~~");
}

TEST(KeyPathTest, LongComponentsAreCutIntoNestedFolders) {
  EXPECT_EQ(path_of_key(std::string(255, 'x')), std::string(255, 'x'));
  EXPECT_THAT(names_of_key(std::string(256, 'x')),
              ElementsAre(".hf~+" + std::string(250, 'x'), ".hf~-" + std::string(6, 'x')));
  EXPECT_THAT(
      names_of_key(std::string(501, 'x') + "/y"),
      ElementsAre(".hf~+" + std::string(250, 'x'), ".hf~+" + std::string(250, 'x'), ".hf~-x", "y"));
  EXPECT_THAT(names_of_key(std::string(500, 'x')),
              ElementsAre(".hf~+" + std::string(250, 'x'), ".hf~-" + std::string(250, 'x')));
}

TEST(KeyPathTest, CutsLieBetweenCharacters) {
  std::string wide;
  while (wide.size() < 900) wide += "\xf0\x9f\x90\x8e";
  for (const char* start : {"", "a", "ab", "abc"}) {
    for (const std::string& name : names_of_key(start + wide)) {
      EXPECT_LE(name.size(), kLongestName);
      EXPECT_NE(static_cast<unsigned char>(name[5]) & 0xC0, 0x80) << "begins inside a character";
    }
    EXPECT_EQ(key_of(names_of_key(start + wide)), start + wide);
  }
}

TEST(KeyPathTest, EveryKeyIsReadBack) {
  std::vector<std::string> keys = {
      "a",     "/",      "//",       "a/", ".hf~", ".hf~0",           ".hf~~",
      ".hf~+", ".hf~-x", ".hf~self", "..", ".",    "../.hf~sys/lock", "a/./b"};
  for (std::size_t size = 240; size < 270; ++size) {
    keys.push_back(std::string(size, 'k'));
    keys.push_back(".hf~" + std::string(size, 'k'));
    keys.push_back(std::string(size + 250, 'k') + "/x");
  }
  keys.push_back(std::string(1024, '/'));
  for (const std::string& key : keys) {
    EXPECT_EQ(key_of(names_of_key(key)), key);
    for (const std::string& name : names_of_key(key)) {
      EXPECT_LE(name.size(), kLongestName);
      EXPECT_FALSE(name.empty() || name == "." || name == ".." || name == kSelf || name == kSystem);
      EXPECT_EQ(name.find('/'), std::string::npos);
    }
  }
}

TEST(KeyPathTest, NamesThatNobodyWritesAreNoKeys) {
  for (const char* name :
       {".hf~", ".hf~self", ".hf~sys", ".hf~3", ".hf~x", ".hf~-", ".hf~+short", ".hf~01"}) {
    EXPECT_EQ(read_name(name).kind, NameKind::kOther) << name;
  }
}

}  // namespace
}  // namespace holdfast::storage
