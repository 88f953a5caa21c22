#include "job/mirror.h"

#include <optional>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/operation.h"

namespace holdfast::job {

namespace {

constexpr int kMostPasses = 5;
constexpr std::size_t kBatch = 1000;

// A list, one object at a time.
class Walk {
 public:
  Walk(const Context& context, const MirrorPlace& place, const MirrorOptions& options)
      : context_(context), storage_(*place.storage), skip_(options.skip) {
    request_.bucket = place.bucket;
    request_.prefix = options.prefix;
  }
  const storage::ObjectInfo* peek() {
    for (;;) {
      if (position_ < page_.objects.size()) {
        const storage::ObjectInfo& object = page_.objects[position_];
        if (skip_.empty() || !object.key.starts_with(skip_)) return &object;
        ++position_;
        continue;
      }
      if (started_ && page_.next.empty()) return nullptr;
      request_.cursor = page_.next;
      page_ = storage_.list(context_, request_);
      started_ = true;
      position_ = 0;
    }
  }
  void step() { ++position_; }

 private:
  const Context& context_;
  storage::Storage& storage_;
  const std::string& skip_;
  storage::ListRequest request_;
  storage::ListPage page_;
  std::size_t position_ = 0;
  bool started_ = false;
};

class Mirroring {
 public:
  Mirroring(const Context& context, const MirrorPlace& from, const MirrorPlace& to,
            const MirrorOptions& options, Fence& fence, Progress& progress)
      : context_(context),
        from_(from),
        to_(to),
        options_(options),
        fence_(fence),
        progress_(progress) {}

  MirrorReport run() {
    Difference all = compare();
    if (all.source_objects == 0) {
      throw NotFound("copy " + from_.bucket + "/" + options_.prefix, "there is nothing",
                     "holdfast list shows what there is");
    }
    report_.objects_kept = all.source_objects - all.missing_objects;
    report_.bytes_kept = all.source_bytes - all.missing_bytes;
    if (all.empty()) return finish(all);
    if (all.extra_objects > 0 && options_.extra == Extra::kRefuse) {
      throw Refused("copy to " + to_.bucket + "/" + options_.prefix,
                    "there are objects that the source does not have: another repository, or an "
                    "older state of this one",
                    "copy to an empty bucket, or remove them by --replace");
    }
    progress_.phase("copy", all.missing_bytes, all.missing_objects);
    withdraw();
    for (int pass = 1; pass <= kMostPasses; ++pass) {
      bring(CommitRank::kData);
      bring(CommitRank::kManifest);
      drop_extra();
      // Only what did not change while it was copied is one moment of the source.
      if (!compare().only_completion()) continue;
      bring(CommitRank::kCompletion);
      if (Difference left = compare(); left.empty()) return finish(left);
      withdraw();
    }
    throw Refused("copy " + from_.bucket + "/" + options_.prefix,
                  "the backup changes while it is copied",
                  "copy again when no backup runs there; what was copied is kept");
  }

 private:
  struct Difference {
    std::uint64_t source_objects = 0, source_bytes = 0;
    std::uint64_t missing_objects = 0, missing_bytes = 0, extra_objects = 0;
    std::uint64_t missing_before_completion = 0, completions = 0;
    bool empty() const { return missing_objects == 0 && extra_objects == 0; }
    bool only_completion() const { return missing_before_completion == 0 && extra_objects == 0; }
  };

  MirrorReport finish(const Difference& last) {
    report_.has_completion = last.completions > 0;
    return report_;
  }

  bool same(const storage::ObjectInfo& source, const storage::ObjectInfo& copy) const {
    if (source.size != copy.size) return false;
    if (source.etag == copy.etag) return true;
    // An ETag that the other side makes in another way: known from having copied it in this run.
    auto found = proven_.find(source.key);
    return found != proven_.end() && found->second == source.etag + " " + copy.etag;
  }

  // Calls `missing` with what must be sent, `extra` with what only the destination has.
  template <typename Missing, typename Extra>
  void walk(Missing missing, Extra extra, Difference& difference) {
    Walk source(context_, from_, options_), copy(context_, to_, options_);
    for (;;) {
      const storage::ObjectInfo* theirs = source.peek();
      const storage::ObjectInfo* ours = copy.peek();
      if (!theirs && !ours) return;
      if (!theirs || (ours && ours->key < theirs->key)) {
        extra(*ours);
        copy.step();
        continue;
      }
      ++difference.source_objects;
      if (commit_rank(theirs->key) == CommitRank::kCompletion) ++difference.completions;
      difference.source_bytes += theirs->size;
      bool there = ours && ours->key == theirs->key;
      if (!there || !same(*theirs, *ours)) missing(*theirs);
      source.step();
      if (there) copy.step();
    }
  }

  Difference compare() {
    Difference out;
    walk(
        [&](const storage::ObjectInfo& object) {
          ++out.missing_objects;
          out.missing_bytes += object.size;
          if (commit_rank(object.key) != CommitRank::kCompletion) ++out.missing_before_completion;
        },
        [&](const storage::ObjectInfo&) {
          if (options_.extra != Extra::kKeep) ++out.extra_objects;
        },
        out);
    return out;
  }

  // Copies what differs of one rank.
  void bring(CommitRank rank) {
    Difference unused;
    std::vector<transfer::CopyItem> items;
    walk(
        [&](const storage::ObjectInfo& object) {
          if (commit_rank(object.key) != rank) return;
          items.push_back({{from_.bucket, object.key},
                           {to_.bucket, object.key},
                           object.size,
                           object.etag,
                           object.revision});
          if (items.size() == kBatch) send(items);
        },
        [](const storage::ObjectInfo&) {}, unused);
    send(items);
  }

  void send(std::vector<transfer::CopyItem>& items) {
    if (items.empty()) return;
    fence_.check();
    Operation operation("mirror.send", items.front().destination.text());
    auto etags =
        transfer::copy(context_, *from_.storage, *to_.storage, items, options_.transfer, progress_);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (etags[i] != items[i].etag) {
        proven_[items[i].source.key] = items[i].etag + " " + etags[i];
      }
      report_.bytes_copied += items[i].size;
    }
    report_.objects_copied += items.size();
    items.clear();
  }

  // From here on the destination's backup is not complete, until its completion is brought again.
  void withdraw() {
    std::vector<storage::RemoveTarget> targets;
    Walk copy(context_, to_, options_);
    for (; const storage::ObjectInfo* object = copy.peek(); copy.step()) {
      if (commit_rank(object->key) == CommitRank::kCompletion) targets.push_back({object->key, {}});
      if (targets.size() == kBatch) remove("mirror.withdraw", targets);
    }
    remove("mirror.withdraw", targets);
  }

  void drop_extra() {
    if (options_.extra != Extra::kRemove) return;
    Difference unused;
    std::vector<storage::RemoveTarget> targets;
    walk([](const storage::ObjectInfo&) {},
         [&](const storage::ObjectInfo& object) {
           targets.push_back({object.key, {}});
           ++report_.objects_removed;
           if (targets.size() == kBatch) remove("mirror.remove", targets);
         },
         unused);
    remove("mirror.remove", targets);
  }

  void remove(std::string_view operation_name, std::vector<storage::RemoveTarget>& targets) {
    if (targets.empty()) return;
    fence_.check();
    Operation operation(operation_name, to_.bucket + "/" + targets.front().key);
    for (auto& result : to_.storage->remove(context_, to_.bucket, targets)) {
      if (result.error) throw *result.error;
    }
    targets.clear();
  }

  const Context& context_;
  const MirrorPlace& from_;
  const MirrorPlace& to_;
  const MirrorOptions& options_;
  Fence& fence_;
  Progress& progress_;
  MirrorReport report_;
  std::unordered_map<std::string, std::string> proven_;  // key -> ETag of source and copy
};

}  // namespace

CommitRank commit_rank(std::string_view key) {
  std::string_view name = key.substr(key.rfind('/') + 1);
  if (name == "backup_complete.ignore" || name == "index.latest") return CommitRank::kCompletion;
  // Elasticsearch's list of snapshots; those of shards lie under indices/.
  bool is_list = name.starts_with("index-");
  if (is_list && key.find("indices/") == std::string_view::npos) return CommitRank::kCompletion;
  // clickhouse-backup's NAME/metadata.json; tables' descriptions lie deeper, under metadata/.
  if (name == "metadata.json" && key.find("/metadata/") == std::string_view::npos) {
    return CommitRank::kCompletion;
  }
  if (is_list || name.ends_with("_manifest.ignore")) return CommitRank::kManifest;
  return CommitRank::kData;
}

MirrorReport mirror(const Context& context, const MirrorPlace& from, const MirrorPlace& to,
                    const MirrorOptions& options, Fence& fence, Progress& progress) {
  return Mirroring(context, from, to, options, fence, progress).run();
}

}  // namespace holdfast::job
