#include "datastore/elasticsearch/repository_files.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/elasticsearch_repository.h"

namespace holdfast::datastore::es {
namespace {

using Json = nlohmann::json;

const std::string kSnapshots[] = {"first", "second", "third", "fourth"};

Json told(const std::string& snapshot) { return truths()[snapshot]["told"]; }

WallTime time_of(const Json& milliseconds) {
  return WallTime(std::chrono::milliseconds(milliseconds.get<std::int64_t>()));
}

// Flat settings as the node shows them, which keeps some to itself.
void expect_settings(const IndexContents& index, const Json& truth) {
  for (const auto& [name, value] : truth.items()) {
    EXPECT_EQ(index.settings.value(name, Json()), value) << index.name << ": " << name;
  }
  EXPECT_EQ(index.setting("index.number_of_shards"), std::to_string(index.shards));
}

TEST(RepositoryFiles, TheListOfSnapshotsIsTheNodes) {
  for (const std::string repository : {"compressed", "plain", "opensearch"}) {
    FixtureRepository fixture(repository);
    RepositoryIndex index = read_index(fixture.context(), fixture.blobs());
    std::size_t expected = 0;
    for (const std::string& name : kSnapshots) {
      if (repository_of(name) != repository) continue;
      ++expected;
      const Json truth = told(name);
      const StoredSnapshot* snapshot = index.find(name);
      ASSERT_TRUE(snapshot) << name;
      EXPECT_EQ(snapshot->uuid, truth["uuid"]);
      EXPECT_EQ(name_of(snapshot->state), truth["state"].get<std::string>());
      EXPECT_EQ(snapshot->version, truth["version"]);
      if (repository != "opensearch") {
        EXPECT_EQ(snapshot->started, time_of(truth["start_time_in_millis"]));
        EXPECT_EQ(snapshot->ended, time_of(truth["end_time_in_millis"]));
      }
      EXPECT_EQ(snapshot->slm_policy, name == "first" ? "auto-sts-backup" : "");
      auto indices = truth["indices"].get<std::vector<std::string>>();
      std::sort(indices.begin(), indices.end());
      EXPECT_EQ(snapshot->indices, indices);
    }
    EXPECT_EQ(index.snapshots.size(), expected);
    EXPECT_EQ(index.indices.at("logs-2").shard_generations.size(), 2u);
  }
  FixtureRepository fixture("compressed");
  RepositoryIndex index = read_index(fixture.context(), fixture.blobs());
  EXPECT_EQ(index.snapshots[0].name, "first");
  EXPECT_EQ(index.snapshots[1].name, "second");
  EXPECT_FALSE(index.find("removed"));
  EXPECT_TRUE(fixture.files().contains("index-" + std::to_string(*index.generation)));
}

TEST(RepositoryFiles, ASnapshotHasWhatTheNodeTellsOfItsIndices) {
  for (const std::string& name : kSnapshots) {
    FixtureRepository fixture(repository_of(name));
    RepositoryIndex index = read_index(fixture.context(), fixture.blobs());
    SnapshotContents contents = read_snapshot(fixture.context(), fixture.blobs(), index, name);
    const Json truth = told(name);
    EXPECT_EQ(contents.uuid, truth["uuid"]);
    EXPECT_EQ(contents.state, SnapshotState::kSuccess);
    EXPECT_EQ(contents.started, time_of(truth["start_time_in_millis"]));
    EXPECT_EQ(contents.ended, time_of(truth["end_time_in_millis"]));
    EXPECT_EQ(contents.includes_global_state, truth["include_global_state"].get<bool>());
    EXPECT_EQ(contents.metadata, truth.value("metadata", Json::object()));
    EXPECT_EQ(contents.shards_total, truth["shards"]["total"].get<std::uint64_t>());
    EXPECT_EQ(contents.shards_successful, truth["shards"]["successful"].get<std::uint64_t>());
    EXPECT_TRUE(contents.failures.empty() && contents.data_streams.empty());
    const Json& indices = truths()[name]["indices"];
    EXPECT_EQ(contents.indices.size(), indices.size());
    for (const auto& [index_name, expected] : indices.items()) {
      ASSERT_TRUE(contents.indices.contains(index_name)) << index_name;
      const IndexContents& found = contents.indices.at(index_name);
      expect_settings(found, expected["settings"]);
      EXPECT_EQ(found.aliases, expected["aliases"]) << index_name;
      EXPECT_EQ(found.mappings, expected["mappings"]) << index_name;
      EXPECT_EQ(found.is_open, expected["status"] == "open") << index_name;
      EXPECT_EQ(found.is_hidden, index_name == ".hidden");
      EXPECT_FALSE(found.is_system);
      EXPECT_EQ(found.uuid, expected["settings"]["index.uuid"]);
    }
  }
}

TEST(RepositoryFiles, TheSameIsReadFromAFolder) {
  TemporaryFolder folder;
  for (const auto& [name, bytes] : files_of("compressed")) {
    make_folders((folder.path() / name).parent_path());
    write_file_durably(folder.path() / name, bytes);
  }
  const Context context = Context::background();
  auto blobs = blobs_in_folder(folder.path());
  FixtureRepository fixture("compressed");
  EXPECT_EQ(blobs->list(context, ""), fixture.blobs().list(context, ""));
  EXPECT_EQ(blobs->list(context, "index-").size(), 1u);
  EXPECT_EQ(blobs->list(context, "nothing/"), (std::map<std::string, std::uint64_t>{}));
  EXPECT_EQ(blobs->read(context, "index-99", 10), std::nullopt);
  EXPECT_EQ(blobs->open(context, "index-99"), nullptr);
  EXPECT_THROW(blobs->read(context, "index.latest", 7), Corrupt);
  RepositoryIndex index = read_index(context, *blobs);
  EXPECT_EQ(read_snapshot(context, *blobs, index, "second").indices.size(),
            truths()["second"]["indices"].size());
  EXPECT_THROW(blobs_in_folder(folder.path() / "other"), NotFound);
}

TEST(RepositoryFiles, AnEmptyPlaceHasNoSnapshotsAndAMissingBucketIsToldAsThat) {
  auto storage = storage::make_memory_storage();
  const Context context = Context::background();
  auto blobs = blobs_in_bucket(*storage, "bucket", "");
  EXPECT_THROW(read_index(context, *blobs), NotFound);
  storage->buckets()->create(context, "bucket");
  RepositoryIndex index = read_index(context, *blobs);
  EXPECT_FALSE(index.generation);
  EXPECT_TRUE(index.snapshots.empty());
  EXPECT_THROW(read_snapshot(context, *blobs, index, "x"), NotFound);
}

TEST(RepositoryFiles, AnIndexFileThatOnlyTheMarkNamesIsCorrupt) {
  FixtureRepository fixture("plain");
  fixture.remove("index-0");
  EXPECT_THROW(read_index(fixture.context(), fixture.blobs()), Corrupt);
}

TEST(RepositoryFiles, TheNewestByNumberCountsAndNotByName) {
  FixtureRepository fixture("compressed");
  fixture.put(
      "index-10",
      fixture.files().at(
          "index-" + std::to_string(*read_index(fixture.context(), fixture.blobs()).generation)));
  fixture.put("index-9", "not this one");
  fixture.put("index-x", "nor this");
  EXPECT_EQ(read_index(fixture.context(), fixture.blobs()).generation, 10u);
}

// Every metadata blob that a snapshot is read from, cut short, changed or gone.
TEST(RepositoryFiles, ADamagedBlobIsNamed) {
  FixtureRepository fixture("compressed");
  RepositoryIndex index = read_index(fixture.context(), fixture.blobs());
  const std::string id = index.indices.at("logs-2").id;
  const StoredSnapshot& snapshot = *index.find("second");
  const std::string names[] = {"snap-" + snapshot.uuid + ".dat",
                               "indices/" + id + "/meta-" + snapshot.metadata_blob.at(id) + ".dat"};
  for (const std::string& name : names) {
    const std::string good = fixture.files().at(name);
    auto expect_corrupt = [&](const char* how) {
      try {
        read_snapshot(fixture.context(), fixture.blobs(), index, "second");
        ADD_FAILURE() << name << " " << how;
      } catch (const Corrupt& error) {
        EXPECT_NE(error.to_string().find("read bucket/base/path/" + name), std::string::npos)
            << error.to_string();
      }
    };
    for (std::size_t size = 0; size < good.size(); size += 7) {
      fixture.put(name, good.substr(0, size));
      expect_corrupt("cut off");
    }
    for (std::size_t at = 0; at < good.size(); at += 5) {
      std::string changed = good;
      changed[at] = char(changed[at] ^ 4);
      fixture.put(name, changed);
      expect_corrupt("changed");
    }
    fixture.remove(name);
    expect_corrupt("gone");
    fixture.put(name, good);
  }
  fixture.remove(names[1]);
  SnapshotContents contents =
      read_snapshot(fixture.context(), fixture.blobs(), index, "second", 2, Damaged::kCollect);
  EXPECT_EQ(contents.damaged.size(), 1u);
  EXPECT_TRUE(contents.damaged.contains("logs-2") && !contents.indices.contains("logs-2"));
  EXPECT_EQ(contents.indices.size() + 1, truths()["second"]["indices"].size());
}

TEST(RepositoryFiles, NamesThatLeadElsewhereAreRefused) {
  FixtureRepository fixture("plain");
  const std::string good = fixture.files().at("index-0");
  const std::string id = read_index(fixture.context(), fixture.blobs()).indices.at("big").id;
  const std::string uuid = told("third")["uuid"].get<std::string>();
  for (const std::string& text : {id, uuid}) {
    std::string changed = good;
    for (std::size_t at; (at = changed.find(text)) != changed.npos;) {
      changed.replace(at, text.size(), "../../../../etc/x");
    }
    fixture.put("index-0", changed);
    EXPECT_THROW(read_index(fixture.context(), fixture.blobs()), Corrupt);
  }
}

TEST(RepositoryFiles, WhatOpenSearchPutsElsewhereIsNotCalledDamaged) {
  FixtureRepository fixture("opensearch");
  auto index = nlohmann::json::parse(fixture.files().at("index-0"));
  const std::string uuid = told("fourth")["uuid"];
  const nlohmann::json root = {{"name", "fourth"},
                               {"uuid", uuid},
                               {"state", "SUCCESS"},
                               {"indices", {"nested"}},
                               {"total_shards", 1},
                               {"successful_shards", 1},
                               {"remote_store_index_shallow_copy", true}};
  fixture.put("snap-" + uuid + ".dat",
              support::framed("snapshot", nlohmann::json{{"snapshot", root}}.dump()));
  EXPECT_THROW(read_snapshot(fixture.context(), fixture.blobs(),
                             read_index(fixture.context(), fixture.blobs()), "fourth"),
               Unsupported);
  index["indices"]["nested"]["shard_path_type"] = 1;
  fixture.put("index-0", index.dump());
  EXPECT_THROW(read_index(fixture.context(), fixture.blobs()), Unsupported);
}

TEST(RepositoryFiles, TheClustersMetadataIsReadWhereASnapshotHasIt) {
  FixtureRepository fixture("compressed");
  RepositoryIndex index = read_index(fixture.context(), fixture.blobs());
  nlohmann::json state = read_global_state(fixture.context(), fixture.blobs(), index, "first");
  EXPECT_TRUE(state.contains("cluster_uuid")) << state.dump();
  EXPECT_THROW(read_global_state(fixture.context(), fixture.blobs(), index, "third"), NotFound);
}

}  // namespace
}  // namespace holdfast::datastore::es
