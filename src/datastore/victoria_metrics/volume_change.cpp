#include "datastore/victoria_metrics/volume_change.h"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::datastore::vm {

namespace {

// Deduplication may move a merged part's first and last sample by its interval.
constexpr std::int64_t kSlack = 5 * 60 * 1000;
// Deduplication and deleted series make a merged part smaller, but hardly by more than this factor.
constexpr std::uint64_t kShrinks = 20;
// A month's part of the index, or the month itself, that ended this long before the cut is gone.
constexpr std::int64_t kDay = 24 * 3600 * 1000ll;

// "2026_11": the first millisecond after that month; nullopt for other names.
std::optional<std::int64_t> end_of_month(const std::string& name) {
  if (name.size() != 7 || name[4] != '_' ||
      name.find_first_not_of("0123456789_") != std::string::npos || name.rfind('_') != 4) {
    return std::nullopt;
  }
  std::chrono::year_month month{std::chrono::year(std::stoi(name.substr(0, 4))),
                                std::chrono::month(unsigned(std::stoi(name.substr(5))))};
  if (!month.ok()) return std::nullopt;
  std::chrono::sys_days first_after{(month + std::chrono::months(1)) / std::chrono::day(1)};
  return std::chrono::duration_cast<std::chrono::milliseconds>(first_after.time_since_epoch())
      .count();
}

}  // namespace

VolumeChange::VolumeChange(std::optional<Duration> retention, WallTime now) {
  if (!retention) return;
  auto since = (now - *retention).time_since_epoch();
  cut_ = std::chrono::duration_cast<std::chrono::milliseconds>(since).count() + kDay;
}

void VolumeChange::Sum::add(const std::optional<PartFacts>& facts) {
  ++parts;
  told = told && facts;
  if (!facts) return;
  rows += facts->rows;
  min_time = std::min(min_time, facts->min_time);
  max_time = std::max(max_time, facts->max_time);
}

void VolumeChange::see(const std::string& path, bool was, bool is,
                       const std::optional<std::string>& metadata_was,
                       const std::optional<std::string>& metadata_is) {
  if (!was && !is) return;  // stored, but of neither state: a killed run left it
  if (auto table = index_table_of(path)) {
    auto& seen = table_names_[*table];
    seen.first = seen.first || was;
    seen.second = seen.second || is;
  }
  auto part = parse_part_path(path);
  if (part_ && (!part || part->folder != part_->path.folder)) close_part();
  if (!part) return;
  if (!part_) {
    part_ = Part{*part};
    part_->facts_was = part_->facts_is = facts_from_name(*part);
  }
  if (part_->path.file != part->file) {
    close_file();
    part_->path.file = part->file;
  }
  part_->was = part_->was || was;
  part_->is = part_->is || is;
  part_->file_was = part_->file_was || was;
  part_->file_is = part_->file_is || is;
  if (part->file == "metadata.json") {
    if (metadata_was) part_->facts_was = facts_from_metadata(*metadata_was);
    if (metadata_is) part_->facts_is = facts_from_metadata(*metadata_is);
  }
}

void VolumeChange::finish() {
  if (part_) close_part();
}

void VolumeChange::close_file() {
  part_->lost_file = part_->lost_file || (part_->file_was && !part_->file_is);
  part_->file_was = part_->file_is = false;
}

void VolumeChange::close_part() {
  close_file();
  Part part = std::move(*part_);
  part_.reset();
  bool data = part.path.kind == PartPath::Kind::kData;
  if (data) {
    parts_was_ += part.was;
    parts_is_ += part.is;
    if (part.is) now_.add(part.facts_is);
  }
  if (part.was && part.is && part.lost_file && lost_file_.empty()) lost_file_ = part.path.folder;
  Tally& tally = (data ? months_ : tables_)[part.path.partition];
  if (part.was && part.is) {
    ++tally.kept;
  } else if (part.is) {
    tally.appeared.add(part.facts_is);
  } else if (!(data && cut_ && part.facts_was && part.facts_was->max_time < *cut_)) {
    tally.vanished.add(part.facts_was);
  }
}

std::optional<std::uint64_t> VolumeChange::rows() const {
  if (!now_.told) return std::nullopt;
  return now_.rows;
}

std::string VolumeChange::another_volume_because() const {
  if (was_empty()) return "";
  if (is_empty()) return "the storage holds no samples any more";
  bool had_tables = false, has_tables = false, common = false;
  for (const auto& [name, seen] : table_names_) {
    had_tables = had_tables || seen.first;
    has_tables = has_tables || seen.second;
    common = common || (seen.first && seen.second);
  }
  if (had_tables && has_tables && !common) return "its index tables are none of the earlier ones";
  if (!lost_file_.empty()) return "files of the part " + lost_file_ + " are gone";
  std::string why = loss_in_months();
  return why.empty() ? loss_in_tables() : why;
}

std::string VolumeChange::loss_in_months() const {
  bool older_exists = false;
  for (const auto& [month, tally] : months_) {
    const Sum &vanished = tally.vanished, &appeared = tally.appeared;
    auto end = end_of_month(month);
    bool by_retention = cut_ ? (end && *end <= *cut_) : !older_exists;
    older_exists = older_exists || tally.exists_now();
    if (vanished.parts == 0 || by_retention) continue;
    if (!tally.exists_now()) return fmt::format("the month {} is gone", month);
    if (appeared.parts == 0) {
      return fmt::format("{} parts of {} are gone, and no new part is there", vanished.parts,
                         month);
    }
    if (!vanished.told || !appeared.told) continue;
    std::int64_t from = cut_ ? std::max(vanished.min_time, *cut_) : vanished.min_time;
    if (appeared.min_time > from + kSlack || appeared.max_time < vanished.max_time - kSlack) {
      return fmt::format("new parts of {} do not hold the time of those that are gone", month);
    }
    if (appeared.rows < vanished.rows / kShrinks) {
      return fmt::format("parts of {} with {} rows are gone, new ones have only {}", month,
                         vanished.rows, appeared.rows);
    }
  }
  return "";
}

std::string VolumeChange::loss_in_tables() const {
  bool older_exists = false;
  for (const auto& [table, tally] : tables_) {
    bool rotated_away = !tally.exists_now() && !older_exists;
    older_exists = older_exists || tally.exists_now();
    if (tally.vanished.parts == 0 || rotated_away) continue;
    if (tally.appeared.parts == 0) {
      return fmt::format("{} parts of the index {} are gone, and no new part is there",
                         tally.vanished.parts, table);
    }
  }
  return "";
}

}  // namespace holdfast::datastore::vm
