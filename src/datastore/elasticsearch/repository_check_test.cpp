#include "datastore/elasticsearch/repository_check.h"

#include <atomic>
#include <gtest/gtest.h>

#include "base/error.h"
#include "datastore/elasticsearch/lucene_checksum.h"
#include "support/elasticsearch_repository.h"

namespace holdfast::datastore::es {
namespace {

// Counts what is asked of the blobs behind it.
class CountedBlobs : public RepositoryBlobs {
 public:
  explicit CountedBlobs(RepositoryBlobs& blobs) : blobs_(blobs) {}
  const std::string& place() const override { return blobs_.place(); }
  std::optional<std::string> read(const Context& context, const std::string& name,
                                  std::uint64_t most) override {
    return blobs_.read(context, name, most);
  }
  std::unique_ptr<Source> open(const Context& context, const std::string& name) override {
    std::lock_guard lock(mutex_);
    ++opened[name];
    return blobs_.open(context, name);
  }
  std::map<std::string, std::uint64_t> list(const Context& context,
                                            const std::string& prefix) override {
    std::lock_guard lock(mutex_);
    ++listed[prefix];
    return blobs_.list(context, prefix);
  }

  std::map<std::string, int> opened, listed;

 private:
  RepositoryBlobs& blobs_;
  std::mutex mutex_;
};

VerifyReport verify(FixtureRepository& fixture, const std::string& snapshot, bool deep) {
  RepositoryIndex index = read_index(fixture.context(), fixture.blobs());
  RepositoryCheck check(fixture.blobs(), 4);
  SilentProgress progress;
  return check.verify(fixture.context(), index, snapshot, deep, progress);
}

bool is_list(const std::string& name) { return name.starts_with("index"); }
bool is_generation(const std::string& name) { return name.find("/index-") != name.npos; }
bool is_data(const std::string& name) { return name.find("/__") != name.npos; }

// The one line that a report has, in its problems or its warnings.
std::string only_line(const VerifyReport& report, bool is_warning) {
  EXPECT_EQ(report.problems.size(), is_warning ? 0u : 1u);
  EXPECT_EQ(report.warnings.size(), is_warning ? 1u : 0u);
  const auto& lines = is_warning ? report.warnings : report.problems;
  return lines.empty() ? "" : lines.front();
}

TEST(RepositoryCheck, AWholeSnapshotHasNoProblemsAndEveryBlobIsSeen) {
  for (const std::string snapshot : {"third", "fourth"}) {
    FixtureRepository fixture(repository_of(snapshot));
    std::uint64_t bytes = 0;
    for (const auto& [name, content] : fixture.files()) bytes += is_list(name) ? 0 : content.size();
    for (bool deep : {false, true}) {
      VerifyReport report = verify(fixture, snapshot, deep);
      EXPECT_TRUE(report.problems.empty()) << report.problems[0];
      EXPECT_TRUE(report.warnings.empty()) << report.warnings[0];
      // The only snapshot there: all but index-0 and index.latest is of it.
      EXPECT_EQ(report.objects, fixture.files().size() - 2);
      EXPECT_EQ(report.bytes, bytes);
    }
  }
}

TEST(RepositoryCheck, EveryMissingBlobIsNamed) {
  FixtureRepository fixture("plain");
  for (const auto& [name, bytes] : fixture.files()) {
    if (is_list(name)) continue;
    fixture.remove(name);
    const std::string line = only_line(verify(fixture, "third", false), is_generation(name));
    EXPECT_NE(line.find(name), std::string::npos) << name << ": " << line;
    EXPECT_NE(line.find("missing"), std::string::npos) << line;
    fixture.put(name, bytes);
  }
}

TEST(RepositoryCheck, EveryCutBlobIsNamed) {
  FixtureRepository fixture("plain");
  for (const auto& [name, bytes] : fixture.files()) {
    if (is_list(name)) continue;
    for (const std::string& other : {bytes.substr(0, bytes.size() - 1), bytes + "x"}) {
      fixture.put(name, other);
      const std::string line = only_line(verify(fixture, "third", true), is_generation(name));
      EXPECT_NE(line.find(name), std::string::npos) << name << ": " << line;
    }
    fixture.put(name, bytes);
  }
}

TEST(RepositoryCheck, AFlippedBitOfDataIsSeenByTheDeepLookOnly) {
  FixtureRepository fixture("plain");
  std::size_t seen = 0;
  for (const auto& [name, bytes] : fixture.files()) {
    if (is_list(name)) continue;
    const bool is_hidden = is_data(name) || is_generation(name);
    for (std::size_t at : {bytes.size() / 2, bytes.size() - 1}) {
      std::string changed = bytes;
      changed[at] = char(changed[at] ^ 1);
      fixture.put(name, changed);
      const std::string line = only_line(verify(fixture, "third", true), is_generation(name));
      const std::string stem = name.substr(0, name.find(".part"));
      EXPECT_NE(line.find(stem), std::string::npos) << name << ": " << line;
      ++seen;
    }
    EXPECT_EQ(verify(fixture, "third", false).problems.size(), is_hidden ? 0u : 1u) << name;
    fixture.put(name, bytes);
  }
  EXPECT_GT(seen, 100u);
}

TEST(RepositoryCheck, DamageOfOneSnapshotIsNotTheOthers) {
  FixtureRepository fixture("compressed");
  RepositoryIndex index = read_index(fixture.context(), fixture.blobs());
  // The index that only `first` has.
  const std::string gone = "indices/" + index.indices.at("gone").id + "/0/";
  std::size_t removed = 0;
  for (const auto& [name, bytes] : fixture.files()) {
    if (!name.starts_with(gone + "__")) continue;
    fixture.remove(name);
    ++removed;
  }
  ASSERT_GT(removed, 0u);
  EXPECT_EQ(verify(fixture, "first", false).problems.size(), removed);
  EXPECT_TRUE(verify(fixture, "second", true).problems.empty());
  EXPECT_THROW(verify(fixture, "removed", false), NotFound);
}

TEST(RepositoryCheck, SharedBlobsAreListedAndReadOnce) {
  FixtureRepository fixture("compressed");
  RepositoryIndex index = read_index(fixture.context(), fixture.blobs());
  // Damage in what both share is told of both.
  const std::string big = "indices/" + index.indices.at("big").id + "/0/";
  std::string part;
  for (const auto& [name, bytes] : fixture.files()) {
    if (name.starts_with(big) && name.ends_with(".part1")) part = name;
  }
  std::string changed = fixture.files().at(part);
  changed[100] = char(changed[100] ^ 1);
  fixture.put(part, changed);
  CountedBlobs counted(fixture.blobs());
  RepositoryCheck check(counted, 4);
  SilentProgress progress;
  for (const char* name : {"first", "second", "first"}) {
    EXPECT_EQ(check.verify(fixture.context(), index, name, true, progress).problems.size(), 1u);
  }
  EXPECT_EQ(counted.listed.size(), index.indices.size());
  for (const auto& [folder, times] : counted.listed) EXPECT_EQ(times, 1) << folder;
  std::size_t data = 0;
  for (const auto& [name, times] : counted.opened) {
    if (!is_data(name)) continue;
    ++data;
    EXPECT_EQ(times, 1) << name;
  }
  EXPECT_GT(data, 30u);
}

TEST(RepositoryCheck, WhatWasStoredAfterTheListIsLookedForByItself) {
  FixtureRepository fixture("plain");
  std::map<std::string, std::string> later;
  for (const auto& [name, bytes] : fixture.files()) {
    if (is_data(name) || is_generation(name)) later.emplace(name, bytes);
  }
  for (const auto& [name, bytes] : later) fixture.remove(name);
  RepositoryIndex index = read_index(fixture.context(), fixture.blobs());
  RepositoryCheck check(fixture.blobs(), 4);
  SilentProgress progress;
  const VerifyReport before = check.verify(fixture.context(), index, "third", false, progress);
  EXPECT_GT(before.problems.size(), 10u);
  for (const auto& [name, bytes] : later) fixture.put(name, bytes);
  const VerifyReport after = check.verify(fixture.context(), index, "third", true, progress);
  EXPECT_TRUE(after.problems.empty() && after.warnings.empty());
  EXPECT_EQ(after.objects, fixture.files().size() - 2);
}

TEST(RepositoryCheck, ShardsThatWereNotStoredAreToldAndManyProblemsCounted) {
  FixtureRepository fixture("plain");
  const std::string uuid = truths()["third"]["told"]["uuid"];
  nlohmann::json root = {{"name", "third"},    {"uuid", uuid},
                         {"state", "PARTIAL"}, {"indices", {"logs-1", "big"}},
                         {"total_shards", 4},  {"successful_shards", 3}};
  root["failures"] = {{{"index", "logs-1"}, {"shard_id", 1}, {"reason", "node left"}}};
  auto put = [&] {
    fixture.put("snap-" + uuid + ".dat",
                support::framed("snapshot", nlohmann::json{{"snapshot", root}}.dump()));
  };
  put();
  // Its files need not be there.
  RepositoryIndex index = read_index(fixture.context(), fixture.blobs());
  fixture.remove("indices/" + index.indices.at("logs-1").id + "/1/snap-" + uuid + ".dat");
  EXPECT_EQ(only_line(verify(fixture, "third", true), false),
            "shard 1 of logs-1 was not stored: node left");
  for (unsigned shard = 3; shard < 203; ++shard) {
    root["failures"].push_back({{"index", "gone"}, {"shard_id", shard}, {"reason", "x"}});
  }
  put();
  const VerifyReport report = verify(fixture, "third", true);
  EXPECT_EQ(report.problems.size(), kMostProblems);
  EXPECT_EQ(report.more_problems, 201 - kMostProblems);
}

TEST(LuceneChecksum, IsTheSameInAnyPieces) {
  const auto files = files_of("plain");
  for (const auto& [name, bytes] : files) {
    if (!is_data(name) || name.find(".part") != name.npos) continue;
    const std::string_view footer = std::string_view(bytes).substr(bytes.size() - 4);
    std::uint32_t recorded = 0;
    for (char c : footer) recorded = recorded << 8 | std::uint8_t(c);
    for (std::size_t piece : {std::size_t(1), std::size_t(7), bytes.size()}) {
      LuceneChecksum checksum(bytes.size());
      for (std::size_t at = 0; at < bytes.size(); at += piece) {
        checksum.add(std::string_view(bytes).substr(at, piece));
      }
      EXPECT_EQ(checksum.problem(recorded), std::nullopt);
      EXPECT_NE(checksum.problem(recorded + 1), std::nullopt);
    }
    for (std::size_t size : {std::size_t(0), std::size_t(15), bytes.size() - 1}) {
      LuceneChecksum checksum(size);
      checksum.add(std::string_view(bytes).substr(0, size));
      EXPECT_NE(checksum.problem(recorded), std::nullopt);
    }
  }
}

}  // namespace
}  // namespace holdfast::datastore::es
