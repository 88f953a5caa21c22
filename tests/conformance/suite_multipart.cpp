// Objects made of parts.
#include "codec/text.h"
#include "conformance/storage_suite.h"

namespace holdfast::storage {

namespace {

std::string etag_of_parts(const std::vector<std::string>& parts) {
  std::string md5s;
  for (const std::string& part : parts) {
    md5s += codec::digest_of(codec::DigestAlgorithm::kMd5, part);
  }
  return md5_hex(md5s) + "-" + std::to_string(parts.size());
}

std::string part_of(Storage& storage, const Context& context, const ObjectRef& ref,
                    unsigned number) {
  return get_bytes(storage, context, ref, 1 << 30, {.part = number});
}

}  // namespace

TEST_P(StorageConformance, PartsBecomeOneObject) {
  Attributes attributes;
  attributes.headers = {{"content-type", "application/x-parts"}};
  attributes.metadata = {{"mark", "parts"}};
  std::string upload = start("dir/object", attributes);
  std::vector<std::string> bytes = {part_bytes('a'), part_bytes('b'), "the end"};
  std::vector<CompletedPart> parts;
  for (unsigned i : {2u, 0u, 1u}) put_part("dir/object", upload, i + 1, bytes[i]);
  for (unsigned i = 0; i < 3; ++i) parts.push_back({i + 1, md5_hex(bytes[i])});
  EXPECT_FALSE(exists("dir/object"));
  PutResult result = multipart().complete(context_, ref("dir/object"), upload, parts, {});
  EXPECT_TRUE(get("dir/object") == bytes[0] + bytes[1] + bytes[2]);
  ObjectInfo info = storage().head(context_, ref("dir/object"), {});
  EXPECT_EQ(info.etag, result.etag);
  EXPECT_EQ(info.revision, result.revision);
  EXPECT_EQ(info.etag, etag_of_parts(bytes));
  EXPECT_EQ(info.parts, 3u);
  EXPECT_EQ(info.attributes.headers.at("content-type"), "application/x-parts");
  EXPECT_EQ(info.attributes.metadata, attributes.metadata);
  EXPECT_THAT(keys(), testing::ElementsAre("dir/object"));
}

TEST_P(StorageConformance, PartsOfAnySizesAndNumbers) {
  std::string upload = start("object");
  std::vector<std::string> bytes = {part_bytes('a', 3), part_bytes('b', 70000), part_bytes('c'),
                                    part_bytes('d', 1)};
  std::vector<CompletedPart> parts;
  unsigned number = 3;
  std::string whole;
  for (const std::string& part : bytes) {
    parts.push_back(put_part("object", upload, number, part));
    number = number * 7 + 1;
    whole += part;
  }
  multipart().complete(context_, ref("object"), upload, parts, {});
  EXPECT_TRUE(get("object") == whole);
  EXPECT_EQ(storage().head(context_, ref("object"), {}).etag, etag_of_parts(bytes));
  for (unsigned i = 0; i < 4; ++i) {
    EXPECT_TRUE(part_of(storage(), context_, ref("object"), i + 1) == bytes[i]) << i;
  }
}

TEST_P(StorageConformance, SinglePartsCanBeRead) {
  std::string upload = start("object");
  std::vector<std::string> bytes = {part_bytes('a'), part_bytes('b'), "tail"};
  std::vector<CompletedPart> parts;
  for (unsigned i = 0; i < 3; ++i) parts.push_back(put_part("object", upload, i + 1, bytes[i]));
  multipart().complete(context_, ref("object"), upload, parts, {});
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_TRUE(part_of(storage(), context_, ref("object"), i + 1) == bytes[i]) << i;
  }
  auto reader = storage().get(context_, ref("object"), {.part = 3});
  EXPECT_EQ(reader->offset(), bytes[0].size() * 2);
  EXPECT_EQ(reader->length(), 4u);
  expect_error<InvalidArgument>(kInvalidRange,
                                [&] { part_of(storage(), context_, ref("object"), 4); });
  put("plain", "one");
  EXPECT_EQ(part_of(storage(), context_, ref("plain"), 1), "one");
  expect_error<InvalidArgument>(kInvalidRange,
                                [&] { part_of(storage(), context_, ref("plain"), 2); });
}

TEST_P(StorageConformance, APartSentAgainWins) {
  std::string upload = start("object");
  put_part("object", upload, 1, part_bytes('x', 9));
  CompletedPart two = put_part("object", upload, 2, "tail");
  CompletedPart old = put_part("object", upload, 1, part_bytes('y'));
  CompletedPart one = put_part("object", upload, 1, part_bytes('z'));
  expect_error<InvalidArgument>(
      kInvalidPart, [&] { multipart().complete(context_, ref("object"), upload, {old, two}, {}); });
  multipart().complete(context_, ref("object"), upload, {one, two}, {});
  EXPECT_TRUE(get("object") == part_bytes('z') + "tail");
}

TEST_P(StorageConformance, APartThatBreaksOffLeavesTheOldOne) {
  class Broken : public Source {
   public:
    std::size_t read(std::span<char> into) override {
      if (++reads_ > 2) throw InvalidArgument::with_code(kIncompleteBody, "read", "peer went away");
      std::fill(into.begin(), into.end(), '!');
      return into.size();
    }
    std::optional<std::uint64_t> size() const override { return 1 << 20; }

   private:
    int reads_ = 0;
  };
  std::string upload = start("object");
  CompletedPart one = put_part("object", upload, 1, part_bytes('a'));
  for (unsigned number : {1u, 2u}) {
    Broken broken;
    EXPECT_THROW(multipart().put_part(context_, ref("object"), upload, number, broken, {}), Error);
  }
  PartPage page = multipart().parts(context_, ref("object"), upload, 0, 100);
  EXPECT_EQ(page.parts.size(), 1u);
  multipart().complete(context_, ref("object"), upload, {one}, {});
  EXPECT_TRUE(get("object") == part_bytes('a'));
}

TEST_P(StorageConformance, OnlyNamedPartsAreTaken) {
  std::string upload = start("object");
  CompletedPart one = put_part("object", upload, 1, part_bytes('a'));
  put_part("object", upload, 2, part_bytes('b'));
  CompletedPart three = put_part("object", upload, 3, "c");
  put_part("object", upload, 4, part_bytes('d'));
  multipart().complete(context_, ref("object"), upload, {one, three}, {});
  EXPECT_TRUE(get("object") == part_bytes('a') + "c");
  EXPECT_EQ(storage().head(context_, ref("object"), {}).parts, 2u);
}

TEST_P(StorageConformance, OneEmptyPartIsAnEmptyObject) {
  std::string upload = start("object");
  CompletedPart one = put_part("object", upload, 1, "");
  multipart().complete(context_, ref("object"), upload, {one}, {});
  EXPECT_EQ(get("object"), "");
  EXPECT_EQ(storage().head(context_, ref("object"), {}).etag, etag_of_parts({""}));
}

TEST_P(StorageConformance, WrongCompletionsAreRefusedAndTheUploadStays) {
  std::string upload = start("object");
  CompletedPart one = put_part("object", upload, 1, part_bytes('a'));
  CompletedPart two = put_part("object", upload, 2, part_bytes('b'));
  auto complete = [&](std::vector<CompletedPart> parts) {
    multipart().complete(context_, ref("object"), upload, parts, {});
  };
  expect_error<InvalidArgument>(kInvalidPartOrder, [&] { complete({two, one}); });
  expect_error<InvalidArgument>(kInvalidPartOrder, [&] { complete({one, one}); });
  expect_error<InvalidArgument>(kInvalidPart, [&] { complete({one, two, {3, one.etag}}); });
  expect_error<InvalidArgument>(kInvalidPart, [&] { complete({{1, two.etag}, two}); });
  EXPECT_THROW(complete({}), InvalidArgument);
  EXPECT_FALSE(exists("object"));
  complete({one, two});
  EXPECT_TRUE(get("object") == part_bytes('a') + part_bytes('b'));
}

TEST_P(StorageConformance, SmallPartsAreRefusedButForTheLast) {
  if (storage().capabilities().min_part_size < 2) {
    GTEST_SUCCEED() << "this storage takes parts of every size";
    return;
  }
  std::string upload = start("object");
  CompletedPart one = put_part("object", upload, 1, "small");
  CompletedPart two = put_part("object", upload, 2, "small");
  expect_error<InvalidArgument>(kEntityTooSmall, [&] {
    multipart().complete(context_, ref("object"), upload, {one, two}, {});
  });
  multipart().complete(context_, ref("object"), upload, {two}, {});
  EXPECT_EQ(get("object"), "small");
}

TEST_P(StorageConformance, ARepeatedCompleteAnswersTheSame) {
  std::string upload = start("object");
  CompletedPart one = put_part("object", upload, 1, "content");
  PutResult first = multipart().complete(context_, ref("object"), upload, {one}, {});
  PutResult again = multipart().complete(context_, ref("object"), upload, {one}, {});
  EXPECT_EQ(first.etag, again.etag);
  EXPECT_EQ(first.revision, again.revision);
  put("object", "newer");
  expect_error<NotFound>(kNoSuchUpload,
                         [&] { multipart().complete(context_, ref("object"), upload, {one}, {}); });
  EXPECT_EQ(get("object"), "newer");
}

TEST_P(StorageConformance, AbortedUploadsAreGoneAtOnce) {
  std::string upload = start("object");
  CompletedPart one = put_part("object", upload, 1, part_bytes('a'));
  multipart().abort(context_, ref("object"), upload);
  expect_error<NotFound>(kNoSuchUpload,
                         [&] { multipart().abort(context_, ref("object"), upload); });
  if (storage().capabilities().late_parts_refused) {
    expect_error<NotFound>(kNoSuchUpload, [&] { put_part("object", upload, 2, "x"); });
  } else {
    put_part("object", upload, 2, "x");
  }
  expect_error<NotFound>(kNoSuchUpload,
                         [&] { multipart().complete(context_, ref("object"), upload, {one}, {}); });
  expect_error<NotFound>(kNoSuchUpload,
                         [&] { multipart().parts(context_, ref("object"), upload, 0, 10); });
  if (storage().capabilities().lists_uploads) {
    EXPECT_THAT(multipart().uploads(context_, {.bucket = bucket_}).uploads, testing::IsEmpty());
  }
  EXPECT_FALSE(exists("object"));
}

TEST_P(StorageConformance, UploadsOfAnotherKeyAreNotFound) {
  std::string upload = start("object");
  for (const char* id : {"unknown", "", "../object", "000000000000000000000000"}) {
    expect_error<NotFound>(kNoSuchUpload, [&] { put_part("object", id, 1, "x"); });
  }
  expect_error<NotFound>(kNoSuchUpload, [&] { put_part("other", upload, 1, "x"); });
}

TEST_P(StorageConformance, PartNumbersAreChecked) {
  std::string upload = start("object");
  EXPECT_THROW(put_part("object", upload, 0, "x"), InvalidArgument);
  EXPECT_THROW(put_part("object", upload, 10001, "x"), InvalidArgument);
  put_part("object", upload, 10000, "x");
}

TEST_P(StorageConformance, PartsAreListedInPages) {
  std::string upload = start("object");
  for (unsigned number : {5u, 1u, 9u, 3u}) {
    put_part("object", upload, number, std::string(number, 'x'));
  }
  PartPage page = multipart().parts(context_, ref("object"), upload, 0, 3);
  ASSERT_EQ(page.parts.size(), 3u);
  EXPECT_TRUE(page.more);
  EXPECT_EQ(page.parts[0].number, 1u);
  EXPECT_EQ(page.parts[2].number, 5u);
  EXPECT_EQ(page.parts[2].size, 5u);
  EXPECT_EQ(page.parts[2].etag, md5_hex("xxxxx"));
  page = multipart().parts(context_, ref("object"), upload, 5, 3);
  ASSERT_EQ(page.parts.size(), 1u);
  EXPECT_EQ(page.parts[0].number, 9u);
  EXPECT_FALSE(page.more);
}

TEST_P(StorageConformance, UploadsAreListedSorted) {
  if (!storage().capabilities().lists_uploads) {
    EXPECT_THROW(multipart().uploads(context_, {.bucket = bucket_}), Error);
    return;
  }
  std::vector<std::pair<std::string, std::string>> expected;
  for (const char* key : {"b", "a/x", "a/y", "a", "a/x"}) expected.emplace_back(key, start(key));
  std::sort(expected.begin(), expected.end());
  for (unsigned limit : {1u, 2u, 5u, 1000u}) {
    std::vector<std::pair<std::string, std::string>> listed;
    UploadListRequest request{.bucket = bucket_, .limit = limit};
    UploadPage page;
    do {
      page = multipart().uploads(context_, request);
      for (const UploadInfo& upload : page.uploads)
        listed.emplace_back(upload.key, upload.upload_id);
      ASSERT_FALSE(page.uploads.empty());
      request.after_key = page.uploads.back().key;
      request.after_upload_id = page.uploads.back().upload_id;
    } while (page.more);
    EXPECT_EQ(listed, expected) << "limit " << limit;
  }
  UploadPage page =
      multipart().uploads(context_, {.bucket = bucket_, .prefix = "a", .delimiter = "/"});
  ASSERT_EQ(page.uploads.size(), 1u);
  EXPECT_EQ(page.uploads[0].key, "a");
  EXPECT_THAT(page.prefixes, testing::ElementsAre("a/"));
}

TEST_P(StorageConformance, PartsCanBeCopiedFromObjects) {
  std::string source = part_bytes('s', 100) + "0123456789";
  put("source", source);
  std::string upload = start("object");
  PartInfo whole = multipart().copy_part(context_, ref("object"), upload, 1, ref("source"), {});
  PartInfo piece = multipart().copy_part(
      context_, ref("object"), upload, 2, ref("source"),
      {.range = Range{.first = source.size() - 10, .last = source.size() - 6}});
  EXPECT_EQ(whole.size, source.size());
  EXPECT_EQ(whole.etag, md5_hex(source));
  EXPECT_EQ(piece.size, 5u);
  EXPECT_EQ(piece.etag, md5_hex("01234"));
  CopyPartRequest other{.source_condition = {.etag_is = {"other"}}};
  expect_error<PreconditionFailed>(
      "", [&] { multipart().copy_part(context_, ref("object"), upload, 3, ref("source"), other); });
  expect_error<NotFound>(kNoSuchKey, [&] {
    multipart().copy_part(context_, ref("object"), upload, 3, ref("none"), {});
  });
  multipart().complete(context_, ref("object"), upload, {{1, whole.etag}, {2, piece.etag}}, {});
  EXPECT_TRUE(get("object") == source + "01234");
}

TEST_P(StorageConformance, CompleteObeysConditions) {
  put("object", "old");
  std::string upload = start("object");
  CompletedPart one = put_part("object", upload, 1, "new");
  Condition fresh{.must_not_exist = true};
  expect_error<PreconditionFailed>(
      "", [&] { multipart().complete(context_, ref("object"), upload, {one}, fresh); });
  EXPECT_EQ(get("object"), "old");
  Condition same{.etag_is = {storage().head(context_, ref("object"), {}).etag}};
  multipart().complete(context_, ref("object"), upload, {one}, same);
  EXPECT_EQ(get("object"), "new");
}

TEST_P(StorageConformance, CompositeChecksumsAreMadeOfTheParts) {
  const auto sha = codec::DigestAlgorithm::kSha256;
  std::string upload = start("object", {}, Checksum{sha, "", true});
  std::vector<std::string> bytes = {part_bytes('a'), "tail"};
  std::vector<CompletedPart> parts;
  std::string sums;
  for (unsigned i = 0; i < 2; ++i) {
    PutRequest request;
    request.attributes.checksum = Checksum{sha, codec::digest_of(sha, bytes[i])};
    parts.push_back(put_part("object", upload, i + 1, bytes[i], request));
    parts.back().checksum = request.attributes.checksum;
    sums += request.attributes.checksum->value;
  }
  std::vector<CompletedPart> wrong = parts;
  wrong[0].checksum->value[0] ^= 1;
  expect_error<InvalidArgument>(
      kInvalidPart, [&] { multipart().complete(context_, ref("object"), upload, wrong, {}); });
  multipart().complete(context_, ref("object"), upload, parts, {});
  Checksum expected{sha, codec::digest_of(sha, sums), true, 2};
  EXPECT_EQ(storage().head(context_, ref("object"), {}).attributes.checksum, expected);
  EXPECT_TRUE(storage().head(context_, ref("object"), {}).part_list.empty());
  std::vector<ObjectPart> list;
  for (std::size_t i = 0; i < bytes.size() && storage().capabilities().keeps_part_checksums; ++i) {
    list.push_back({bytes[i].size(), parts[i].checksum->value});
  }
  EXPECT_EQ(storage().head(context_, ref("object"), {.with_parts = true}).part_list, list);
}

TEST_P(StorageConformance, WholeCrcsAreJoinedFromTheParts) {
  for (auto kind : {codec::DigestAlgorithm::kCrc32, codec::DigestAlgorithm::kCrc64Nvme}) {
    std::string upload = start("object", {}, Checksum{kind, "", false});
    std::vector<std::string> bytes = {part_bytes('a', 77), part_bytes('b'), "tail"};
    std::vector<CompletedPart> parts;
    std::string whole;
    for (unsigned i = 0; i < 3; ++i) {
      PutRequest request;
      request.attributes.checksum = Checksum{kind, codec::digest_of(kind, bytes[i])};
      parts.push_back(put_part("object", upload, i + 1, bytes[i], request));
      whole += bytes[i];
    }
    multipart().complete(context_, ref("object"), upload, parts, {});
    auto checksum = storage().head(context_, ref("object"), {}).attributes.checksum;
    ASSERT_TRUE(checksum);
    EXPECT_EQ(codec::to_hex(checksum->value), codec::to_hex(codec::digest_of(kind, whole)));
    EXPECT_FALSE(checksum->composite);
  }
}

TEST_P(StorageConformance, CopiesOfMultipartObjectsReadTheSame) {
  std::string upload = start("object");
  CompletedPart one = put_part("object", upload, 1, part_bytes('a'));
  CompletedPart two = put_part("object", upload, 2, "tail");
  multipart().complete(context_, ref("object"), upload, {one, two}, {});
  storage().copy(context_, ref("object"), ref("copy"), {});
  EXPECT_TRUE(get("copy") == part_bytes('a') + "tail");
}

}  // namespace holdfast::storage
