#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/random.h"
#include "datastore/elasticsearch/cluster.h"
#include "datastore/elasticsearch/contents.h"
#include "datastore/elasticsearch/drill.h"
#include "datastore/elasticsearch/names.h"
#include "datastore/elasticsearch/restore.h"
#include "datastore/elasticsearch/snapshots.h"
#include "datastore/elasticsearch/verify.h"

namespace holdfast::datastore::es {

namespace {

// What a temporary index must not have, and the final one gets back.
bool is_put_back(const std::string& setting) {
  return setting.starts_with("index.blocks.") || setting == "index.lifecycle.name" ||
         setting == "index.lifecycle.rollover_alias" ||
         setting == "index.lifecycle.origination_date" || setting == "index.number_of_replicas" ||
         setting == "index.auto_expand_replicas";
}

constexpr auto kAliasKeys = std::to_array<std::string_view>(
    {"filter", "index_routing", "search_routing", "is_write_index", "is_hidden"});

// 0 for what is no number: the cluster tells what it thinks of that.
std::uint64_t replicas_of(const RestoredIndex& index) {
  auto told = index.settings.find("index.number_of_replicas");
  if (told == index.settings.end()) return 0;
  const std::string& text = told->second;
  unsigned replicas = 0;
  std::from_chars(text.data(), text.data() + text.size(), replicas);
  return replicas;
}

std::string list_of(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 8;
  if (names.size() <= kMost) return fmt::format("{}", fmt::join(names, ", "));
  return fmt::format("{} and {} more",
                     fmt::join(names.begin(), names.begin() + std::ptrdiff_t(kMost), ", "),
                     names.size() - kMost);
}

}  // namespace

void take_over(const IndexContents& told, RestoredIndex& index) {
  index.shards = told.shards;
  index.aliases = told.aliases;
  index.was_closed = !told.is_open;
  for (const auto& [setting, value] : told.settings.items()) {
    if (is_put_back(setting) && value.is_string()) index.settings[setting] = value;
  }
  // A clone is as old as its making; lifecycle management shall count from the old date.
  const bool has_age = !told.setting("index.lifecycle.origination_date").empty();
  if (!told.setting("index.lifecycle.name").empty() && !has_age) {
    index.settings["index.lifecycle.origination_date"] = told.setting("index.creation_date");
  }
}

namespace {

class Planning {
 public:
  Planning(const Context& context, const Store& store, const PlanRequest& request)
      : context_(context), store_(store), server_(*store.server), request_(request) {}

  RestorePlan run() {
    snapshot_ = wanted_snapshot(context_, server_, store_.options.repository.name, request_.name);
    plan_.store = store_.name;
    plan_.name = snapshot_.name;
    plan_.mode = request_.mode;
    plan_.backup_time = snapshot_.ended;
    choose();
    const SnapshotStatus status =
        status_of(context_, server_, store_.options.repository.name, snapshot_.name);
    cluster_ = look_at_cluster(context_, server_);
    require_blobs(context_, store_, snapshot_.name, names_, silent_);
    contents_ = contents_of(context_, store_, snapshot_.name, [this](const std::string& name) {
      return std::find(names_.begin(), names_.end(), name) != names_.end();
    });
    decide();
    for (const std::string& name : names_) add(name, status);
    look_for_conflicts();
    look_for_room();
    tell();
    details_->state.snapshot = snapshot_.name;
    plan_.details = details_;
    return std::move(plan_);
  }

 private:
  void choose() {
    const std::vector<std::string>& patterns =
        request_.indices.empty() ? store_.options.policy.indices : request_.indices;
    for (const std::string& name : snapshot_.data_streams) {
      if (chosen(patterns, name)) streams_.push_back(name);
    }
    for (const std::string& name : snapshot_.indices) {
      if (chosen(patterns, name) || is_backing(name, streams_)) names_.push_back(name);
    }
    std::sort(names_.begin(), names_.end());
    for (const std::string& name : names_) {
      if (is_index_name(name)) continue;
      throw Corrupt("restore " + snapshot_.name,
                    fmt::format("it calls an index {}, which none could be called", name),
                    "somebody has changed the repository's files: restore another snapshot");
    }
    if (snapshot_.state == "IN_PROGRESS") {
      throw Refused("restore " + snapshot_.name, "it is still being taken", "wait for its end");
    }
    for (const SnapshotFailure& failure : snapshot_.failures) {
      if (std::find(names_.begin(), names_.end(), failure.index) != names_.end()) {
        throw Corrupt("restore " + snapshot_.name,
                      fmt::format("a shard of {} is not in it: {}", failure.index, failure.reason),
                      "leave it out with --indices, or restore another snapshot");
      }
    }
    if (names_.empty()) {
      throw InvalidArgument("restore " + snapshot_.name,
                            fmt::format("none of its {} indices fits {}", snapshot_.indices.size(),
                                        fmt::join(patterns, ",")),
                            "holdfast --output json list elasticsearch shows what is in it");
    }
  }

  bool is_scratch() const { return request_.mode == RestoreMode::kScratch; }

  void decide() {
    RestoreState& state = details_->state;
    state.id = is_scratch() ? make_drill_id(context_) : random_hex(4);
    state.repository = store_.options.repository.name;
    state.snapshot_uuid = snapshot_.uuid;
    state.data_streams = streams_;
    for (const std::string& name : streams_) {
      if (cluster_.data_streams.contains(name)) existing_streams_.push_back(name);
    }
    for (const std::string& name : names_) {
      // What backs a stream goes with it.
      if (cluster_.indices.contains(name) && !is_backing(name, existing_streams_)) {
        existing_.push_back(name);
      }
    }
    state.swaps = is_scratch() || (request_.mode == RestoreMode::kStaged && !existing_.empty());
    if (request_.mode == RestoreMode::kInPlace) {
      details_->to_delete = existing_;
      details_->data_streams_to_delete = existing_streams_;
    }
  }

  void add(const std::string& name, const SnapshotStatus& status) {
    RestoredIndex index;
    index.name = name;
    index.made = name;
    if (details_->state.swaps) {
      index.made = fmt::format("{}{}-{}", is_scratch() ? kDrillPrefix : kTemporaryPrefix,
                               details_->state.id, details_->state.indices.size() + 1);
    }
    if (auto old = cluster_.indices.find(name); old != cluster_.indices.end()) {
      index.old_uuid = old->second.uuid;
    }
    if (auto bytes = status.bytes_of_index.find(name); bytes != status.bytes_of_index.end()) {
      index.bytes = bytes->second;
    }
    if (contents_.contents && contents_.contents->indices.contains(name)) {
      take_over(contents_.contents->indices.at(name), index);
      auto count = contents_.documents.find(name);
      if (count != contents_.documents.end()) index.documents = count->second.live;
    }
    plan_.bytes_to_fetch += index.bytes;
    largest_ = std::max(largest_, index.bytes);
    details_->state.indices.push_back(std::move(index));
  }

  void look_for_conflicts() {
    if (is_scratch()) return;
    if (!request_.force && !(existing_.empty() && existing_streams_.empty()))
      refuse_without_force();
    if (details_->state.swaps && !contents_.unreadable_because.empty()) {
      plan_.conflicts.push_back(fmt::format(
          "what its indices are called besides and set to cannot be read ({}): only --in-place "
          "restores over existing ones",
          contents_.unreadable_because));
    }
    if (request_.mode == RestoreMode::kStaged &&
        (!existing_streams_.empty() || (details_->state.swaps && !streams_.empty()))) {
      plan_.conflicts.push_back(fmt::format(
          "the data streams {} are only restored where they are not, or replaced by --in-place "
          "--force; restore them by themselves with --indices",
          list_of(streams_)));
    }
    if (!existing_.empty() || !existing_streams_.empty()) {
      for (const std::string& running : running_snapshots(context_, server_)) {
        plan_.conflicts.push_back("the snapshot " + running +
                                  " is being taken: no index can be replaced until it ends");
      }
    }
    for (const std::string& name : names_) {
      if (cluster_.aliases.contains(name)) {
        plan_.conflicts.push_back(fmt::format("{} is the name of an alias of {}: remove it first",
                                              name,
                                              list_of({cluster_.aliases.at(name).indices.begin(),
                                                       cluster_.aliases.at(name).indices.end()})));
      }
    }
    for (const RestoredIndex& index : details_->state.indices) look_at_aliases(index);
  }

  void refuse_without_force() {
    std::vector<std::string> all = existing_;
    all.insert(all.end(), existing_streams_.begin(), existing_streams_.end());
    plan_.conflicts.push_back(fmt::format(
        "{} of its {} indices exist: {}; to replace them: holdfast restore elasticsearch {}{}{} "
        "--force",
        all.size(), names_.size(), list_of(all), snapshot_.name, is_in_place() ? " --in-place" : "",
        request_.indices.empty()
            ? ""
            : fmt::format(" --indices '{}'", fmt::join(request_.indices, ","))));
  }

  // What the cluster would only refuse when the old index is gone already.
  void require_alias(const RestoredIndex& index, const std::string& alias,
                     const nlohmann::json& details) {
    bool is_known = is_alias_name(alias) && details.is_object();
    for (const auto& [key, value] : details.items()) {
      is_known &= std::find(kAliasKeys.begin(), kAliasKeys.end(), key) != kAliasKeys.end();
    }
    if (is_known || !details_->state.swaps) return;
    throw Corrupt(
        "restore " + snapshot_.name,
        fmt::format("{} has an alias that none could be: {} {}", index.name, alias, details.dump()),
        "somebody has changed the repository's files, or a newer Elasticsearch wrote "
        "them: leave that index out with --indices");
  }

  void look_at_aliases(const RestoredIndex& index) {
    auto is_ours = [this](const std::string& name) {
      return std::find(names_.begin(), names_.end(), name) != names_.end();
    };
    for (const auto& [alias, details] : index.aliases.items()) {
      require_alias(index, alias, details);
      if (cluster_.indices.contains(alias) && !is_ours(alias)) {
        plan_.conflicts.push_back(fmt::format(
            "{} has the alias {}, which is an index now: remove that", index.name, alias));
      }
      auto live = cluster_.aliases.find(alias);
      if (live == cluster_.aliases.end() || live->second.write_index.empty()) continue;
      if (flag_or_false(details, "is_write_index") && !is_ours(live->second.write_index)) {
        plan_.conflicts.push_back(fmt::format(
            "{} is what is written to by the alias {}, and {} is that now: restore both, or take "
            "that mark away first",
            index.name, alias, live->second.write_index));
      }
    }
  }

  void look_for_room() {
    std::uint64_t more = 0;
    std::uint64_t largest = 0;
    for (const RestoredIndex& index : details_->state.indices) {
      const std::uint64_t whole = index.shards * (1 + replicas_of(index));
      more += details_->state.swaps ? index.shards : whole;
      largest = std::max(largest, whole);
    }
    if (details_->state.swaps) more += largest;
    if (cluster_.most_shards > 0 && !is_in_place() &&
        cluster_.shards + more + 1 > cluster_.most_shards) {
      plan_.conflicts.push_back(fmt::format(
          "{} shards more do not fit: {} of {} are in use; raise cluster.max_shards_per_node, "
          "restore fewer indices with --indices, or use --in-place",
          more + 1, cluster_.shards, cluster_.most_shards));
    }
    // A clone is hard links, but merges may make them copies.
    plan_.space_needed = plan_.bytes_to_fetch + (details_->state.swaps ? largest_ : 0);
    plan_.space_free = cluster_.bytes_free;
    if (is_in_place()) {
      for (const std::string& name : existing_) plan_.space_free += cluster_.indices.at(name).bytes;
    }
    if (cluster_.knows_disk && plan_.space_needed > plan_.space_free) {
      plan_.conflicts.push_back(fmt::format(
          "it needs {} bytes and the nodes have {} below their low watermark; restore fewer "
          "indices with --indices, or make room{}",
          plan_.space_needed, plan_.space_free, is_in_place() ? "" : ", or use --in-place"));
    }
  }

  bool is_in_place() const { return request_.mode == RestoreMode::kInPlace; }

  void tell() {
    if (RestoreJournal(server_).read(context_)) {
      plan_.warnings.push_back(
          "an earlier restore was killed: the next run finishes or undoes it before anything else");
    }
    plan_.objects_to_fetch = details_->state.indices.size();
    const std::string what = fmt::format("{} indices: {}", names_.size(), list_of(names_));
    if (details_->state.swaps) {
      plan_.steps.push_back("restore under temporary names, without aliases and replicas: " + what);
      plan_.steps.push_back("check that every shard came whole from the snapshot");
      if (is_scratch()) return;
      plan_.steps.push_back(fmt::format(
          "one index after the other: delete what is there ({}), put the restored one in its place "
          "with aliases, replicas and settings of the snapshot, remove the temporary one",
          list_of(existing_)));
      plan_.point_of_no_return = "the first index that is deleted; from then on only forward";
    } else {
      std::vector<std::string> doomed = details_->to_delete;
      doomed.insert(doomed.end(), existing_streams_.begin(), existing_streams_.end());
      if (!doomed.empty()) {
        plan_.steps.push_back("delete what is there: " + list_of(doomed));
        plan_.point_of_no_return = "that deletion: a failure afterwards leaves neither";
      }
      plan_.steps.push_back("restore " + what);
      plan_.steps.push_back("check that every shard came whole from the snapshot");
    }
    if (!existing_.empty()) {
      plan_.warnings.push_back("stop what writes into these indices (the *2es deployments) first");
    }
    if (!snapshot_.broken_because.empty()) plan_.warnings.push_back(snapshot_.broken_because);
    if (!contents_.unreadable_because.empty()) {
      plan_.warnings.push_back("documents are not counted: " + contents_.unreadable_because);
    }
  }

  const Context& context_;
  const Store& store_;
  Server& server_;
  const PlanRequest& request_;
  Snapshot snapshot_;
  Cluster cluster_;
  ToldContents contents_;
  SilentProgress silent_;
  std::vector<std::string> names_, streams_, existing_, existing_streams_;
  std::uint64_t largest_ = 0;
  std::shared_ptr<PlanDetails> details_ = std::make_shared<PlanDetails>();
  RestorePlan plan_;
};

void refuse_foreign_options(const PlanRequest& request) {
  if (!request.tables.empty() || !request.partitions.empty() || !request.as_database.empty() ||
      request.schema_only || request.data_only) {
    throw InvalidArgument("restore elasticsearch",
                          "--table, --partition, --as, --schema-only and --data-only are "
                          "ClickHouse's",
                          "narrow it with --indices");
  }
}

}  // namespace

RestorePlan plan_restore(const Context& context, const Store& store, const PlanRequest& request) {
  refuse_foreign_options(request);
  return Planning(context, store, request).run();
}

}  // namespace holdfast::datastore::es
