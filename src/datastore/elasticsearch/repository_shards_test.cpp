#include "datastore/elasticsearch/repository_shards.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/elasticsearch_repository.h"

namespace holdfast::datastore::es {
namespace {

using Json = nlohmann::json;

StoredFile file_of(std::uint64_t length, std::uint64_t part_size) {
  StoredFile file;
  file.name = "__A";
  file.length = length;
  file.part_size = part_size;
  return file;
}

TEST(StoredFile, IsMadeOfPartsOfOneSizeAndARest) {
  const StoredFile file = file_of(25, 10);
  EXPECT_EQ(file.parts(), 3u);
  EXPECT_EQ(file.part_name(0), "__A.part0");
  EXPECT_EQ(file.part_name(2), "__A.part2");
  EXPECT_EQ(file.part_length(0), 10u);
  EXPECT_EQ(file.part_length(2), 5u);
  EXPECT_EQ(file_of(20, 10).parts(), 2u);
  EXPECT_EQ(file_of(20, 10).part_length(1), 10u);
}

TEST(StoredFile, OfOnePartHasNoNumber) {
  for (auto [length, part_size] : {std::pair(10, 10), {9, 10}, {0, 10}, {9, 0}, {0, 0}}) {
    const StoredFile file = file_of(std::uint64_t(length), std::uint64_t(part_size));
    EXPECT_EQ(file.parts(), 1u);
    EXPECT_EQ(file.part_name(0), "__A");
    EXPECT_EQ(file.part_length(0), std::uint64_t(length));
  }
}

// What the node says of all files of a snapshot together.
TEST(ShardSnapshot, AllOfThemComeToWhatTheNodeTells) {
  for (const std::string snapshot : {"first", "second", "third", "fourth"}) {
    FixtureRepository fixture(repository_of(snapshot));
    const std::string uuid = truths()[snapshot]["told"]["uuid"];
    std::uint64_t files = 0, bytes = 0, in_parts = 0;
    for (const auto& [name, content] : fixture.files()) {
      const std::string end = "/snap-" + uuid + ".dat";
      if (!name.ends_with(end)) continue;
      const auto parts = support::split_at(name, '/');
      const ShardSnapshot shard = read_shard_snapshot(fixture.context(), fixture.blobs(), parts[1],
                                                      unsigned(std::stoul(parts[2])), uuid);
      EXPECT_EQ(shard.blob, name);
      for (const StoredFile& file : shard.files) {
        ++files;
        bytes += file.length;
        in_parts += file.parts() > 1;
        EXPECT_EQ(file.is_virtual(), !file.content.empty());
        EXPECT_FALSE(file.written_by.empty());
      }
    }
    const Json& total = truths()[snapshot]["stats"]["total"];
    EXPECT_EQ(files, total["file_count"].get<std::uint64_t>()) << snapshot;
    EXPECT_EQ(bytes, total["size_in_bytes"].get<std::uint64_t>()) << snapshot;
    EXPECT_EQ(in_parts > 0, snapshot != "fourth") << snapshot;
  }
}

TEST(ShardSnapshot, WhatIsNoFileIsRefused) {
  auto storage = storage::make_memory_storage();
  const Context context = Context::background();
  storage->buckets()->create(context, "bucket");
  auto blobs = blobs_in_bucket(*storage, "bucket", "");
  auto read = [&](const Json& files) {
    storage::put_bytes(*storage, context, {"bucket", "indices/ID/0/snap-U.dat"},
                       support::framed("snapshot", Json{{"files", files}}.dump()));
    return read_shard_snapshot(context, *blobs, "ID", 0, "U").files.size();
  };
  const Json good = {{"name", "__A"},
                     {"physical_name", "_0.cfs"},
                     {"length", 20},
                     {"part_size", 7},
                     {"checksum", "1z141z3"}};  // 2^32 - 1
  EXPECT_EQ(read(Json::array({good})), 1u);
  EXPECT_EQ(read(Json::array()), 0u);
  const std::pair<const char*, Json> changes[] = {{"name", "A"},
                                                  {"name", "__../x"},
                                                  {"name", "__a/b"},
                                                  {"name", ""},
                                                  {"name", 3},
                                                  {"name", "v__A"},
                                                  {"name", nullptr},
                                                  {"physical_name", ""},
                                                  {"length", -1},
                                                  {"length", "20"},
                                                  {"length", 1.5},
                                                  {"length", ~0ull},
                                                  {"part_size", -1},
                                                  {"checksum", "1z141z4"},
                                                  {"checksum", ""},
                                                  {"checksum", "-1"},
                                                  {"checksum", 7},
                                                  {"meta_hash", "text"},
                                                  {"written_by", 8},
                                                  {"checksum", "a b"},
                                                  {"physical_name", std::string(256, 'x')}};
  for (const auto& [field, value] : changes) {
    Json bad = good;
    bad[field] = value;
    EXPECT_THROW(read(Json::array({bad})), Corrupt) << field << " " << value;
  }
  EXPECT_THROW(read(Json::array({good, good})), Corrupt);
  EXPECT_THROW(read(Json::array({"text"})), Corrupt);
  EXPECT_THROW(read("text"), Corrupt);
}

}  // namespace
}  // namespace holdfast::datastore::es
