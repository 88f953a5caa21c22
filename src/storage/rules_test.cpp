#include "storage/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/text.h"

namespace holdfast::storage {
namespace {

const ObjectRef kRef{"bucket", "key"};

template <typename E>
std::string code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const E& error) {
    return "code " + error.code();
  }
  return "nothing thrown";
}

TEST(RulesTest, ReadConditionsTellChangedFromUnchanged) {
  ObjectInfo info;
  info.etag = "e";
  info.revision = "r";
  info.modified = WallTime(std::chrono::seconds(100)) + std::chrono::milliseconds(700);
  auto check = [&](const Condition& condition, bool for_copy = false) {
    return code_of<PreconditionFailed>(
        [&] { check_read_condition(condition, info, kRef, for_copy); });
  };
  const WallTime same(std::chrono::seconds(100)), before(std::chrono::seconds(99));
  EXPECT_EQ(check({}), "nothing thrown");
  EXPECT_EQ(check({.etag_is = {"x", "e"}}), "nothing thrown");
  EXPECT_EQ(check({.etag_is = {"x"}}), "code ");
  EXPECT_EQ(check({.revision_is = "x"}), "code ");
  EXPECT_EQ(check({.etag_is_not = {"e"}}), "code NotModified");
  EXPECT_EQ(check({.etag_is_not = {"e"}}, true), "code ");
  EXPECT_EQ(check({.must_not_exist = true}), "code NotModified");
  EXPECT_EQ(check({.modified_since = same}), "code NotModified") << "compared to the second";
  EXPECT_EQ(check({.modified_since = before}), "nothing thrown");
  EXPECT_EQ(check({.unmodified_since = same}), "nothing thrown") << "compared to the second";
  EXPECT_EQ(check({.unmodified_since = before}), "code ");
}

TEST(RulesTest, WriteConditionsLookAtTheCurrentObject) {
  ObjectInfo info;
  info.etag = "e";
  info.revision = "r";
  auto check = [&](const Condition& condition, const ObjectInfo* current) {
    return code_of<PreconditionFailed>([&] { check_write_condition(condition, current, kRef); });
  };
  EXPECT_EQ(check({}, nullptr), "nothing thrown");
  EXPECT_EQ(check({.must_not_exist = true}, nullptr), "nothing thrown");
  EXPECT_EQ(check({.must_not_exist = true}, &info), "code ");
  EXPECT_EQ(check({.must_exist = true}, nullptr), "code ");
  EXPECT_EQ(check({.must_exist = true}, &info), "nothing thrown");
  EXPECT_EQ(check({.etag_is = {"e"}}, nullptr), "code ");
  EXPECT_EQ(check({.etag_is = {"e"}}, &info), "nothing thrown");
  EXPECT_EQ(check({.etag_is = {"x"}}, &info), "code ");
  EXPECT_EQ(check({.revision_is = "r"}, &info), "nothing thrown");
  EXPECT_EQ(check({.revision_is = "x"}, &info), "code ");
  EXPECT_EQ(check({.revision_is = "r"}, nullptr), "code ");
}

TEST(RulesTest, RangesNearTheLargestNumbers) {
  const std::uint64_t most = ~0ull;
  EXPECT_EQ(resolve_range({.first = 5, .last = most}, 10, kRef), (Stretch{5, 5}));
  EXPECT_EQ(resolve_range({.suffix = most}, 10, kRef), (Stretch{0, 10}));
  EXPECT_EQ(resolve_range({.first = most - 1}, most, kRef), (Stretch{most - 1, 1}));
  EXPECT_THROW(resolve_range({.first = 5, .last = 4}, 10, kRef), InvalidArgument);
}

TEST(RulesTest, PartsAreStretches) {
  EXPECT_EQ(resolve_part({5, 7, 2}, 2, 14, kRef), (Stretch{5, 7}));
  EXPECT_EQ(resolve_part({}, 1, 14, kRef), (Stretch{0, 14}));
  EXPECT_THROW(resolve_part({5}, 0, 5, kRef), InvalidArgument);
  EXPECT_THROW(resolve_part({5}, 2, 5, kRef), InvalidArgument);
}

TEST(RulesTest, CrcsJoinLikeTheWhole) {
  const std::string a = "the first piece of a text, ", b = "and the second one";
  for (auto kind : {codec::DigestAlgorithm::kCrc32, codec::DigestAlgorithm::kCrc32c,
                    codec::DigestAlgorithm::kCrc64Nvme}) {
    EXPECT_EQ(codec::to_hex(combine_crc(kind, codec::digest_of(kind, a), codec::digest_of(kind, b),
                                        b.size())),
              codec::to_hex(codec::digest_of(kind, a + b)));
    EXPECT_EQ(combine_crc(kind, codec::digest_of(kind, a), codec::digest_of(kind, ""), 0),
              codec::digest_of(kind, a));
  }
}

TEST(RulesTest, ChecksumsNeedOneOfEveryPart) {
  const auto crc = codec::DigestAlgorithm::kCrc32;
  PartInfo with{1, 1, "", {}, Checksum{crc, codec::digest_of(crc, "a")}};
  PartInfo without{2, 1, "", {}, std::nullopt};
  EXPECT_FALSE(combine_checksums(std::nullopt, {with}));
  EXPECT_FALSE(combine_checksums(Checksum{crc, "", false}, {with, without}));
  EXPECT_FALSE(combine_checksums(Checksum{codec::DigestAlgorithm::kSha1, "", true}, {with}));
  auto whole = combine_checksums(Checksum{crc, "", false}, {with});
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->value, with.checksum->value);
  auto sha = combine_checksums(Checksum{codec::DigestAlgorithm::kSha256, "", false}, {with});
  EXPECT_FALSE(sha) << "a digest of the whole would need all bytes again";
}

TEST(RulesTest, CommonPrefixes) {
  EXPECT_EQ(common_prefix("a/b/c", "", "/"), "a/");
  EXPECT_EQ(common_prefix("a/b/c", "a/", "/"), "a/b/");
  EXPECT_EQ(common_prefix("a/b/c", "a", "/"), "a/");
  EXPECT_EQ(common_prefix("a/b", "a/", "/"), std::nullopt);
  EXPECT_EQ(common_prefix("a/b", "", ""), std::nullopt);
  EXPECT_EQ(common_prefix("a--b--c", "a", "--"), "a--");
}

TEST(RulesTest, TheTextAfterAllWithAPrefix) {
  EXPECT_EQ(after_all_with("a/"), "a0");
  EXPECT_EQ(after_all_with("a\xff"), "b");
  EXPECT_EQ(after_all_with("\xff\xff"), "");
  EXPECT_EQ(after_all_with(""), "");
}

TEST(RulesTest, UploadPagesGoOnAfterKeyAndId) {
  std::vector<UploadInfo> all = {
      {"a", "1", {}}, {"a", "2", {}}, {"b/c", "3", {}}, {"b/d", "4", {}}};
  UploadPage page = page_of_uploads(all, {.after_key = "a", .after_upload_id = "1", .limit = 1});
  ASSERT_EQ(page.uploads.size(), 1u);
  EXPECT_EQ(page.uploads[0].upload_id, "2");
  EXPECT_TRUE(page.more);
  page = page_of_uploads(all, {.after_key = "a", .limit = 10});
  EXPECT_EQ(page.uploads.size(), 2u) << "without an id all uploads of the key are behind";
  page = page_of_uploads(all, {.delimiter = "/", .after_key = "a"});
  EXPECT_THAT(page.prefixes, testing::ElementsAre("b/"));
  page = page_of_uploads(all, {.delimiter = "/", .after_key = "b/"});
  EXPECT_THAT(page.prefixes, testing::IsEmpty());
  EXPECT_FALSE(page.more);
}

}  // namespace
}  // namespace holdfast::storage
