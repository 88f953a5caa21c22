#include "datastore/clickhouse/manifest.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include "base/error.h"

namespace holdfast::datastore::ch {
namespace {

Manifest sample() {
  Manifest manifest;
  manifest.name = "incremental_2024-06-17T18-51-00";
  manifest.is_full = false;
  manifest.chain = {"full_2024-06-17T18-50-00"};
  manifest.run_id = "abc";
  manifest.server_version = "18.16.1";
  manifest.created = parse_rfc3339("2024-06-17T18:51:00Z");
  manifest.document_sha256 = std::string(64, 'a');
  ManifestTable table;
  table.name = {"otel", "größe`\n"};
  table.engine = "MergeTree";
  table.rows = 7;
  table.document = transfer::object_digest_of("document");
  ManifestPart own{"all_2_2_0", "default",   3,
                   100,         "id1",       18446744073709551615u,
                   "",          "all_2_2_0", transfer::object_digest_of("x")};
  ManifestPart reused = own;
  reused.name = reused.stored = "all_1_1_0";
  reused.backup = "full_2024-06-17T18-50-00";
  reused.rows.reset();
  table.parts = {own, reused};
  manifest.tables = {table, {{"otel", "view"}, "View", std::nullopt, table.document, {}}};
  return manifest;
}

std::string compressed(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 1));
  return out;
}

std::string text_of(const std::string& bytes) {
  std::string text(ZSTD_getFrameContentSize(bytes.data(), bytes.size()), '\0');
  ZSTD_decompress(text.data(), text.size(), bytes.data(), bytes.size());
  return text;
}

TEST(Manifest, IsReadAsItWasWritten) {
  const Manifest read = read_manifest(write_manifest(sample()), "m");
  EXPECT_EQ(read.name, sample().name);
  EXPECT_EQ(read.is_full, false);
  EXPECT_EQ(read.chain, sample().chain);
  EXPECT_EQ(read.created, sample().created);
  EXPECT_EQ(read.document_sha256, sample().document_sha256);
  EXPECT_EQ(read.tables, sample().tables);
  EXPECT_EQ(read.rows(), (std::map<std::string, std::uint64_t>{{"otel.größe`\n", 7}}));
}

TEST(Manifest, CutOrChangedAnywhereIsCorrupt) {
  const std::string bytes = write_manifest(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(read_manifest(bytes.substr(0, size), "m"), Corrupt) << size;
  }
  const std::string text = text_of(bytes);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == '1' ? '2' : '1';
    EXPECT_THROW(read_manifest(compressed(changed), "m"), Error) << i;
  }
  EXPECT_THROW(read_manifest(compressed(text + "{}\n"), "m"), Corrupt);
}

TEST(Manifest, OfANewerHoldfastIsRefusedNotGuessed) {
  std::string text = text_of(write_manifest(sample()));
  text.replace(text.find("\"min_reader\":1"), 14, "\"min_reader\":2");
  EXPECT_THROW(read_manifest(compressed(text), "m"), Unsupported);
}

TEST(Manifest, NamesThatWouldLeaveTheFolderAreCorrupt) {
  for (const char* name : {"../x", "a_1/b", "detached"}) {
    Manifest manifest = sample();
    manifest.tables[0].parts[0].stored = name;
    EXPECT_THROW(read_manifest(write_manifest(manifest), "m"), Corrupt) << name;
  }
  Manifest manifest = sample();
  manifest.tables[0].parts[1].backup = "../other";
  EXPECT_THROW(read_manifest(write_manifest(manifest), "m"), Corrupt);
}

}  // namespace
}  // namespace holdfast::datastore::ch
