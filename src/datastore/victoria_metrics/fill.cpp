#include "datastore/victoria_metrics/fill.h"

#include <fmt/format.h>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/worker_pool.h"
#include "datastore/victoria_metrics/file_digest.h"
#include "transfer/transfer.h"

namespace holdfast::datastore::vm {

namespace {

// Objects handed to one transfer, and files checked at once.
constexpr std::size_t kBatch = 2048;

// A local file that may be reused, with the pieces that a backup knows of it.
struct LocalCandidate {
  std::string path;
  std::vector<ManifestEntry> pieces;
};

class Filling {
 public:
  Filling(const Context& context, const Store& store, const PlanDetails& details,
          const fs::path& into, const fs::path& live, Progress& progress)
      : context_(context),
        store_(store),
        details_(details),
        into_(into),
        live_(live),
        progress_(progress) {}

  RestoreOutcome run() {
    RestoreStepReader reader(*details_.steps);
    while (auto step = reader.next()) {
      context_.check("restore");
      take(std::move(*step));
    }
    end_file();
    check_candidates();
    fetch();
    return std::move(outcome_);
  }

 private:
  void take(RestoreStep step) {
    const std::string path = step.entry.piece.path;
    if (!current_.pieces.empty() && current_.path != path) end_file();
    switch (step.action) {
      case RestoreAction::kFetch:
        want(step.entry);
        break;
      case RestoreAction::kReuse:
        current_.path = path;
        current_.pieces.push_back(std::move(step.entry));
        break;
      case RestoreAction::kWrite:
        write(step.entry);
        break;
      case RestoreAction::kRemove:
        break;
    }
  }

  void want(const ManifestEntry& entry) {
    const Piece& piece = entry.piece;
    fs::path path = into_ / piece.path;
    // All pieces of a file go together: a transfer makes the file.
    if (items_.size() >= kBatch && items_.back().path != path) fetch();
    items_.push_back({store_.place.object(details_.state.folder.name, piece.name()), piece.size,
                      std::move(path), piece.offset, entry.digest, std::nullopt});
  }

  void fetch() {
    if (items_.empty()) return;
    transfer::TransferOptions options = store_.options.transfer;
    options.sync = !details_.is_scratch;
    transfer::download(context_, *store_.place.storage, items_, options, progress_);
    for (const auto& item : items_) outcome_.bytes_fetched += item.size;
    outcome_.objects_fetched += items_.size();
    items_.clear();
  }

  void write(const ManifestEntry& entry) {
    fs::path path = into_ / entry.piece.path;
    make_folders(path.parent_path());
    write_file_durably(path, *entry.content);
  }

  void end_file() {
    if (current_.pieces.empty()) return;
    candidates_.push_back(std::move(current_));
    current_ = {};
    if (candidates_.size() >= kBatch) check_candidates();
  }

  // Compares all candidates with their checksums, then links the good ones and wants the others.
  void check_candidates() {
    std::vector<char> good(candidates_.size(), 0);
    {
      WorkerPool pool(context_, std::max(1u, std::thread::hardware_concurrency()));
      for (std::size_t i = 0; i < candidates_.size(); ++i) {
        pool.submit([&, i] { good[i] = is_same(pool.context(), candidates_[i]); });
      }
      pool.finish();
    }
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      if (good[i]) {
        reuse(candidates_[i]);
      } else {
        replace(candidates_[i]);
      }
    }
    candidates_.clear();
  }

  bool is_same(const Context& context, const LocalCandidate& file) const {
    for (const ManifestEntry& entry : file.pieces) {
      // What vmbackup sent has no checksum: a part's name and size have to do, as for vmrestore.
      if (!entry.digest) continue;
      try {
        auto found = digest_of_file(context, live_ / file.path, entry.piece.offset,
                                    entry.piece.size, entry.digest->piece_size);
        if (!(found == *entry.digest)) return false;
      } catch (const Cancelled&) {
        throw;
      } catch (const Error&) {
        return false;  // unreadable here: the backup has it
      }
    }
    return true;
  }

  void reuse(const LocalCandidate& file) {
    if (live_ != into_) {
      fs::path to = into_ / file.path;
      make_parent(to);
      link_file(live_ / file.path, to);
    }
    for (const ManifestEntry& entry : file.pieces) {
      outcome_.bytes_reused += entry.piece.size;
      outcome_.objects_reused += 1;
      progress_.advance(entry.piece.size, 1);
    }
  }

  void replace(const LocalCandidate& file) {
    std::string line =
        fmt::format("{} differs from the backup, or cannot be read: it is fetched", file.path);
    progress_.note(line);
    if (outcome_.warnings.size() < 20) outcome_.warnings.push_back(std::move(line));
    if (live_ == into_) remove_file_if_there(into_ / file.path);
    for (const ManifestEntry& entry : file.pieces) want(entry);
  }

  // Parts lie together: the folder of the file before is mostly this one's, too.
  void make_parent(const fs::path& path) {
    fs::path parent = path.parent_path();
    if (parent == last_parent_) return;
    make_folders(parent);
    last_parent_ = std::move(parent);
  }

  const Context& context_;
  const Store& store_;
  const PlanDetails& details_;
  const fs::path& into_;
  const fs::path& live_;
  Progress& progress_;
  LocalCandidate current_;
  std::vector<LocalCandidate> candidates_;
  std::vector<transfer::DownloadItem> items_;
  fs::path last_parent_;
  RestoreOutcome outcome_;
};

}  // namespace

RestoreOutcome fill(const Context& context, const Store& store, const PlanDetails& details,
                    const fs::path& into, const fs::path& live, Progress& progress) {
  return Filling(context, store, details, into, live, progress).run();
}

}  // namespace holdfast::datastore::vm
