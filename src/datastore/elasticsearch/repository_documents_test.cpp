#include "datastore/elasticsearch/repository_documents.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "codec/digest.h"
#include "support/elasticsearch_repository.h"

namespace holdfast::datastore::es {
namespace {

constexpr std::uint64_t kInClosed = 5;  // README of the fixture: no node counts a closed index

std::map<std::string, DocumentCount> counts_of(FixtureRepository& fixture,
                                               const std::string& name) {
  RepositoryIndex index = read_index(fixture.context(), fixture.blobs());
  SnapshotContents contents = read_snapshot(fixture.context(), fixture.blobs(), index, name);
  return count_documents(fixture.context(), fixture.blobs(), contents);
}

TEST(RepositoryDocuments, AreAsManyAsTheNodeCounted) {
  std::set<std::pair<std::string, std::uint64_t>> seen;
  // The fourth one is of Lucene 9.
  for (const char* name : {"first", "second", "third", "fourth"}) {
    FixtureRepository fixture(repository_of(name));
    auto counts = counts_of(fixture, name);
    const nlohmann::json& indices = truths()[name]["indices"];
    ASSERT_EQ(counts.size(), indices.size());
    for (const auto& [index, told] : indices.items()) {
      const std::uint64_t expected =
          told["status"] == "open" ? told["docs.count"].get<std::uint64_t>() : kInClosed;
      EXPECT_EQ(counts[index].live, expected) << name << " " << index;
      seen.emplace(index, expected);
    }
  }
  // What the fixture is made for: deleted, nested, hard-deleted and later ones.
  for (auto&& [index, count] :
       {std::pair("logs-1", 27u), std::pair("logs-1", 42u), std::pair("nested", 7u),
        std::pair("hard-deletes", 9u), std::pair("logs-2", 8u), std::pair("empty", 0u)}) {
    EXPECT_TRUE(seen.contains({index, count})) << index;
  }
}

// A commit of a shard with two segments or more, out of the fixture.
struct Commit {
  Commit() {
    FixtureRepository fixture("plain");
    RepositoryIndex index = read_index(fixture.context(), fixture.blobs());
    const StoredSnapshot& snapshot = *index.find("third");
    shard = read_shard_snapshot(fixture.context(), fixture.blobs(), index.indices.at("nested").id,
                                0, snapshot.uuid);
    for (const StoredFile& file : shard.files) {
      if (!file.content.empty()) files[file.physical_name] = file.content;
      if (file.physical_name.starts_with("segments_")) name = file.physical_name;
    }
  }
  DocumentCount count() const {
    return count_documents(
        files.at(name), name,
        [&](const std::string& file) -> std::optional<std::string> {
          auto found = files.find(file);
          if (found == files.end()) return std::nullopt;
          return found->second;
        },
        "read x");
  }
  ShardSnapshot shard;
  std::map<std::string, std::string> files;
  std::string name;
};

// The file with `change` made to it, and a footer that fits again.
std::string changed(std::string bytes, const std::function<void(std::string&)>& change) {
  change(bytes);
  bytes.resize(bytes.size() - 4);
  return bytes + codec::digest_of(codec::DigestAlgorithm::kCrc32,
                                  std::string_view(bytes).substr(0, bytes.size() - 4));
}

TEST(RepositoryDocuments, ADamagedCommitIsCorrupt) {
  const Commit good;
  ASSERT_EQ(good.count().live, 7u);
  ASSERT_GE(good.files.size(), 3u);
  for (const auto& [name, bytes] : good.files) {
    Commit bad = good;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      bad.files[name] = bytes;
      bad.files[name][at] = char(bytes[at] ^ 1);
      EXPECT_THROW(bad.count(), Corrupt) << name << " " << at;
      bad.files[name] = bytes.substr(0, at);
      EXPECT_THROW(bad.count(), Corrupt) << name << " " << at;
    }
    if (name == good.name) continue;
    bad.files.erase(name);
    EXPECT_THROW(bad.count(), Corrupt) << name;
  }
  // A .si of another segment, whole as it is.
  Commit bad = good;
  std::vector<std::string> infos;
  for (const auto& [name, bytes] : good.files) {
    if (name.ends_with(".si")) infos.push_back(name);
  }
  ASSERT_GE(infos.size(), 2u);
  bad.files[infos[0]] = good.files.at(infos[1]);
  EXPECT_THROW(bad.count(), Corrupt);
}

// Byte 15 of segments_N is the last one of its version; a .si has its codec's name from byte 5 on.
TEST(RepositoryDocuments, OfAnUnknownVersionAreNotTold) {
  const Commit good;
  Commit newer = good;
  newer.files[good.name] = changed(good.files.at(good.name), [](std::string& b) { b[16] = 11; });
  EXPECT_EQ(newer.count().live, std::nullopt);
  EXPECT_EQ(newer.count().unknown_because, "version 11 of segments_N is not known");
  Commit other = good;
  for (auto& [name, bytes] : other.files) {
    if (!name.ends_with(".si")) continue;
    bytes = changed(bytes, [](std::string& b) { b.replace(5, 8, "Lucene99"); });
  }
  EXPECT_EQ(other.count().unknown_because,
            "segments of the kind Lucene99SegmentInfo are not known");
}

TEST(RepositoryDocuments, OfAnIndexWithoutAllItsShardsAreNotTold) {
  FixtureRepository fixture("plain");
  RepositoryIndex index = read_index(fixture.context(), fixture.blobs());
  SnapshotContents contents = read_snapshot(fixture.context(), fixture.blobs(), index, "third");
  contents.failures.push_back({"logs-1", "node left", 1});
  auto counts = count_documents(fixture.context(), fixture.blobs(), contents);
  EXPECT_EQ(counts["logs-1"].live, std::nullopt);
  EXPECT_EQ(counts["logs-1"].unknown_because, "its shard 1 was not stored");
  EXPECT_EQ(counts["logs-2"].live, 8u);
  fixture.remove("indices/" + index.indices.at("logs-2").id + "/1/snap-" + contents.uuid + ".dat");
  EXPECT_THROW(count_documents(fixture.context(), fixture.blobs(), contents), Corrupt);
}

}  // namespace
}  // namespace holdfast::datastore::es
