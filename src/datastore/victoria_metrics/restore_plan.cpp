#include "datastore/victoria_metrics/restore_plan.h"

#include <fmt/format.h>
#include <set>

#include "base/error.h"
#include "datastore/victoria_metrics/compare.h"
#include "datastore/victoria_metrics/data_folder.h"
#include "datastore/victoria_metrics/local.h"
#include "datastore/victoria_metrics/swap.h"

namespace holdfast::datastore::vm {

namespace {

// Folders, small files and the journal need some room, too.
constexpr std::uint64_t kSpareSpace = 16 << 20;
constexpr std::size_t kMostLines = 5;  // of warnings about stored objects

class Planning {
 public:
  Planning(const Context& context, const Store& store, const PlanRequest& request)
      : context_(context), store_(store), request_(request) {
    details_ = std::make_shared<PlanDetails>();
    details_->target =
        request.mode == RestoreMode::kScratch ? request.scratch : store.options.data_path;
    details_->is_scratch = request.mode == RestoreMode::kScratch;
    details_->steps = std::make_shared<Spool>();
    plan_.store = store.place.store;
    plan_.name = request.name;
    plan_.mode = request.mode;
  }

  RestorePlan run() {
    if (details_->target.empty()) {
      throw InvalidArgument("plan a restore", "the folder to restore into is not named");
    }
    details_->state = read_state(context_, store_.place, request_.name);
    require_whole(store_.place, details_->state);
    plan_.backup_time = details_->state.header.created;
    compare_with_live_data();
    look_at_space();
    look_for_conflicts();
    describe();
    plan_.details = details_;
    return std::move(plan_);
  }

 private:
  bool reuses() const { return request_.mode != RestoreMode::kScratch; }

  void compare_with_live_data() {
    auto source = details_->state.manifest->source();
    ManifestReader known(*source, request_.name);
    std::optional<Walk> walk;
    if (reuses() && fs::is_directory(details_->target)) {
      walk.emplace(details_->target, WalkOf::kLiveData);
    }
    Join join(nullptr, &known, walk ? &*walk : nullptr);
    while (auto seen = join.next()) {
      context_.check("plan a restore");
      add(*seen);
    }
  }

  void add(Seen& seen) {
    if (!seen.known) {
      // Files of the server's own snapshots are links: removing them frees nothing.
      if (seen.piece.path.find("/snapshots/") == std::string::npos) freed_ += seen.piece.size;
      if (request_.mode == RestoreMode::kInPlace) {
        write(RestoreAction::kRemove, {seen.piece, std::nullopt, std::nullopt});
      }
      return;
    }
    look_for_stranger(seen.piece.path);
    if (changes_in_place(seen.piece.path)) {
      if (!seen.known->content) {
        throw Corrupt("restore " + request_.name, "the manifest lacks " + seen.piece.path);
      }
      write(RestoreAction::kWrite, *seen.known);
    } else if (seen.local) {
      plan_.bytes_to_reuse += seen.piece.size;
      write(RestoreAction::kReuse, *seen.known);
    } else {
      plan_.bytes_to_fetch += seen.piece.size;
      plan_.objects_to_fetch += 1;
      write(RestoreAction::kFetch, *seen.known);
    }
  }

  // A backup may hold names that no server of today makes; what has them here is not the server's.
  void look_for_stranger(const std::string& path) {
    if (!reuses() || belongs_to_server(path)) return;
    std::string top = path.substr(0, path.find('/', path.starts_with("data/") ? 5 : 0));
    if (path_exists(details_->target / top)) in_the_way_.insert(top);
  }

  void write(RestoreAction action, const ManifestEntry& entry) {
    details_->steps->add(std::string(1, char(action)) + format_entry(entry));
  }

  void look_at_space() {
    fs::path existing = fs::absolute(details_->target);
    while (!path_exists(existing) && existing.has_parent_path()) existing = existing.parent_path();
    plan_.space_free = free_space(existing);
    plan_.space_needed = plan_.bytes_to_fetch + kSpareSpace;
    if (request_.mode == RestoreMode::kInPlace) {
      plan_.space_needed -= std::min(plan_.space_needed, freed_);
    }
    if (plan_.space_needed <= plan_.space_free) return;
    plan_.conflicts.push_back(
        fmt::format("{} has {} bytes free, {} are needed: make room{}", existing.string(),
                    plan_.space_free, plan_.space_needed,
                    request_.mode == RestoreMode::kStaged
                        ? ", or give --in-place, which needs less and has no way back"
                        : ", or use a larger disk"));
  }

  void look_for_conflicts() {
    const fs::path& target = details_->target;
    if (request_.mode == RestoreMode::kScratch) {
      if (path_exists(target) && !fs::is_empty(target)) {
        plan_.conflicts.push_back(target.string() + " is not empty");
      }
      return;
    }
    if (!path_exists(target)) return;
    if (swap_is_pending(target)) {
      plan_.conflicts.push_back("a restore into " + target.string() +
                                " was killed in its swap: the next restore or backup finishes it");
      return;
    }
    if (path_exists(target / kInProgressName)) {
      plan_.warnings.push_back((target / kInProgressName).string() +
                               " is there: a restore in place, or vmrestore's, was not finished, "
                               "and no server starts before one is");
    }
    std::string foreign = not_a_data_folder_because(target);
    if (!foreign.empty()) {
      plan_.conflicts.push_back(foreign + ": set dataPath to the server's -storageDataPath");
      return;
    }
    for (const std::string& name : in_the_way_) {
      plan_.conflicts.push_back((target / name).string() +
                                " is none of the server's, but the backup has one: move it away");
    }
    if (path_exists(target / "flock.lock") && !lock_for_server(target)) {
      plan_.conflicts.push_back("the server is running on " + target.string() + ": stop it first");
    }
    std::string linked = linked_name(target);
    if (!linked.empty()) {
      plan_.conflicts.push_back(linked +
                                " is a symlink: put a folder or a mount in its place first");
      return;
    }
    if (request_.mode != RestoreMode::kStaged) return;
    std::string obstacle = swap_obstacle(target), stranger = stranger_in_data(target);
    if (!obstacle.empty()) {
      plan_.conflicts.push_back(obstacle + ": only --in-place can restore here");
    }
    if (!stranger.empty()) {
      plan_.conflicts.push_back(stranger +
                                " is none of the server's: move it away, or use --in-place");
    }
  }

  void describe() {
    const std::string target = details_->target.string();
    auto& steps = plan_.steps;
    if (reuses()) steps.push_back("hold the lock of the data folder, so that no server starts");
    if (request_.mode == RestoreMode::kInPlace) {
      steps.push_back(fmt::format("read {} objects with {} bytes once and check them",
                                  plan_.objects_to_fetch, plan_.bytes_to_fetch));
      steps.push_back("remove what the backup does not have from " + target);
    }
    steps.push_back(fmt::format("fetch {} objects with {} bytes and check them",
                                plan_.objects_to_fetch, plan_.bytes_to_fetch));
    if (plan_.bytes_to_reuse > 0) {
      steps.push_back(fmt::format("check and reuse {} bytes that are there", plan_.bytes_to_reuse));
    }
    if (request_.mode == RestoreMode::kStaged) {
      steps.push_back("swap data, indexdb and metadata of " + target + " with what was fetched");
      steps.push_back("remove the replaced data and the server's caches");
      plan_.point_of_no_return = "the swap: when it is interrupted, the next start finishes it";
    }
    if (request_.mode == RestoreMode::kInPlace) {
      plan_.point_of_no_return = "the removal: from there on the old data is gone";
    }
    if (reuses()) {
      plan_.warnings.push_back("samples taken after the backup are lost");
      plan_.warnings.push_back(
          "vmagent buffers meanwhile and sends afterwards: mind its memory and disk");
    }
    if (details_->state.unhashed > 0) {
      plan_.warnings.push_back(fmt::format("{} objects have no checksum, as vmbackup wrote them",
                                           details_->state.unhashed));
    }
    if (details_->state.folder.is_anothers(store_.place)) {
      plan_.warnings.push_back("the backup was made of " + details_->state.header.store);
    }
    const Lines& lines = details_->state.warnings;
    for (std::size_t i = 0; i < lines.lines.size() && i < kMostLines; ++i) {
      plan_.warnings.push_back(lines.lines[i]);
    }
    if (lines.lines.size() > kMostLines) {
      plan_.warnings.push_back(
          fmt::format("and {} more", lines.lines.size() - kMostLines + lines.more));
    }
  }

  const Context& context_;
  const Store& store_;
  const PlanRequest& request_;
  std::shared_ptr<PlanDetails> details_;
  std::uint64_t freed_ = 0;
  std::set<std::string> in_the_way_;
  RestorePlan plan_;
};

}  // namespace

std::optional<RestoreStep> RestoreStepReader::next() {
  auto line = reader_.next();
  if (!line) return std::nullopt;
  auto entry = line->empty() ? std::nullopt : parse_entry(std::string_view(*line).substr(1));
  if (!entry) throw Failed("read a temporary file", "a line of ours is malformed");
  return RestoreStep{RestoreAction(line->front()), std::move(*entry)};
}

RestorePlan plan_restore(const Context& context, const Store& store, const PlanRequest& request) {
  if (request.is_narrowed()) {
    throw InvalidArgument("restore " + store.place.store, "its backups have no tables",
                          "restore the whole of it");
  }
  return Planning(context, store, request).run();
}

}  // namespace holdfast::datastore::vm
