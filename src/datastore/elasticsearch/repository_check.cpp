#include "datastore/elasticsearch/repository_check.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/worker_pool.h"
#include "datastore/elasticsearch/lucene_checksum.h"
#include "datastore/elasticsearch/repository_names.h"

namespace holdfast::datastore::es {

namespace {

constexpr std::size_t kPiece = 256 << 10;  // bytes that a reader holds

void narrow(SnapshotContents& contents, const std::set<std::string>& only) {
  auto is_out = [&only](const auto& entry) { return !only.contains(entry.first); };
  std::erase_if(contents.indices, is_out);
  std::erase_if(contents.damaged, is_out);
  std::erase_if(contents.failures,
                [&only](const ShardFailure& failure) { return !only.contains(failure.index); });
}

}  // namespace

void RepositoryCheck::problem(const std::string& text) {
  std::lock_guard lock(mutex_);
  if (report_.problems.size() < kMostProblems) {
    report_.problems.push_back(text);
  } else {
    ++report_.more_problems;
  }
}

void RepositoryCheck::warning(const std::string& text) {
  std::lock_guard lock(mutex_);
  if (report_.warnings.size() < kMostProblems) {
    report_.warnings.push_back(text);
  } else {
    ++report_.more_warnings;
  }
}

// Counts a blob that is there.
void RepositoryCheck::add(const std::string& blob, std::uint64_t size) {
  std::lock_guard lock(mutex_);
  if (!counted_.insert(blob).second) return;
  ++report_.objects;
  report_.bytes += size;
}

// An index's folder is asked for by itself: several at once, and none that the snapshot has not.
void RepositoryCheck::list(const Context& context, const SnapshotContents& contents) {
  WorkerPool pool(context, threads_);
  for (const auto& [name, index] : contents.indices) {
    if (listed_.contains(index.id)) continue;
    pool.submit([this, &pool, id = index.id] {
      auto blobs = blobs_.list(pool.context(), index_folder(id));
      std::lock_guard lock(mutex_);
      listed_.emplace(id, std::move(blobs));
    });
  }
  pool.finish();
}

// nullopt: it is not there. A snapshot may have been made after the list: what that does not have
// is looked for by itself.
std::optional<std::uint64_t> RepositoryCheck::size_of(const Context& context,
                                                      const std::string& index_id,
                                                      const std::string& blob) {
  const auto& listed = listed_.at(index_id);
  auto found = listed.find(blob);
  if (found != listed.end()) return found->second;
  auto source = blobs_.open(context, blob);
  if (!source) return std::nullopt;
  return source->size();
}

// What was read already.
void RepositoryCheck::add_read(const Context& context, const std::string& blob) {
  auto source = blobs_.open(context, blob);
  add(blob, source ? source->size().value_or(0) : 0);
}

void RepositoryCheck::check_file(const Context& context, DataFile data) {
  const StoredFile& file = data.file;
  auto tell = [&](const std::string& blob, const std::string& why) {
    problem(
        fmt::format("{}{} ({}: {}): {}", data.folder, blob, data.where, file.physical_name, why));
  };
  if (file.is_virtual()) {
    LuceneChecksum checksum(file.length);
    checksum.add(file.content);
    if (auto why = checksum.problem(file.checksum)) tell(file.name, *why);
    return;
  }
  for (std::uint64_t part = 0; part < file.parts(); ++part) {
    const std::string name = file.part_name(part);
    const auto size = size_of(context, data.index_id, data.folder + name);
    if (!size) return tell(name, "the blob is missing");
    if (*size != file.part_length(part)) {
      return tell(name,
                  fmt::format("it has {} bytes in the place of {}", *size, file.part_length(part)));
    }
    add(data.folder + name, *size);
  }
  std::lock_guard lock(mutex_);
  to_read_.push_back(std::move(data));
}

void RepositoryCheck::check_shard(const Context& context, const IndexContents& index,
                                  unsigned shard, const std::string& snapshot_uuid) {
  ShardSnapshot files;
  try {
    files = read_shard_snapshot(context, blobs_, index.id, shard, snapshot_uuid);
  } catch (const Corrupt& error) {
    return problem(error.to_string());
  }
  add(files.blob, size_of(context, index.id, files.blob).value_or(0));
  const std::string where = fmt::format("{}, shard {}", index.name, shard);
  for (StoredFile& file : files.files) {
    check_file(context, {index.id, shard_folder(index.id, shard), where, std::move(file)});
  }
}

// A restore does not read it; the next snapshot of the shard does, and fails without it.
void RepositoryCheck::check_generation(const Context& context, const StoredIndex& index,
                                       unsigned shard, bool deep) {
  if (shard >= index.shard_generations.size() || index.shard_generations[shard].empty()) return;
  const std::string& generation = index.shard_generations[shard];
  const std::string name = shard_folder(index.id, shard) + "index-" + generation;
  auto tell = [&](const std::string& why) {
    warning(
        fmt::format("{} (shard {}: {}): {}; this snapshot can be restored, but the next one of "
                    "the index will fail",
                    name, index.name, shard, why));
  };
  const auto size = size_of(context, index.id, name);
  if (!size) return tell("the blob is missing");
  try {
    if (deep) check_shard_index(context, blobs_, index.id, shard, generation);
  } catch (const Corrupt& error) {
    return tell(error.reason());
  }
  add(name, *size);
}

void RepositoryCheck::check_indices(const Context& context, const RepositoryIndex& index,
                                    const SnapshotContents& contents, bool deep,
                                    Progress& progress) {
  std::set<std::pair<std::string, unsigned>> failed;
  for (const ShardFailure& failure : contents.failures) {
    failed.emplace(failure.index, failure.shard);
    problem(fmt::format("shard {} of {} was not stored: {}", failure.shard, failure.index,
                        failure.reason));
  }
  for (const auto& [name, why] : contents.damaged) problem(why);
  std::uint64_t shards = 0;
  for (const auto& [name, one] : contents.indices) shards += one.shards;
  progress.phase("look at " + contents.name, 0, shards);
  WorkerPool pool(context, threads_);
  for (const auto& [name, one] : contents.indices) {
    const StoredIndex& stored = index.indices.at(name);
    for (unsigned shard = 0; shard < one.shards; ++shard) {
      const bool is_stored = !failed.contains({name, shard});
      pool.submit([&, shard, is_stored] {
        if (is_stored) check_shard(pool.context(), one, shard, contents.uuid);
        check_generation(pool.context(), stored, shard, deep);
        progress.advance(0, 1);
      });
    }
  }
  pool.finish();
}

void RepositoryCheck::read_data(const Context& context, const DataFile& data, Progress& progress) {
  const StoredFile& file = data.file;
  const std::string blob = data.folder + file.name;
  LuceneChecksum checksum(file.length);
  std::string buffer(kPiece, '\0');
  std::optional<std::string> why;
  try {
    for (std::uint64_t part = 0; part < file.parts(); ++part) {
      auto source = blobs_.open(context, data.folder + file.part_name(part));
      if (!source) throw Corrupt("", "the blob " + file.part_name(part) + " is missing");
      while (std::size_t count = source->read(buffer)) {
        context.check("read " + blob);
        checksum.add(std::string_view(buffer).substr(0, count));
        progress.advance(count, 0);
      }
    }
    why = checksum.problem(file.checksum);
  } catch (const Corrupt& error) {
    why = error.reason();
  }
  progress.advance(0, 1);
  std::lock_guard lock(mutex_);
  read_[blob] = why.value_or("");
}

void RepositoryCheck::read_all_data(const Context& context, Progress& progress,
                                    const std::string& snapshot) {
  std::uint64_t bytes = 0, files = 0;
  std::vector<const DataFile*> fresh;
  for (const DataFile& data : to_read_) {
    if (read_.contains(data.folder + data.file.name)) continue;
    fresh.push_back(&data);
    bytes += data.file.length;
    ++files;
  }
  progress.phase("read " + snapshot, bytes, files);
  WorkerPool pool(context, threads_);
  for (const DataFile* data : fresh) {
    pool.submit([&, data] { read_data(pool.context(), *data, progress); });
  }
  pool.finish();
  for (const DataFile& data : to_read_) {
    const std::string blob = data.folder + data.file.name;
    const std::string& why = read_[blob];
    if (!why.empty()) {
      problem(fmt::format("{} ({}: {}): {}", blob, data.where, data.file.physical_name, why));
    }
  }
}

VerifyReport RepositoryCheck::verify(const Context& context, const RepositoryIndex& index,
                                     const std::string& snapshot, bool deep, Progress& progress,
                                     const std::set<std::string>& only) {
  report_ = {};
  counted_.clear();
  to_read_.clear();
  SnapshotContents contents;
  try {
    contents = read_snapshot(context, blobs_, index, snapshot, threads_, Damaged::kCollect);
    if (!only.empty()) narrow(contents, only);
  } catch (const Corrupt& error) {
    problem(error.to_string());
    return report_;
  }
  const StoredSnapshot& stored = *index.find(snapshot);
  add_read(context, snapshot_blob(stored.uuid));
  try {
    read_global_state(context, blobs_, index, snapshot);
    add_read(context, metadata_blob(stored.uuid));
  } catch (const Corrupt& error) {
    problem(error.to_string());
  }
  list(context, contents);
  for (const auto& [name, one] : contents.indices) {
    add(one.metadata_blob, size_of(context, one.id, one.metadata_blob).value_or(0));
  }
  check_indices(context, index, contents, deep, progress);
  if (deep) read_all_data(context, progress, snapshot);
  std::sort(report_.problems.begin(), report_.problems.end());
  std::sort(report_.warnings.begin(), report_.warnings.end());
  return report_;
}

}  // namespace holdfast::datastore::es
