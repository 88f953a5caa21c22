// The repositories of tests/fixtures/elasticsearch-repository, made by a real node, for unit tests.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/file.h"
#include "codec/inflate.h"
#include "codec/tar.h"
#include "datastore/elasticsearch/repository_blobs.h"
#include "storage/memory/memory_storage.h"
#include "support/elasticsearch_frame.h"
#include "support/oracle.h"

namespace holdfast::datastore::es {

inline std::string fixture_file(const std::string& name) {
  return read_file(support::source_path("tests/fixtures/elasticsearch-repository/" + name),
                   1 << 20);
}

// What the node itself told: by snapshot, {"told", "stats", "indices"}.
inline const nlohmann::json& truths() {
  static const nlohmann::json kTruths = [] {
    nlohmann::json all = nlohmann::json::parse(fixture_file("truths.json"));
    all.update(nlohmann::json::parse(fixture_file("truths-opensearch.json")));
    return all;
  }();
  return kTruths;
}

// "compressed", "plain" or "opensearch": its blobs by their names.
inline std::map<std::string, std::string> files_of(const std::string& repository) {
  const std::string packed = fixture_file(repository + ".tar.zst");
  MemorySource bytes(packed);
  codec::InflateSource plain(bytes, codec::Compression::kZstd);
  codec::TarReader reader(plain);
  std::map<std::string, std::string> files;
  while (auto entry = reader.next()) {
    std::string content(std::size_t(entry->size), '\0');
    std::size_t at = 0;
    while (std::size_t count = reader.read(std::span(content).subspan(at))) at += count;
    std::string name = entry->name;
    if (name.starts_with("./")) name.erase(0, 2);
    files.emplace(name, content);
  }
  return files;
}

// The repository that the snapshot lies in.
inline std::string repository_of(const std::string& snapshot) {
  return truths()[snapshot]["told"]["repository"].get<std::string>();
}

// One of them in a bucket, to be looked at and damaged.
class FixtureRepository {
 public:
  explicit FixtureRepository(const std::string& repository) : files_(files_of(repository)) {
    storage_->buckets()->create(context_, "bucket");
    for (const auto& [name, bytes] : files_) put(name, bytes);
  }

  const Context& context() const { return context_; }
  RepositoryBlobs& blobs() { return *blobs_; }
  storage::Storage& storage() { return *storage_; }
  const std::map<std::string, std::string>& files() const { return files_; }

  void put(const std::string& name, const std::string& bytes) {
    storage::put_bytes(*storage_, context_, {"bucket", "base/path/" + name}, bytes);
  }
  void remove(const std::string& name) {
    storage::remove_one(*storage_, context_, {"bucket", "base/path/" + name});
  }

 private:
  const Context context_ = Context::background();
  const std::map<std::string, std::string> files_;
  const std::unique_ptr<storage::Storage> storage_ = storage::make_memory_storage();
  const std::unique_ptr<RepositoryBlobs> blobs_ =
      blobs_in_bucket(*storage_, "bucket", "/base/path/");
};

}  // namespace holdfast::datastore::es
