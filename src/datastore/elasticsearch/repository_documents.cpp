#include "datastore/elasticsearch/repository_documents.h"

#include <charconv>
#include <fmt/format.h>
#include <mutex>

#include "base/error.h"
#include "base/worker_pool.h"
#include "datastore/elasticsearch/repository_names.h"

namespace holdfast::datastore::es {

namespace {

constexpr std::string_view kSegments = "segments_";
constexpr std::uint64_t kLargestInfo = 64u << 20;  // bytes of segments_N or a .si
constexpr int kGenerationBase = 36;

// The commit that the shard was stored at: the highest N, in base 36.
const StoredFile* commit_of(const ShardSnapshot& shard) {
  const StoredFile* newest = nullptr;
  std::uint64_t highest = 0;
  for (const StoredFile& file : shard.files) {
    if (!file.physical_name.starts_with(kSegments)) continue;
    const std::string_view text = std::string_view(file.physical_name).substr(kSegments.size());
    std::uint64_t number = 0;
    auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, kGenerationBase);
    if (error != std::errc() || end != text.data() + text.size()) continue;
    if (newest && number <= highest) continue;
    newest = &file;
    highest = number;
  }
  return newest;
}

std::string bytes_of(const Context& context, RepositoryBlobs& blobs, const StoredFile& file,
                     const std::string& folder) {
  if (file.content.size() == file.length) return file.content;
  std::string bytes;
  for (std::uint64_t part = 0; part < file.parts(); ++part) {
    const std::string name = folder + file.part_name(part);
    auto read = blobs.read(context, name, kLargestInfo - bytes.size());
    if (!read) throw Corrupt(blob_subject(blobs, name), "the blob is missing");
    bytes += *read;
  }
  return bytes;
}

}  // namespace

DocumentCount count_documents(const Context& context, RepositoryBlobs& blobs,
                              const ShardSnapshot& shard, const std::string& shard_folder) {
  const std::string what = blob_subject(blobs, shard.blob);
  const StoredFile* commit = commit_of(shard);
  if (!commit) throw Corrupt(what, "it has no segments_N");
  const std::string segments = bytes_of(context, blobs, *commit, shard_folder);
  return count_documents(
      segments, commit->physical_name,
      [&](const std::string& name) -> std::optional<std::string> {
        for (const StoredFile& file : shard.files) {
          if (file.physical_name == name) return bytes_of(context, blobs, file, shard_folder);
        }
        return std::nullopt;
      },
      what + ": " + commit->physical_name);
}

std::map<std::string, DocumentCount> count_documents(const Context& context, RepositoryBlobs& blobs,
                                                     const SnapshotContents& snapshot,
                                                     unsigned threads) {
  std::map<std::string, DocumentCount> counts;
  for (const auto& [name, index] : snapshot.indices) counts[name].live = 0;
  auto leave_out = [&](const std::string& name, const std::string& why) {
    counts[name].live.reset();
    counts[name].unknown_because = why;
  };
  for (const ShardFailure& failure : snapshot.failures) {
    if (!counts.contains(failure.index)) continue;
    leave_out(failure.index, fmt::format("its shard {} was not stored", failure.shard));
  }
  std::mutex mutex;
  WorkerPool pool(context, threads);
  for (const auto& [name, index] : snapshot.indices) {
    if (!counts[name].live) continue;
    for (unsigned shard = 0; shard < index.shards; ++shard) {
      pool.submit([&, shard, name = name, id = index.id] {
        const ShardSnapshot files =
            read_shard_snapshot(pool.context(), blobs, id, shard, snapshot.uuid);
        const DocumentCount count =
            count_documents(pool.context(), blobs, files, shard_folder(id, shard));
        std::lock_guard lock(mutex);
        if (!count.live) leave_out(name, count.unknown_because);
        if (counts[name].live) *counts[name].live += *count.live;
      });
    }
  }
  pool.finish();
  return counts;
}

}  // namespace holdfast::datastore::es
