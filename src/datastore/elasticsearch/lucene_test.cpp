#include "datastore/elasticsearch/lucene.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/elasticsearch_repository.h"

namespace holdfast::datastore::es {
namespace {

using support::framed;

void expect_corrupt(const std::function<void()>& read, const std::string& why) {
  try {
    read();
    ADD_FAILURE() << "expected: " << why;
  } catch (const Corrupt& error) {
    EXPECT_EQ(error.subject(), "read x");
    EXPECT_NE(error.reason().find(why), std::string::npos) << error.reason();
  }
}

void expect_no_blob(const std::string& bytes, const std::string& why) {
  expect_corrupt([&] { read_metadata_blob(bytes, "snapshot", "read x"); }, why);
}

TEST(MetadataBlob, JsonAndSmileAreRead) {
  EXPECT_EQ(read_metadata_blob(framed("snapshot", "{\"a\":1}"), "snapshot", "x"),
            nlohmann::json({{"a", 1}}));
  EXPECT_EQ(read_metadata_blob(framed("snapshot",
                                      ":)\n\x05\xFA\x80"
                                      "a\xC2\xFB"),
                               "snapshot", "x"),
            nlohmann::json({{"a", 1}}));
}

TEST(MetadataBlob, WhatIsNoneIsRefused) {
  expect_no_blob("", "too short");
  expect_no_blob(std::string(40, 'x'), "footer");
  expect_no_blob(framed("snapshots", "{}"), "not a blob of the kind snapshot");
  expect_no_blob(framed("snapshot", "{"), "neither SMILE nor JSON");
  expect_no_blob(framed("snapshot", ""), "neither SMILE nor JSON");
  expect_no_blob(support::with_footer("x"), "cut off");
  expect_no_blob(support::with_footer("xxxxxxxxxxxxxxxxxxxx"), "does not begin");
  std::string changed = framed("snapshot", "{}");
  changed[17] = char(changed[17] ^ 1);
  expect_no_blob(changed, "its checksum is");
  expect_no_blob(framed("snapshot", std::string("DFL\0garbage", 11)), "DEFLATE");
}

TEST(MetadataBlob, ANewerVersionIsToldAsThat) {
  std::string newer = framed("snapshot", "{}");
  newer[4 + 1 + 8 + 3] = 2;
  newer = support::with_footer(std::string_view(newer).substr(0, newer.size() - 16));
  EXPECT_THROW(read_metadata_blob(newer, "snapshot", "read x"), Unsupported);
}

// A parser that calls itself would end the stack.
TEST(MetadataBlob, DeepJsonIsRefused) {
  auto nested = [](std::size_t depth) {
    return framed("snapshot", std::string(depth, '[') + std::string(depth, ']'));
  };
  EXPECT_NO_THROW(read_metadata_blob(nested(100), "snapshot", "x"));
  expect_no_blob(nested(101), "too deeply");
  expect_no_blob(nested(1'000'000), "too deeply");
  // Brackets in a text are none.
  const std::string text = "\"" + std::string(200, '[') + "\\\"" + std::string(200, '{') + "\"";
  EXPECT_NO_THROW(read_metadata_blob(framed("snapshot", text), "snapshot", "x"));
}

TEST(MetadataBlob, JsonWithTooManyValuesIsRefusedBeforeItIsTakenApart) {
  std::string many = "[0";
  for (int i = 0; i < 8'000'000; ++i) many += ",0";
  expect_corrupt([&] { parse_document(many + "]", "read x"); }, "too many values");
}

// The cluster's metadata in the fixture of Elasticsearch is compressed with DEFLATE, that of
// OpenSearch with zstd.
TEST(MetadataBlob, WhatComesOutOfCompressionIsBounded) {
  std::size_t seen = 0;
  for (const char* repository : {"compressed", "opensearch"}) {
    for (const auto& [name, bytes] : files_of(repository)) {
      if (!name.starts_with("meta-")) continue;
      const std::string_view content =
          std::string_view(bytes).substr(17, bytes.size() - 17 - kLuceneFooterSize);
      const std::string plain = decompressed(content, "read x");
      ASSERT_GT(plain.size(), content.size()) << name;
      EXPECT_EQ(decompressed(content, "read x", plain.size()), plain);
      expect_corrupt([&] { decompressed(content, "read x", plain.size() - 1); }, "more than");
      ++seen;
    }
  }
  EXPECT_EQ(seen, 3u);
}

TEST(LuceneReader, VariableNumbersHaveTheirEnds) {
  const std::string what = "read x";
  auto read = [&](std::string_view bytes) { return LuceneReader(bytes, what).variable64(); };
  EXPECT_EQ(read("\x7F"), 127u);
  EXPECT_EQ(read("\x80\x01"), 128u);
  EXPECT_EQ(read("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"), ~0ull);
  expect_corrupt([&] { read("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"); }, "malformed");
  expect_corrupt([&] { read("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"); }, "malformed");
  expect_corrupt([&] { read("\x80"); }, "cut off");
  expect_corrupt([&] { LuceneReader("\x80\x80\x80\x80\x10", what).variable32(); }, "malformed");
  EXPECT_EQ(LuceneReader("\xFF\xFF\xFF\xFF\x0F", what).variable32(), 0xFFFFFFFFu);
}

}  // namespace
}  // namespace holdfast::datastore::es
