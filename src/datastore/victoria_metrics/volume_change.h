// Is the snapshot of the same volume that the last backup was made of? Told from file names alone,
// compared with the last backup's: facts in docs/design/victoria-metrics.md. Pure; memory grows
// with the number of months and index tables only.
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "datastore/victoria_metrics/layout.h"

namespace holdfast::datastore::vm {

class VolumeChange {
 public:
  // `retention` none: not known. Samples before now - retention may be gone.
  VolumeChange(std::optional<Duration> retention, WallTime now);
  // A file that was in the last backup, is in the snapshot, or both; in the order of names.
  // `metadata_*`: contents of a part's metadata.json, where known.
  void see(const std::string& path, bool was, bool is,
           const std::optional<std::string>& metadata_was,
           const std::optional<std::string>& metadata_is);
  void finish();

  // Whether there were, or are, any samples.
  bool was_empty() const { return parts_was_ == 0; }
  bool is_empty() const { return parts_is_ == 0; }
  // Samples in the snapshot; nullopt when some part does not tell.
  std::optional<std::uint64_t> rows() const;
  // Why the snapshot cannot be of the volume that was backed up last; empty: it can, and replaces
  // that backup without loss. Merges explain a part that vanished when a new part of the same month
  // holds its time and a fair share of its rows; retention explains the oldest months and whatever
  // is older than `retention`.
  std::string another_volume_because() const;

 private:
  struct Part {
    PartPath path;
    bool was = false, is = false, lost_file = false;
    bool file_was = false, file_is = false;  // of path.file, over all its pieces
    std::optional<PartFacts> facts_was, facts_is;
  };
  // Rows and times of several parts.
  struct Sum {
    std::uint64_t parts = 0, rows = 0;
    std::int64_t min_time = std::numeric_limits<std::int64_t>::max(), max_time = 0;
    bool told = true;  // by every part
    void add(const std::optional<PartFacts>& facts);
  };
  struct Tally {
    Sum vanished, appeared;
    std::uint64_t kept = 0;
    bool exists_now() const { return kept + appeared.parts > 0; }
  };
  void close_file();
  void close_part();
  std::string loss_in_months() const;
  std::string loss_in_tables() const;

  std::optional<std::int64_t> cut_;  // in ms: what is older may be gone
  std::optional<Part> part_;
  std::map<std::string, Tally> months_, tables_;              // by name, so oldest first
  std::map<std::string, std::pair<bool, bool>> table_names_;  // was, is
  std::uint64_t parts_was_ = 0, parts_is_ = 0;
  Sum now_;
  std::string lost_file_;
};

}  // namespace holdfast::datastore::vm
