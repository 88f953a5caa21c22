#include "job/mirror.h"

#include <algorithm>
#include <functional>
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
      throw NotFound("copy " + from_.bucket + "/" + options_.prefix,
                     "the source has no such backup",
                     "holdfast list with the source's values file shows what there is");
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
    withdraw(all);
    for (int pass = 1; pass <= kMostPasses; ++pass) {
      Difference brought = compare([&](const storage::ObjectInfo& object) { bring(object); });
      send(items_);
      send(brought.manifests);
      if (brought.extra_objects > 0) drop_extra();
      // Only what did not change while it was copied is one moment of the source.
      Difference left = compare();
      if (!left.only_completion()) continue;
      send(left.completions);
      left = compare();
      if (left.empty()) return finish(left);
      withdraw(left);
    }
    throw Refused("copy " + from_.bucket + "/" + options_.prefix,
                  "the backup changes while it is copied",
                  "copy again when no backup runs there; what was copied is kept");
  }

 private:
  using Items = std::vector<transfer::CopyItem>;
  using OnData = std::function<void(const storage::ObjectInfo&)>;

  // What one look at both sides tells. What describes and completes backups is kept by name: few
  // objects, beside the data.
  struct Difference {
    std::uint64_t source_objects = 0, source_bytes = 0;
    std::uint64_t missing_objects = 0, missing_bytes = 0, missing_data = 0, extra_objects = 0;
    Items manifests, completions;                 // that differ
    std::vector<storage::RemoveTarget> complete;  // the destination's completions
    bool has_completion = false;                  // the source has one
    bool empty() const { return missing_objects == 0 && extra_objects == 0; }
    bool only_completion() const {
      return missing_data == 0 && manifests.empty() && extra_objects == 0;
    }
  };

  MirrorReport finish(const Difference& last) {
    report_.has_completion = last.has_completion;
    return report_;
  }

  bool same(const storage::ObjectInfo& source, const storage::ObjectInfo& copy) const {
    if (source.size != copy.size) return false;
    if (source.etag == copy.etag) return true;
    // An ETag that the other side makes in another way: known from having copied it in this run.
    auto found = proven_.find(source.key);
    return found != proven_.end() && found->second == source.etag + " " + copy.etag;
  }

  // Calls `differs` with what the source has and the destination has not or not so, `extra` with
  // what only the destination has; `difference` counts the source's objects and keeps completions.
  template <typename Differs, typename Extra>
  void walk(Difference& difference, Differs differs, Extra extra) {
    Walk source(context_, from_, options_), copy(context_, to_, options_);
    for (;;) {
      const storage::ObjectInfo* theirs = source.peek();
      const storage::ObjectInfo* ours = copy.peek();
      if (!theirs && !ours) return;
      const bool there = ours && (!theirs || ours->key <= theirs->key);
      if (there && commit_rank(ours->key) == CommitRank::kCompletion) {
        difference.complete.push_back({ours->key, {}});
      }
      if (!theirs || (ours && ours->key < theirs->key)) {
        extra(*ours);
        copy.step();
        continue;
      }
      ++difference.source_objects;
      difference.source_bytes += theirs->size;
      if (commit_rank(theirs->key) == CommitRank::kCompletion) difference.has_completion = true;
      if (!there || !same(*theirs, *ours)) differs(*theirs);
      source.step();
      if (there) copy.step();
    }
  }

  Difference compare(const OnData& on_data = {}) {
    Difference out;
    walk(
        out,
        [&](const storage::ObjectInfo& object) {
          ++out.missing_objects;
          out.missing_bytes += object.size;
          const CommitRank rank = commit_rank(object.key);
          if (rank == CommitRank::kManifest) out.manifests.push_back(item_of(object));
          if (rank == CommitRank::kCompletion) out.completions.push_back(item_of(object));
          if (rank != CommitRank::kData) return;
          ++out.missing_data;
          if (on_data) on_data(object);
        },
        [&](const storage::ObjectInfo&) {
          if (options_.extra != Extra::kKeep) ++out.extra_objects;
        });
    return out;
  }

  transfer::CopyItem item_of(const storage::ObjectInfo& object) const {
    return {{from_.bucket, object.key},
            {to_.bucket, object.key},
            object.size,
            object.etag,
            object.revision};
  }

  void bring(const storage::ObjectInfo& object) {
    items_.push_back(item_of(object));
    if (items_.size() == kBatch) send(items_);
  }

  void send(Items& items) {
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
  void withdraw(Difference& seen) { remove("mirror.withdraw", seen.complete); }

  void drop_extra() {
    if (options_.extra != Extra::kRemove) return;
    Difference unused;
    std::vector<storage::RemoveTarget> targets;
    walk(
        unused, [](const storage::ObjectInfo&) {},
        [&](const storage::ObjectInfo& object) {
          targets.push_back({object.key, {}});
          ++report_.objects_removed;
          if (targets.size() == kBatch) remove("mirror.remove", targets);
        });
    remove("mirror.remove", targets);
  }

  void remove(std::string_view operation_name, std::vector<storage::RemoveTarget>& targets) {
    while (!targets.empty()) {
      const std::size_t count = std::min(targets.size(), kBatch);
      std::vector<storage::RemoveTarget> some(targets.end() - std::ptrdiff_t(count), targets.end());
      fence_.check();
      Operation operation(operation_name, to_.bucket + "/" + some.front().key);
      for (auto& result : to_.storage->remove(context_, to_.bucket, some)) {
        if (result.error) throw *result.error;
      }
      targets.resize(targets.size() - count);
    }
  }

  const Context& context_;
  const MirrorPlace& from_;
  const MirrorPlace& to_;
  const MirrorOptions& options_;
  Fence& fence_;
  Progress& progress_;
  MirrorReport report_;
  Items items_;                                          // data that waits to be sent
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
  const bool is_manifest = name.ends_with("_manifest.ignore") || name == "holdfast_manifest.zst";
  if (is_list || is_manifest) return CommitRank::kManifest;
  return CommitRank::kData;
}

MirrorReport mirror(const Context& context, const MirrorPlace& from, const MirrorPlace& to,
                    const MirrorOptions& options, Fence& fence, Progress& progress) {
  return Mirroring(context, from, to, options, fence, progress).run();
}

}  // namespace holdfast::job
