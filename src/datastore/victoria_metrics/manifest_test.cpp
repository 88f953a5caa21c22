#include "datastore/victoria_metrics/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "codec/text.h"
#include "datastore/victoria_metrics/manifest_header.h"

namespace holdfast::datastore::vm {
namespace {

using ::testing::HasSubstr;

ManifestHeader header() {
  ManifestHeader out;
  out.id = "0123456789abcdef";
  out.store = "victoria-metrics-0";
  out.run_id = "run-7";
  out.snapshot = "20261122143119-18EA643B55D06D05";
  out.server_version = "v1.79.5 \"odd\"";
  out.created = parse_rfc3339("2026-11-22T14:31:19Z");
  out.objects = 3;
  out.bytes = 10;
  out.measured.counts = {{"rows", 36'720'000}, {"series", 6000}};
  return out;
}

ManifestEntry entry(const std::string& path, const std::string& content,
                    bool keep_content = false) {
  ManifestEntry out{
      {path, content.size(), 0, content.size()}, transfer::object_digest_of(content), std::nullopt};
  if (keep_content) out.content = content;
  return out;
}

std::string write(const ManifestHeader& with, const std::vector<ManifestEntry>& entries,
                  std::string* sha256 = nullptr) {
  Spool spool;
  ManifestWriter writer(spool, with);
  for (const auto& one : entries) writer.add(one);
  std::string hash = writer.finish();
  if (sha256 != nullptr) *sha256 = hash;
  return read_all(*spool.source(), 1 << 30);
}

std::vector<ManifestEntry> read(const std::string& bytes) {
  MemorySource source(bytes);
  ManifestReader reader(source, "b/k");
  std::vector<ManifestEntry> out;
  while (auto one = reader.next()) out.push_back(*one);
  return out;
}

std::vector<ManifestEntry> three() {
  return {entry("data/a b%\t/x", "abc"),
          entry("data/parts.json", "[]\n", true),
          {{"indexdb/t/p/items.bin", 4, 0, 4}, std::nullopt, std::nullopt}};
}

TEST(ManifestTest, ReadsWhatWasWritten) {
  std::string sha256;
  std::string bytes = write(header(), three(), &sha256);
  EXPECT_EQ(codec::to_hex(codec::digest_of(codec::DigestAlgorithm::kSha256, bytes)), sha256);
  MemorySource source(bytes);
  ManifestReader reader(source, "b/k");
  EXPECT_EQ(reader.header().id, header().id);
  EXPECT_EQ(reader.header().created, header().created);
  EXPECT_EQ(reader.header().server_version, header().server_version);
  EXPECT_EQ(reader.header().measured, header().measured);
  EXPECT_FALSE(reader.header().is_copy);
  auto entries = read(bytes);
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].piece, three()[0].piece);
  EXPECT_TRUE(entries[0].digest == three()[0].digest);
  EXPECT_EQ(entries[1].content, "[]\n");
  EXPECT_FALSE(entries[2].digest.has_value());
}

TEST(ManifestTest, AnEmptyOneRoundTrips) { EXPECT_TRUE(read(write(header(), {})).empty()); }

TEST(ManifestTest, TheHeaderCanBeReadFromTheFirstBytesAlone) {
  std::vector<ManifestEntry> many;
  for (int i = 0; i < 20000; ++i) {
    many.push_back(entry("data/" + std::to_string(1'000'000 + i), std::to_string(i)));
  }
  std::string bytes = write(header(), many);
  ASSERT_GT(bytes.size(), 128u << 10);
  std::string front = bytes.substr(0, 64 << 10);
  MemorySource source(front);
  EXPECT_EQ(ManifestReader(source, "b/k").header().run_id, "run-7");
  EXPECT_EQ(read(bytes).size(), many.size());
}

TEST(ManifestTest, HalfAManifestIsCorruptWhereverItEnds) {
  std::string bytes = write(header(), three());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THROW(read(bytes.substr(0, length)), Corrupt) << length;
  }
}

TEST(ManifestTest, AFlippedByteIsNoticedWhereverItLies) {
  const std::string bytes = write(header(), three());
  int harmless = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string bad = bytes;
    bad[at] = char(bad[at] ^ 0x10);
    try {
      auto entries = read(bad);
      // zstd ignores a few bits of its own headers; what comes out is then what went in.
      ASSERT_EQ(entries.size(), 3u) << at;
      EXPECT_TRUE(entries[0].digest == three()[0].digest) << at;
      EXPECT_EQ(entries[1].content, "[]\n") << at;
      ++harmless;
    } catch (const Corrupt&) {
    } catch (const Unsupported&) {
    }
  }
  EXPECT_LT(harmless, 12);
}

TEST(ManifestTest, WhatFollowsTheEndIsNoticed) {
  EXPECT_THROW(read(write(header(), three()) + "x"), Corrupt);
  EXPECT_THROW(read(write(header(), three()) + write(header(), {})), Corrupt);
}

TEST(ManifestTest, RefusesToWriteOutOfOrderOrTwice) {
  EXPECT_THROW(write(header(), {entry("b", "1"), entry("a", "1")}), Failed);
  EXPECT_THROW(write(header(), {entry("a", "1"), entry("a", "1")}), Failed);
}

TEST(ManifestTest, ANewerFormatIsRefusedAndSaysSo) {
  std::string json = format_header(header());
  json.replace(json.find("\"min_reader\":1"), 14, "\"min_reader\":2");
  try {
    parse_header(json);
    FAIL() << "read a newer format";
  } catch (const Unsupported& error) {
    EXPECT_THAT(error.to_string(), HasSubstr("newer"));
  }
}

TEST(ManifestTest, AHeaderThatLacksSomethingIsMalformed) {
  for (const char* bad : {"", "[]", "{}", "{\"min_reader\":\"1\"}", "{\"min_reader\":1}",
                          "{\"min_reader\":1,\"id\":7}"}) {
    EXPECT_THROW(parse_header(bad), InvalidArgument) << bad;
  }
}

TEST(EntryLineTest, RefusesMalformedLines) {
  std::string good = format_entry(entry("data/parts.json", "[]\n", true));
  ASSERT_TRUE(parse_entry(good));
  for (std::string bad :
       {std::string(), std::string("x"), std::string("x\t-"), good.substr(0, good.find('\t')),
        good + "AAAA", good.substr(0, good.size() - 4) + "====", "..%2F" + good,
        std::string("a/0000000000000001_0000000000000000_0000000000000001\tmd5:00")}) {
    EXPECT_FALSE(parse_entry(bad)) << bad;
  }
}

TEST(SpoolTest, GivesLinesBackAnyNumberOfTimes) {
  Spool spool;
  std::string longer(200'000, 'x');
  for (const std::string& line : {std::string("one"), std::string(), longer}) spool.add(line);
  for (int round = 0; round < 2; ++round) {
    auto reader = spool.read();
    EXPECT_EQ(reader.next(), "one");
    EXPECT_EQ(reader.next(), "");
    EXPECT_EQ(reader.next(), longer);
    EXPECT_EQ(reader.next(), std::nullopt);
  }
  EXPECT_EQ(spool.bytes(), longer.size() + 6);
}

}  // namespace
}  // namespace holdfast::datastore::vm
